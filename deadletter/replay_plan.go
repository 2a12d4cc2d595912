package deadletter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Plan says what a replay would do. It is made of what the topics hold when it is made; what has changed until
// it is carried out is left out then, and reported.
type Plan struct {
	Selected int         `json:"selected"` // open dead letters that the filter selects, or all where asked for
	NotOpen  int         `json:"not_open"` // that the filter would select, and that are not open
	Replays  int         `json:"replays"`  // messages that would be sent
	Causes   []PlanCause `json:"causes"`   // of these, most frequent first
	Skipped  []Skipped   `json:"skipped"`  // of those selected

	Unknown    int `json:"unknown_outcome"`            // to be sent though the action may have run
	Before     int `json:"replayed_before"`            // that were replayed before, and MostBefore how often at most
	MostBefore int `json:"most_replays"`               // of any of them
	FromRecord int `json:"from_the_record"`            // whose message is not on the source topic any more
	Edited     int `json:"edited"`                     // whose payload the edits change
	Settled    int `json:"sent_by_unfinished_replays"` // that a replay which broke off has sent, as the source topic shows

	Newer  PlanNewer      `json:"newer_messages"`
	For    map[string]int `json:"for_groups"`   // how many are for which consumer group
	Group  PlanGroup      `json:"group"`        // the one of them that most are for
	Others []string       `json:"other_groups"` // that read the source topic, and see every replayed message too
	Rate   float64        `json:"rate"`         // messages a second; 0: no bound
	// OurGroup is the configured consumer group. Only the workers of the group that a message is for take it.
	OurGroup string `json:"our_group"`
	// BrokenOff are the replays that sent those of Settled, and that nobody has resumed.
	BrokenOff []string      `json:"unfinished_replays,omitempty"`
	Takes     time.Duration `json:"-"` // to send them, and for the group to get there; negative: not known

	// Missing are the ids that were asked for, and that no dead letter has.
	Missing []string `json:"missing,omitempty"`
	// OthersUnknown says why other groups may be missing; empty: none are.
	OthersUnknown string `json:"other_groups_unknown,omitempty"`

	opts  ReplayOptions
	state *State
	items []*planned
	ended map[string]bool // replays that broke off, to be settled first
}

// PlanCause is one cause among what is replayed.
type PlanCause struct {
	Fingerprint string `json:"fingerprint"`
	Code        Code   `json:"code"`
	Class       Class  `json:"class"`
	Count       int    `json:"count"`
	Example     string `json:"example"` // a dead letter's id
}

// planned is a dead letter on its way to being replayed. It does not hold the message, of which there may be many.
type planned struct {
	letterID
	partition int   // of the source
	offset    int64 // of the source
	at        place // its record
	age       Entry // times and place only: of repeats the newest counts

	code        Code
	class       Class
	fingerprint string
	unknown     bool
	whole       bool // the record alone is enough to send it
	size        int  // bytes of the payload, as far as that is known
	group       string
	count       int // replays before this one
	key         string
	keyed       bool
	fromRecord  bool
	edited      bool
	invalid     error // why it would be dead-lettered again, as far as the record tells
	checked     bool  // whether that was looked at
}

// place is where a record stands on its topic.
type place struct {
	partition int
	offset    int64
}

