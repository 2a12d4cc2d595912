package deadletter

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Resume goes on with a replay that has stopped or broken off: what it has sent is found on the source topic, and
// only the rest is sent. Of the options, rate and canary count; the edits and the group are those that it began with,
// and so is Force where it was set. The error is as that of [Replayer.Run], or wraps [ErrNoReplay] or [ErrNothingSent].
func (r *Replayer) Resume(ctx context.Context, id string, o ReplayOptions) (*Report, error) {
	state, err := r.log.Load(ctx)
	if err != nil {
		return nil, err
	}
	known := state.replays[id]
	if known == nil {
		return nil, fmt.Errorf("%s, in the state log of %s: %w", id, r.cfg.DeadLetterTopic, ErrNoReplay)
	}
	s := r.newRun(id, o, state)
	s.total = len(known.letters)
	if known.started == nil {
		if err := s.takeOver(ctx, known); err != nil {
			return s.abandon(err)
		}
		report, err := s.abandon(nil)
		if err == nil {
			err = fmt.Errorf("%s: %w", id, ErrNothingSent)
		}
		return report, err
	}
	if known.started.Topic != r.cfg.Topic {
		return nil, fmt.Errorf("replay %s writes to topic %q, not to %q", id, known.started.Topic, r.cfg.Topic)
	}
	s.opts.Edits, s.opts.ForGroup = known.started.Edits, known.started.Group
	s.opts.Force = o.Force || known.started.Force
	if err := s.takeOver(ctx, known); err != nil {
		s.unsure = true // as it was
		return s.end("could not be resumed", err)
	}
	if err := s.findLeft(ctx, known); err != nil {
		return s.stopped(ctx, err)
	}
	if len(s.items) == 0 {
		return s.end("done", nil)
	}
	return s.send(ctx)
}

// settle finds out what a replay that broke off has sent, notes that, and gives the rest of its claims back.
func (r *Replayer) settle(ctx context.Context, state *State, id string, o ReplayOptions) error {
	s := r.newRun(id, ReplayOptions{IncludeUnknown: o.IncludeUnknown}, state)
	if err := s.takeOver(ctx, state.replays[id]); err != nil {
		s.unsure = true // as it was
		_, err = s.end("could not be settled", err)
		return err
	}
	if _, err := s.end("broke off; what it had sent was found on the source topic", nil); err != nil {
		return err
	}
	return nil
}

// takeOver makes this run the one in charge of a replay, and notes what earlier ones have sent.
func (s *replayRun) takeOver(ctx context.Context, known *replayState) error {
	// An earlier run that looks at the log now learns that it must stop. One that has looked already may be writing.
	quiet := time.Time{}
	alive := known.ended == nil && time.Now().Before(known.active.Add(s.r.cfg.ClaimFor+clockSlack))
	if known.ended != nil && !known.ended.Clean {
		quiet = known.active.Add(s.r.cfg.Quiet + lookFor)
	}
	resumed := StateEntry{Kind: replayResumed, At: time.Now(), Replay: s.id, Run: s.run, By: s.r.cfg.By, Until: s.until()}
	if err := s.r.log.append(ctx, resumed); err != nil {
		return err
	}
	if alive { // until now it could look and see nothing of us
		quiet = time.Now().Add(s.r.cfg.Quiet + lookFor)
	}
	if time.Until(quiet) > 0 {
		s.r.cfg.OnProgress(ReplayProgress{Doing: "waiting until an earlier run has surely ended"})
		if err := s.pause(ctx, quiet); err != nil {
			return err
		}
	}
	if _, err := s.hold(ctx, nil); err != nil {
		return err
	}
	if known.started == nil {
		return nil
	}
	sent, err := s.r.sentBy(ctx, known)
	var lost *lostTrackError
	if errors.As(err, &lost) && s.opts.IncludeUnknown {
		err = nil
	}
	if err != nil {
		return err
	}
	var entries []StateEntry
	for id, l := range known.letters {
		if sent[id] && s.state.claims(l, s.id) {
			entries = append(entries, StateEntry{
				Kind: StateReplayed, At: time.Now(), ID: id, PayloadSHA256: l.sha256, Replay: s.id, Run: s.run, By: s.r.cfg.By,
			})
		}
	}
	if err := s.r.log.append(ctx, entries...); err != nil {
		return err
	}
	return s.r.log.read(ctx, s.state)
}

