package deadletter

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// canaryEvery is how often the state log is read while the canary is waited for.
const canaryEvery = 500 * time.Millisecond

// awaitCanary waits until the first messages have ended, as the state log tells. Where they have not in time, or
// some have failed again, it stops the replay; but not where there is nothing left to be stopped.
func (s *replayRun) awaitCanary(ctx context.Context, canary []*planned) error {
	began := time.Now()
	for {
		if _, err := s.hold(ctx, nil); err != nil {
			return err
		}
		sent, waiting, failed := s.ended(canary)
		s.r.cfg.OnProgress(ReplayProgress{Doing: "waiting for the first to end", Done: int64(sent - waiting), Total: int64(sent)})
		switch {
		case len(failed) > 0 && waiting == 0, len(failed) > 0 && time.Since(began) >= s.opts.CanaryWait:
			return s.canaryStop(fmt.Sprintf("of the first %d messages, %d failed again: %s", sent, len(failed), strings.Join(failed, ", ")))
		case waiting == 0:
			return nil
		case time.Since(began) >= s.opts.CanaryWait:
			return s.canaryStop(fmt.Sprintf("of the first %d messages, %d had not ended after %s: does the worker run, and how far behind is it?",
				sent, waiting, s.opts.CanaryWait))
		}
		if !kafka.Sleep(ctx, canaryEvery) {
			return context.Cause(ctx)
		}
	}
}

// endsWait is the longest time without a further end after which a replay that has sent everything reports.
const endsWait = 30 * time.Second

// awaitEnds waits for the messages that were sent to end, so that the report can say how. Nothing else depends on it:
// the claims are given back, and where ctx ends or the log cannot be read, the report says what is known.
func (s *replayRun) awaitEnds(ctx context.Context) *Report {
	pending, since := -1, time.Now()
	for {
		report := s.report()
		if n := report.Pending(); n != pending {
			pending, since = n, time.Now()
		}
		s.r.cfg.OnProgress(ReplayProgress{
			Doing: "waiting for them to end", Done: int64(report.Replayed - pending), Total: int64(report.Replayed),
		})
		if pending == 0 || time.Since(since) >= min(endsWait, s.opts.CanaryWait) || !kafka.Sleep(ctx, canaryEvery) ||
			s.r.log.read(ctx, s.state) != nil {
			return report
		}
	}
}

func (s *replayRun) canaryStop(text string) error {
	if len(s.items) == 0 {
		return nil // the report tells how they ended
	}
	return &StopError{Stop: StopCanary, Replay: s.id, Text: text}
}

// ended returns how many of the canary's messages were sent, how many of these have not ended, and which have failed
// again.
func (s *replayRun) ended(canary []*planned) (sent, waiting int, failed []string) {
	for _, x := range canary {
		if !s.state.sentBy(x.letterID, s.id) {
			continue // it was passed over
		}
		sent++
		switch last := s.state.letters[x.letterID].last; {
		case last.Replay != s.id || last.Kind == StateReplayed:
			waiting++
		case last.Kind == StateFailedAgain:
			failed = append(failed, x.id+" as "+last.NewID)
		}
	}
	return sent, waiting, failed
}