// Plan finds out what a replay would do, and changes nothing. The errors are ctx's, those of brokers that cannot
// be read, [kafka.ErrNoTopic] where there is no dead-letter topic, and *[StateVersionError].
func (r *Replayer) Plan(ctx context.Context, o ReplayOptions) (*Plan, error) {
	state, err := r.log.Load(ctx)
	if err != nil {
		return nil, err
	}
	p := &Plan{opts: o, state: state, Rate: o.Rate, OurGroup: r.cfg.Group, ended: map[string]bool{}}
	var left skips
	if err := r.collect(ctx, p, &left); err != nil {
		return nil, err
	}
	if err := r.leaveOutSent(ctx, p, &left); err != nil {
		return nil, err
	}
	p.items = inSourceOrder(p.items)
	if limit := o.Filter.Limit; limit > 0 && len(p.items) > limit {
		p.items = p.items[:limit]
	}
	p.Selected += len(p.items) + left.count()
	if err := r.checkSources(ctx, p); err != nil {
		return nil, err
	}
	if err := r.lookForNewer(ctx, p); err != nil {
		return nil, err
	}
	p.items = slices.DeleteFunc(p.items, func(x *planned) bool {
		reason, text := p.leaveOut(x)
		if reason != "" {
			left.add(reason, x.id, text)
		}
		return reason != ""
	})
	p.items = oneOfEachID(p.items, &left)
	p.Skipped = left
	p.count()
	if err := r.lookAtGroups(ctx, p); err != nil {
		return nil, err
	}
	return p, nil
}

// collect reads the dead letters that the filter selects and that are open, each once.
func (r *Replayer) collect(ctx context.Context, p *Plan, left *skips) error {
	f := p.opts.Filter
	f.Limit = 0
	known := map[letterID]*planned{}
	closed := map[letterID]bool{}
	seen := map[string]bool{}
	now := time.Now()
	for e, err := range r.letters.Scan(ctx, f) {
		if err != nil {
			return err
		}
		id := e.Source.ID()
		seen[id] = true
		switch l := (letterID{id, e.PayloadSHA256}); {
		case e.Err != nil:
			left.add(SkipUnreadable, id, e.Err.Error())
		case e.Source.Topic != r.cfg.Topic:
			left.add(SkipElsewhere, id, fmt.Sprintf("its message is of topic %q", e.Source.Topic))
		case !p.opts.Again && !p.state.at(l, now).Open():
			if !closed[l] && len(f.IDs) > 0 {
				left.add(SkipClosed, id, p.state.at(l, now).String())
			} else if !closed[l] {
				p.NotOpen++
			}
			closed[l] = true
		default:
			x := known[l]
			if x == nil {
				known[l] = r.planned(p, l, e)
				p.items = append(p.items, known[l])
			} else if byAge(x.age, e) < 0 {
				*x = *r.planned(p, l, e)
			}
		}
	}
	p.Missing = slices.DeleteFunc(slices.Clone(f.IDs), func(id string) bool { return seen[id] })
	return nil
}

// planned notes what is needed of a dead letter, and checks its payload while it is at hand.
func (r *Replayer) planned(p *Plan, l letterID, e Entry) *planned {
	x := &planned{
		letterID: l, partition: e.Source.Partition, offset: e.Source.Offset, at: place{e.Partition, e.Offset},
		age:  Entry{Record: Record{FailedAt: e.FailedAt}, Time: e.Time, Partition: e.Partition, Offset: e.Offset},
		code: e.Code, class: e.Class, fingerprint: e.Fingerprint(),
		unknown: e.Outcome == OutcomeUnknown || e.Class == ClassUnknown,
		whole:   e.sendable(), group: cmp.Or(p.opts.ForGroup, e.Processor.Group, r.cfg.Group),
		key: string(e.Source.Key), keyed: e.Source.Key != nil,
	}
	x.size = len(e.Payload)
	if e.Cut != nil {
		x.size = max(x.size, e.Cut.PayloadSize)
	}
	if e.Redacted != nil {
		x.size = max(x.size, e.Redacted.PayloadSize)
	}
	x.count = len(p.state.replaysOf(l))
	if e.Replay != nil {
		x.count += e.Replay.Count
	}
	if x.whole {
		_, x.edited, x.invalid = r.ready(p.opts.Edits, e.Source, e.Payload)
		x.checked = true
	}
	return x
}

// ready returns the payload as it would be sent, whether it was edited, and why it would be dead-lettered again.
func (r *Replayer) ready(edits []string, source Source, payload []byte) (ready []byte, edited bool, err error) {
	ready = payload
	if len(edits) > 0 {
		if ready, err = r.cfg.Contract.Edit(payload, edits); err != nil {
			return nil, false, &editError{err}
		}
		edited = string(ready) != string(payload)
	}
	return ready, edited, r.cfg.Contract.Check(source, ready)
}