// findLeft finds the dead letters that the replay has claimed and not sent.
func (s *replayRun) findLeft(ctx context.Context, known *replayState) error {
	left := map[letterID]bool{}
	for id, l := range known.letters {
		switch {
		case s.state.sentBy(l, s.id):
			s.sent++
		case !s.state.holds(l, s.id):
			st := s.state.at(l, time.Now())
			switch {
			case s.state.claims(l, s.id):
				s.skipped.add(SkipChanged, id, "since it was claimed: "+s.state.beyondClaim(l))
			case st.Claim != nil:
				s.skipped.add(SkipClaimed, id, fmt.Sprintf("%s is replaying it (replay %s)", st.Claim.By, st.Claim.Replay))
			default:
				s.skipped.add(SkipChanged, id, "since it was claimed: "+st.String())
			}
		default:
			left[l] = true
		}
	}
	p := &Plan{opts: s.opts, state: s.state}
	found := map[letterID]*planned{}
	for e, err := range s.r.letters.Scan(ctx, Filter{}) {
		if err != nil {
			return err
		}
		l := letterID{e.Source.ID(), e.PayloadSHA256}
		if x := found[l]; e.Err == nil && left[l] && (x == nil || byAge(x.age, e) < 0) {
			found[l] = s.r.planned(p, l, e)
		}
	}
	for l := range left {
		if x := found[l]; x != nil {
			s.items = append(s.items, x)
		} else {
			s.skipped.add(SkipGone, l.id, "its dead letter is not there any more")
		}
	}
	s.items = inSourceOrder(s.items)
	return nil
}

// sentBy reports whether a replay has sent a letter.
func (s *State) sentBy(l letterID, replay string) bool {
	for _, r := range s.replaysOf(l) {
		if r == replay {
			return true
		}
	}
	return false
}

// sentBy reads the source topic from where a replay began and returns the ids of the dead letters whose messages
// it has written.
func (r *Replayer) sentBy(ctx context.Context, known *replayState) (map[string]bool, error) {
	limits, err := r.limits(ctx)
	if err != nil {
		return nil, err
	}
	sent := map[string]bool{}
	for _, partition := range sortedKeys(limits) {
		at := limits[partition]
		look := span{partition: partition, start: at.FirstOffset, end: at.LastOffset}
		if partition < len(known.started.Ends) {
			began := known.started.Ends[partition]
			if at.FirstOffset > began || at.LastOffset < began {
				return nil, &lostTrackError{topic: r.cfg.Topic, partition: partition, replay: known.id, began: began, first: at.FirstOffset, last: at.LastOffset}
			}
			look.start = began
		}
		done, total := int64(0), look.end-look.start
		_, err := r.source.read(ctx, look, func(n int64) {
			done += n
			r.cfg.OnProgress(ReplayProgress{"reading the source topic", done, total})
		}, func(rec *kafkago.Record) (bool, error) {
			if lastHeader(rec.Headers, HeaderReplayID) == known.id {
				sent[lastHeader(rec.Headers, HeaderReplayOf)] = true
			}
			return true, nil
		})
		if err != nil {
			return nil, fmt.Errorf("read topic %q, partition %d: %w", r.cfg.Topic, partition, err)
		}
	}
	return sent, nil
}

// lostTrackError says that the source topic does not hold any more what a replay may have written.
type lostTrackError struct {
	topic              string
	partition          int
	replay             string
	began, first, last int64
}

func (e *lostTrackError) Error() string {
	return fmt.Sprintf("topic %q, partition %d: what replay %s may have written from offset %d on is not there any more "+
		"(it reaches from %d to %d now), so nobody can tell what that has sent: find out whether the messages arrived, and resolve those; "+
		"--include-unknown sends the others", e.topic, e.partition, e.replay, e.began, e.first, e.last)
}

// lastHeader returns the value of the last header of a name; empty where there is none.
func lastHeader(headers []kafkago.Header, name string) (value string) {
	for _, h := range headers {
		if h.Key == name {
			value = string(h.Value)
		}
	}
	return value
}
