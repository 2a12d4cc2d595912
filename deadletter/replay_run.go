package deadletter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// endTimeout bounds what is still noted when a run ends, whatever ended it.
const endTimeout = 30 * time.Second

// replayRun is one process's work on a replay.
type replayRun struct {
	r       *Replayer
	opts    ReplayOptions
	id, run string
	state   *State
	items   []*planned // left to be sent, in order
	limiter *rate.Limiter
	renewed time.Time // when the claims were last made to last
	looked  time.Time // when the state log was last looked at
	skipped skips
	sent    int
	unsure  bool // whether something may be sent that is not noted
	total   int
	size    int // bytes that one request to the source topic may have
}

func (r *Replayer) newRun(id string, o ReplayOptions, state *State) *replayRun {
	limit := rate.Inf
	if o.Rate > 0 {
		limit = rate.Limit(o.Rate)
	}
	return &replayRun{
		r: r, opts: o, id: id, run: randomHex(8), state: state,
		limiter: rate.NewLimiter(limit, batchFor(o.Rate)), size: defaultBatch,
	}
}

// Run carries out a plan: it claims the dead letters, sends their messages and reports. The error is a
// *[StopError] where it ended before its end, and else what kept it from beginning; the report says what was done
// in any case.
func (r *Replayer) Run(ctx context.Context, p *Plan) (*Report, error) {
	s := r.newRun(newReplayID(time.Now()), p.opts, p.state)
	s.total = len(p.items)
	s.skipped = slices.Clone(p.Skipped)
	if err := r.ensureLog(ctx); err != nil {
		return s.report(), err
	}
	planned, seen := s.state.snapshot(p.items), s.state.next
	if err := r.log.read(ctx, s.state); err != nil {
		return s.report(), err
	}
	for id := range p.ended {
		if !s.state.replays[id].brokenOff(time.Now()) {
			continue // somebody has resumed or settled it since the plan was made
		}
		if err := r.settle(ctx, s.state, id, p.opts); err != nil {
			return s.report(), err
		}
	}
	if err := s.claim(ctx, p.items, planned, seen); err != nil {
		return s.abandon(err)
	}
	if len(s.items) == 0 {
		return s.end("nothing was left to be sent", nil)
	}
	ends, err := s.ends(ctx)
	if err != nil {
		return s.abandon(err)
	}
	started := StateEntry{
		Kind: replayStarted, At: time.Now(), Replay: s.id, Run: s.run, By: r.cfg.By, Until: s.until(),
		Started: &startedReplay{Topic: r.cfg.Topic, Ends: ends, Count: len(s.items), Edits: p.opts.Edits, Group: p.opts.ForGroup, Force: p.opts.Force},
	}
	if err := r.log.append(ctx, started); err != nil {
		return s.abandon(err)
	}
	r.cfg.OnBegin(s.id)
	return s.send(ctx)
}

// ensureLog creates the state log where it may, and waits until it is seen.
func (r *Replayer) ensureLog(ctx context.Context) error {
	created, err := r.log.Ensure(ctx, r.cfg.CreateTopics)
	if errors.Is(err, kafka.ErrNoTopic) {
		return fmt.Errorf("the state log, topic %q, which says who replays what: %w: run 'sluice topics ensure', or set SLUICE_CREATE_TOPICS=true", r.log.topic, kafka.ErrNoTopic)
	}
	for tries := 1; created; tries++ {
		if _, err := r.cfg.Cluster.Partitions(ctx, r.log.topic); !errors.Is(err, kafka.ErrNoTopic) || tries > 10 {
			return err
		}
		kafka.Pause(ctx, tries)
	}
	return err
}

// claimRecords is how many dead letters are claimed in one write.
const claimRecords = 500

// until returns when claims that are made now end.
func (s *replayRun) until() time.Time {
	s.renewed = time.Now()
	return s.renewed.Add(s.r.cfg.ClaimFor)
}