// sendable reports whether the record holds all of the message: payload, key and headers.
func (r Record) sendable() bool {
	if r.payloadCut() || r.keyCut() || r.allCut() || r.Redacted != nil {
		return false
	}
	if r.Cut != nil && slices.Contains(r.Cut.Parts, PartContext) {
		return false
	}
	return !slices.ContainsFunc(r.Source.Headers, func(h Header) bool { return h.Size > 0 })
}

// leaveOut returns why a dead letter is not to be sent; the empty reason where it is.
func (p *Plan) leaveOut(x *planned) (reason SkipReason, text string) {
	o := p.opts
	switch status := p.state.at(x.letterID, time.Now()); {
	case status.Claim != nil:
		c := status.Claim
		return SkipClaimed, fmt.Sprintf("%s is replaying it since %s (replay %s), until %s at most unless that goes on",
			c.By, c.At.UTC().Format(time.RFC3339), c.Replay, c.Until.UTC().Format(time.RFC3339))
	case x.fromRecord && !x.whole:
		return SkipGone, goneText
	case x.unknown && !o.IncludeUnknown:
		return SkipUnknown, "nobody knows whether the action ran: find out first"
	case x.count >= MaxReplays && !o.Force:
		return SkipReplays, fmt.Sprintf("it was replayed %d times already", x.count)
	case x.invalid != nil && (!o.Force || isEditError(x.invalid)):
		return SkipInvalid, x.invalid.Error()
	case o.SkipNewer && p.Newer.keys[x.newerKey()] > x.offset:
		return SkipNewer, "its key has a newer message"
	}
	return "", ""
}

// editError says that a payload cannot be edited, which nothing can force.
type editError struct{ err error }

func (e *editError) Error() string { return "cannot be edited: " + e.err.Error() }
func (e *editError) Unwrap() error { return e.err }

func isEditError(err error) bool {
	var e *editError
	return errors.As(err, &e)
}

// inSourceOrder orders dead letters so that each partition's stand in the order of their offsets, and the
// partitions take turns: so a key's messages keep their order, and no partition gets all at once.
func inSourceOrder(items []*planned) []*planned {
	slices.SortFunc(items, func(a, b *planned) int {
		return cmp.Or(cmp.Compare(a.partition, b.partition), cmp.Compare(a.offset, b.offset))
	})
	type ranked struct {
		*planned
		rank int
	}
	all := make([]ranked, len(items))
	for i, x := range items {
		all[i] = ranked{planned: x}
		if i > 0 && items[i-1].partition == x.partition {
			all[i].rank = all[i-1].rank + 1
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.partition, b.partition))
	})
	for i, x := range all {
		items[i] = x.planned
	}
	return items
}

// count sums up what is to be sent.
func (p *Plan) count() {
	p.Replays = len(p.items)
	p.For = map[string]int{}
	causes := map[string]*PlanCause{}
	for _, x := range p.items {
		p.For[x.group]++
		c := causes[x.fingerprint]
		if c == nil {
			c = &PlanCause{Fingerprint: x.fingerprint, Code: x.code, Class: x.class, Example: x.id}
			causes[x.fingerprint] = c
		}
		c.Count++
		if x.unknown {
			p.Unknown++
		}
		if x.count > 0 {
			p.Before++
			p.MostBefore = max(p.MostBefore, x.count)
		}
		if x.fromRecord {
			p.FromRecord++
		}
		if x.edited {
			p.Edited++
		}
		if p.Newer.keys[x.newerKey()] > x.offset {
			p.Newer.Count++
			if p.Newer.Example == "" {
				p.Newer.Example = x.id
			}
		}
	}
	for _, c := range causes {
		p.Causes = append(p.Causes, *c)
	}
	slices.SortFunc(p.Causes, func(a, b PlanCause) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
}
