package deadletter

import (
	"fmt"
	"time"
)

// clockSlack is how much longer a claim counts than it says: the clocks of those who claim may differ.
const clockSlack = 2 * time.Minute

// Claim says who is about to replay a dead letter.
type Claim struct {
	Replay, By string
	At, Until  time.Time
}

// Status is what is known of one dead letter. The zero Status is that of an open one.
type Status struct {
	// Kind is what happened to it last; StateClaimed only while the claim lasts.
	Kind    StateKind
	At      time.Time
	By      string
	Note    string // of who resolved or reopened it
	Replay  string // the replay that it is about
	NewID   string // of the new dead letter, where the message failed again
	Replays int    // how many times this dead letter was replayed
	Claim   *Claim // that lasts; nil: none
	// Unsettled is a replay that had claimed it and has broken off, so that only the source topic can tell
	// whether the message was sent; empty: there is none.
	Unsettled string
}

// Open reports whether there is something left to do about the dead letter: nobody has resolved it, and no
// message that replays it is on its way or has ended. One that failed again has a new dead letter, which is open.
func (s Status) Open() bool {
	switch s.Kind {
	case StateNone, StateReopened, StateClaimed:
		return true
	case StateReplayed, StateSucceeded, StateFailedAgain, StateResolved,
		replayStarted, replayRenewed, replayResumed, replayEnded: // the latter are of no dead letter
	}
	return false
}

// String says it in a few words.
func (s Status) String() string {
	switch s.Kind {
	case StateNone, StateReopened:
		return "open"
	case StateClaimed:
		return fmt.Sprintf("claimed by %s until %s", s.Claim.By, s.Claim.Until.UTC().Format(time.RFC3339))
	case StateReplayed:
		return "replayed, its end not known yet"
	case StateSucceeded:
		return "replayed and delivered"
	case StateFailedAgain:
		return "replayed, and failed again as " + s.NewID
	case StateResolved:
		return "resolved by " + s.By
	case replayStarted, replayRenewed, replayResumed, replayEnded: // of no dead letter
	}
	return string(s.Kind)
}

// letter names a dead letter.
type letterID struct{ id, sha256 string }

// letterState is what the log says of one.
type letterState struct {
	last    StateEntry // of those that are no claims
	claim   *replayState
	claimed StateEntry // the claim that counts; zero: none, or it was used
	since   int64      // offset of the claim that counts
	replays []string   // the ids of those that have sent it
	changed int64      // offset of last
}

// replayState is what the log says of a replay.
type replayState struct {
	id      string
	run     string // the process that is in charge
	by      string
	until   time.Time // its claims last until then; for those that say later, until then
	active  time.Time // when it last wrote
	started *startedReplay
	ended   *endedReplay // nil: it goes on, or has broken off
	letters map[string]letterID
}

// State is what a state log says, as far as it was read. It is not safe for concurrent use.
type State struct {
	letters map[letterID]*letterState
	replays map[string]*replayState
	next    int64 // offset to go on from
	// Unreadable counts the records of the log that are no entries.
	Unreadable int
}

func newState() *State {
	return &State{letters: map[letterID]*letterState{}, replays: map[string]*replayState{}}
}

// Of returns the status of the dead letter with this id and this hash of its payload (hex, of the whole
// payload; empty for a tombstone), as [Entry] has them, at this time.
func (s *State) Of(id, payloadSHA256 string) Status {
	return s.at(letterID{id, payloadSHA256}, time.Now())
}

func (s *State) at(l letterID, now time.Time) Status {
	x := s.letters[l]
	if x == nil {
		return Status{}
	}
	st := Status{
		Kind: x.last.Kind, At: x.last.At, By: x.last.By, Note: x.last.Note, Replay: x.last.Replay, NewID: x.last.NewID,
		Replays: len(x.replays),
	}
	switch r := x.claim; {
	case r == nil:
	case x.lasts(now):
		st.Claim = &Claim{Replay: r.id, By: x.claimed.By, At: x.claimed.At, Until: x.until()}
		st.Kind, st.At, st.By, st.Replay, st.Note, st.NewID = StateClaimed, x.claimed.At, x.claimed.By, r.id, "", ""
	case r.unsettled():
		st.Unsettled = r.id
	}
	return st
}

