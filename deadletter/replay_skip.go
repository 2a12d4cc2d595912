package deadletter

import "slices"

// SkipReason says why a dead letter is not replayed.
type SkipReason string

// The closed set of reasons.
const (
	SkipUnreadable SkipReason = "unreadable"       // its record cannot be decoded
	SkipElsewhere  SkipReason = "elsewhere"        // it is of another source topic
	SkipClosed     SkipReason = "not_open"         // it was replayed, or is resolved
	SkipClaimed    SkipReason = "claimed"          // somebody else is replaying it
	SkipUnknown    SkipReason = "unknown_outcome"  // the action may have run
	SkipReplays    SkipReason = "too_many_replays" // it was replayed MaxReplays times
	SkipInvalid    SkipReason = "invalid"          // it would be dead-lettered again at once
	SkipGone       SkipReason = "gone"             // its message is neither on the source topic nor whole in the record
	SkipSameID     SkipReason = "same_id"          // another one to be replayed has the same ID
	SkipNewer      SkipReason = "newer"            // its key has a newer message, as asked
	SkipRefused    SkipReason = "refused"          // the brokers refuse the message
	SkipChanged    SkipReason = "changed"          // its state has changed since the plan was made
)

// Skipped are the dead letters that are not replayed for one reason.
type Skipped struct {
	Reason   SkipReason `json:"reason"`
	Count    int        `json:"count"`
	Examples []Skip     `json:"examples"` // the first few
}

// Skip is one dead letter that is not replayed.
type Skip struct {
	ID   string `json:"id"`
	Text string `json:"text"` // why, for people
}

// skipExamples is how many are named of each reason.
const skipExamples = 3

// skips gathers what is left out.
type skips []Skipped

func (s *skips) add(reason SkipReason, id, text string) {
	i := slices.IndexFunc(*s, func(k Skipped) bool { return k.Reason == reason })
	if i < 0 {
		*s = append(*s, Skipped{Reason: reason})
		i = len(*s) - 1
	}
	k := &(*s)[i]
	if k.Count++; len(k.Examples) < skipExamples {
		k.Examples = append(k.Examples, Skip{id, text})
	}
}

func (s skips) count() (n int) {
	for _, k := range s {
		n += k.Count
	}
	return n
}

const goneText = "the source topic does not hold the message any more, and the record does not hold all of it"