// claim claims dead letters, reads the log up to there and keeps those whose claim counts, and to which nothing has
// happened since the plan was made, when the log was read up to seen.
func (s *replayRun) claim(ctx context.Context, items []*planned, before map[letterID]int64, seen int64) error {
	for chunk := range slices.Chunk(items, claimRecords) {
		entries := make([]StateEntry, len(chunk))
		now, until := time.Now(), s.until()
		for i, x := range chunk {
			entries[i] = StateEntry{
				Kind: StateClaimed, At: now, ID: x.id, PayloadSHA256: x.sha256, Replay: s.id, Run: s.run, By: s.r.cfg.By, Until: until, Seen: &seen,
			}
		}
		if err := s.r.log.append(ctx, entries...); err != nil {
			return err
		}
		s.progress("claiming", len(entries))
	}
	if err := s.r.log.read(ctx, s.state); err != nil {
		return err
	}
	for _, x := range items {
		switch {
		case s.state.changed(x.letterID) != before[x.letterID]:
			s.skipped.add(SkipChanged, x.id, "since the plan was made: "+s.state.beyondClaim(x.letterID))
		case !s.state.holds(x.letterID, s.id):
			reason, text := s.lost(x)
			s.skipped.add(reason, x.id, text)
		default:
			s.items = append(s.items, x)
		}
	}
	return nil
}

// lost says who has a dead letter that we do not have.
func (s *replayRun) lost(x *planned) (SkipReason, string) {
	st := s.state.at(x.letterID, time.Now())
	if s.state.claims(x.letterID, s.id) { // and does not hold it
		return SkipChanged, "since the plan was made: " + s.state.beyondClaim(x.letterID)
	}
	if st.Claim != nil {
		return SkipClaimed, fmt.Sprintf("%s is replaying it since %s (replay %s), until %s at most unless that goes on",
			st.Claim.By, st.Claim.At.UTC().Format(time.RFC3339), st.Claim.Replay, st.Claim.Until.UTC().Format(time.RFC3339))
	}
	return SkipChanged, "since the plan was made: " + st.String()
}

// ends returns the ends of the source topic's partitions: what this replay writes stands behind them.
func (s *replayRun) ends(ctx context.Context) ([]int64, error) {
	limits, err := s.r.limits(ctx)
	if err != nil {
		return nil, err
	}
	ends := make([]int64, len(limits))
	for partition, at := range limits {
		if partition >= len(ends) {
			return nil, fmt.Errorf("topic %q: partition %d of %d", s.r.cfg.Topic, partition, len(ends))
		}
		ends[partition] = at.LastOffset
	}
	return ends, nil
}

// hold makes the claims last, reads what is new in the log, and finds out whether this run is still in charge. It
// returns those of the batch that are still ours.
func (s *replayRun) hold(ctx context.Context, batch []*planned) ([]*planned, error) {
	for {
		if time.Since(s.renewed) > s.r.cfg.ClaimFor/3 {
			renewal := StateEntry{Kind: replayRenewed, At: time.Now(), Replay: s.id, Run: s.run, By: s.r.cfg.By, Until: s.until()}
			if err := s.r.log.append(ctx, renewal); err != nil {
				return nil, err
			}
		}
		s.looked = time.Now()
		if err := s.r.log.read(ctx, s.state); err != nil {
			return nil, err
		}
		if time.Since(s.renewed) < s.r.cfg.ClaimFor/2 {
			break // else the machine slept: what we have read may not be all there is
		}
	}
	if r := s.state.replays[s.id]; r.run != s.run {
		return nil, &StopError{Stop: StopTaken, Replay: s.id, Text: r.by + " has resumed it, so it goes on over there"}
	}
	ours := make([]*planned, 0, len(batch))
	for _, x := range batch {
		if s.state.holds(x.letterID, s.id) {
			ours = append(ours, x)
			continue
		}
		reason, text := s.lost(x)
		s.skipped.add(reason, x.id, text)
	}
	return ours, nil
}