// until returns when the claim on a letter ends.
func (x *letterState) until() time.Time {
	if x.claim.until.After(x.claimed.Until) {
		return x.claim.until
	}
	return x.claimed.Until
}

// lasts reports whether a letter is claimed at a time.
func (x *letterState) lasts(now time.Time) bool {
	return x.claim != nil && x.claim.ended == nil && now.Before(x.until().Add(clockSlack))
}

// unsettled reports whether a replay may have sent more than is noted.
func (r *replayState) unsettled() bool {
	return r.started != nil && (r.ended == nil || !r.ended.Clean)
}

// brokenOff reports whether nobody carries a replay on that may have sent more than is noted.
func (r *replayState) brokenOff(now time.Time) bool {
	return r.unsettled() && (r.ended != nil || !now.Before(r.until.Add(clockSlack)))
}

// apply takes in the entry at an offset. Entries are applied in the log's order, and what comes out depends on
// nothing else: so all who have read as far agree on whose claim counts.
func (s *State) apply(offset int64, e StateEntry) {
	if e.ofReplay() {
		s.applyReplay(e)
		return
	}
	l := letterID{e.ID, e.PayloadSHA256}
	if e.isEnd() {
		r := s.replays[e.Replay]
		if r == nil {
			return
		}
		known, ok := r.letters[e.ID]
		if !ok {
			return // a message that bears the id of a replay which never claimed it
		}
		l = known
	}
	x := s.letters[l]
	if x == nil {
		x = new(letterState)
		s.letters[l] = x
	}
	switch e.Kind {
	case StateClaimed:
		s.applyClaim(offset, l, x, e)
	case StateReplayed:
		s.replay(e).letters[e.ID] = l
		x.sent(e.Replay)
		if !x.last.isEnd() || x.last.Replay != e.Replay {
			x.last, x.changed = e, offset // else the worker was faster than we with our note
		}
	case StateSucceeded, StateFailedAgain:
		x.sent(e.Replay)
		x.last, x.changed = e, offset
	case StateResolved, StateReopened:
		x.last, x.changed = e, offset
	case StateNone, replayStarted, replayRenewed, replayResumed, replayEnded:
	}
}

// sent notes that a replay has sent the letter, which uses up its claim.
func (x *letterState) sent(replay string) {
	if x.claim != nil && x.claim.id == replay {
		x.claim, x.claimed = nil, StateEntry{}
	}
	for _, r := range x.replays {
		if r == replay {
			return
		}
	}
	x.replays = append(x.replays, replay)
}

// applyClaim lets a claim count, unless something has happened to the letter that the claimant did not know of, or
// another replay's claim lasts, or has lapsed while nobody knows what that one has sent: then it must be settled first.
func (s *State) applyClaim(offset int64, l letterID, x *letterState, e StateEntry) {
	r := s.replay(e)
	if e.Seen != nil && x.last.Kind != StateNone && x.changed >= *e.Seen {
		return
	}
	if x.claim != nil && x.claim != r && (x.lasts(e.At) || x.claim.unsettled()) {
		return
	}
	r.letters[e.ID] = l
	r.active = e.At
	x.claim, x.claimed, x.since = r, e, offset
}

func (s *State) replay(e StateEntry) *replayState {
	r := s.replays[e.Replay]
	if r == nil {
		r = &replayState{id: e.Replay, run: e.Run, by: e.By, letters: map[string]letterID{}}
		s.replays[e.Replay] = r
	}
	if e.At.After(r.active) {
		r.active = e.At
	}
	return r
}

func (s *State) applyReplay(e StateEntry) {
	r := s.replay(e)
	switch e.Kind {
	case replayStarted:
		r.started, r.until = e.Started, e.Until
	case replayRenewed:
		if e.Run == r.run { // one that another has taken over from cannot renew
			r.until = e.Until
		}
	case replayResumed:
		r.run, r.by, r.until, r.ended = e.Run, e.By, e.Until, nil
	case replayEnded:
		if e.Run == r.run {
			r.ended = e.Ended
		}
	case StateNone, StateClaimed, StateReplayed, StateSucceeded, StateFailedAgain, StateResolved, StateReopened:
	}
}