// pause waits until a time, and keeps the claims meanwhile. It returns ctx's error where ctx ends.
func (s *replayRun) pause(ctx context.Context, until time.Time) error {
	for {
		left := time.Until(until)
		if left <= 0 {
			return nil
		}
		if !kafka.Sleep(ctx, min(left, s.r.cfg.ClaimFor/4)) {
			return context.Cause(ctx)
		}
		if time.Until(until) > 0 {
			if _, err := s.hold(ctx, nil); err != nil {
				return err
			}
		}
	}
}

func (s *replayRun) progress(doing string, more int) {
	s.r.cfg.OnProgress(ReplayProgress{Doing: doing, Done: int64(s.sent + more), Total: int64(s.total)})
}

// end gives the claims back and reports. It is done whatever has ended the run, so it has a context of its own.
func (s *replayRun) end(why string, cause error) (*Report, error) {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	err := s.r.log.append(ctx, StateEntry{
		Kind: replayEnded, At: time.Now(), Replay: s.id, Run: s.run, By: s.r.cfg.By, Ended: &endedReplay{Clean: !s.unsure, Why: why},
	})
	if err == nil {
		err = s.r.log.read(ctx, s.state)
	}
	if cause == nil && err != nil {
		cause = &StopError{Stop: StopFailed, Replay: s.id, Text: "all was sent, but its end could not be noted", Err: err}
	}
	return s.report(), cause
}

// abandon ends a run that has sent nothing.
func (s *replayRun) abandon(cause error) (*Report, error) {
	report, _ := s.end("broke off before anything was sent", cause)
	report.Left = s.total
	return report, cause
}

// report sums up what is known.
func (s *replayRun) report() *Report {
	r := &Report{Replay: s.id, Planned: s.total, Replayed: s.sent, Skipped: s.skipped, Left: len(s.items)}
	if x := s.state.replays[s.id]; x != nil {
		for id, l := range x.letters {
			switch last := s.state.letters[l].last; {
			case last.Replay != s.id:
			case last.Kind == StateSucceeded:
				r.Succeeded++
			case last.Kind == StateFailedAgain:
				r.FailedAgain++
				r.Failures = append(r.Failures, Skip{id, last.NewID})
			}
		}
	}
	slices.SortFunc(r.Failures, func(a, b Skip) int { return compareIDs(a.ID, b.ID) })
	r.Failures = r.Failures[:min(len(r.Failures), skipExamples)]
	if r.Skipped == nil {
		r.Skipped = []Skipped{}
	}
	return r
}

// claims reports whether the claim that counts on a letter is a replay's.
func (s *State) claims(l letterID, replay string) bool {
	x := s.letters[l]
	return x != nil && x.claim != nil && x.claim.id == replay && x.claim.ended == nil
}

// holds reports whether a replay may send a letter: its claim counts, and nobody has resolved the letter since.
func (s *State) holds(l letterID, replay string) bool {
	x := s.letters[l]
	return s.claims(l, replay) && (x.last.Kind != StateResolved || x.changed <= x.since)
}

// changed returns the offset of what happened last to a letter, claims left aside; -1 for nothing.
func (s *State) changed(l letterID) int64 {
	if x := s.letters[l]; x != nil && x.last.Kind != StateNone {
		return x.changed
	}
	return -1
}

func (s *State) snapshot(items []*planned) map[letterID]int64 {
	at := make(map[letterID]int64, len(items))
	for _, x := range items {
		at[x.letterID] = s.changed(x.letterID)
	}
	return at
}

// beyondClaim says what happened to a letter, claims left aside.
func (s *State) beyondClaim(l letterID) string {
	x := s.letters[l]
	return Status{Kind: x.last.Kind, By: x.last.By, NewID: x.last.NewID}.String()
}

// replaysOf returns the replays that have sent a letter.
func (s *State) replaysOf(l letterID) []string {
	if x := s.letters[l]; x != nil {
		return x.replays
	}
	return nil
}

func compareIDs(a, b string) int {
	_, pa, oa, _ := ParseID(a)
	_, pb, ob, _ := ParseID(b)
	if pa != pb {
		return pa - pb
	}
	return int(min(max(oa-ob, -1), 1))
}
