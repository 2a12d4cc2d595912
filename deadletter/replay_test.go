package deadletter

import (
	"context"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
)

func TestReplay_SendsEachOnceAsItWas(t *testing.T) {
	onScene(t, 40, func(t *testing.T, s *scene) {
		s.worker(t, endsWell)
		s.bury(t, s.letters[3], s.letters[7]) // as after a crash
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 40, p.Replays)
		require.Equal(t, 40, p.Selected)
		require.Empty(t, p.Skipped)
		require.Equal(t, []PlanCause{{Fingerprint: s.letters[0].Fingerprint(), Code: CodeMaxRetriesExceeded, Class: ClassTransient, Count: 40, Example: "payloads/0/0"}}, p.Causes)
		require.Empty(t, s.replayed(t), "a plan sends nothing")

		report, err := r.Run(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, 40, report.Replayed)
		require.Zero(t, report.Left)
		s.audit(t, s.letters)

		time.Sleep(time.Second)
		state := s.state(t)
		for _, l := range s.letters {
			st := state.Of(l.Source.ID(), payloadHash(l.Payload))
			require.Equal(t, StateSucceeded, st.Kind, l.Source.ID())
			require.False(t, st.Open())
			require.Equal(t, 1, st.Replays)
			require.Equal(t, StateNone, state.Of(l.Source.ID(), "another hash").Kind)
		}
		p, err = r.Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		require.Zero(t, p.Replays)
		require.Equal(t, 40, p.NotOpen)
	})
}

func TestReplay_CanaryStopsWhatFailsAgain(t *testing.T) {
	onScene(t, 40, func(t *testing.T, s *scene) {
		s.worker(t, func(m kafkago.Message) string {
			if lastHeader(m.Headers, "h") == "1" {
				return "payloads/1/99"
			}
			return ""
		})
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{Canary: 5, CanaryWait: 2 * time.Minute})
		require.NoError(t, err)
		report, err := r.Run(t.Context(), p)
		var stop *StopError
		require.ErrorAs(t, err, &stop)
		require.Equal(t, StopCanary, stop.Stop)
		require.ErrorContains(t, err, "of the first 5 messages, 1 failed again: payloads/1/0 as payloads/1/99")
		require.Equal(t, 5, report.Replayed)
		require.Equal(t, 4, report.Succeeded)
		require.Equal(t, 1, report.FailedAgain)
		require.Equal(t, 35, report.Left)
		require.Len(t, s.replayed(t), 5)

		// What was not sent is free for others at once.
		p, err = s.replayer(t).Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 35, p.Replays)

		// Or the same replay goes on.
		report, err = r.Resume(t.Context(), report.Replay, ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 40, report.Replayed)
		s.audit(t, s.letters)
	})
}

func TestReplay_CanaryOfWhichNobodyHears(t *testing.T) {
	onScene(t, 12, func(t *testing.T, s *scene) {
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{Canary: 5, CanaryWait: 2 * time.Minute})
		require.NoError(t, err)
		began := time.Now()
		report, err := r.Run(t.Context(), p)
		require.ErrorContains(t, err, "of the first 5 messages, 5 had not ended after 2m0s")
		require.GreaterOrEqual(t, time.Since(began), 2*time.Minute)
		require.Equal(t, 7, report.Left)
	})
}

// Two people replay the same records at once: one of them does, the other is told who.
func TestReplay_TwoAtOnce(t *testing.T) {
	onScene(t, 60, func(t *testing.T, s *scene) {
		type result struct {
			report *Report
			err    error
		}
		results := make(chan result)
		for _, by := range []string{"ann@desk", "bob@home", "cat@night"} {
			go func() {
				r := s.replayer(t, func(c *ReplayConfig) { c.By = by })
				p, err := r.Plan(t.Context(), ReplayOptions{Rate: 20})
				if err != nil {
					results <- result{nil, err}
					return
				}
				report, err := r.Run(t.Context(), p)
				results <- result{report, err}
			}()
		}
		sent, told := 0, 0
		for range 3 {
			got := <-results
			require.NoError(t, got.err)
			sent += got.report.Replayed
			for _, k := range got.report.Skipped {
				require.Contains(t, []SkipReason{SkipClaimed, SkipChanged}, k.Reason)
				require.Regexp(t, `^(ann@desk|bob@home|cat@night) is replaying it since .* \(replay .*\), until |^since the plan was made: `, k.Examples[0].Text)
				told += k.Count
			}
		}
		require.Equal(t, 60, sent)
		require.Equal(t, 120, told)
		s.audit(t, s.letters)
	})
}

func TestReplay_StopsAsAskedAndGoesOn(t *testing.T) {
	onScene(t, 60, func(t *testing.T, s *scene) {
		ctx, cancel := context.WithCancel(t.Context())
		r := s.replayer(t)
		p, err := r.Plan(ctx, ReplayOptions{Rate: 8})
		require.NoError(t, err)
		time.AfterFunc(3*time.Second, cancel)
		report, err := r.Run(ctx, p)
		var stop *StopError
		require.ErrorAs(t, err, &stop)
		require.Equal(t, StopCancelled, stop.Stop)
		require.Positive(t, report.Left)
		require.Equal(t, 60, report.Left+report.Replayed)
		report, err = r.Resume(t.Context(), report.Replay, ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 60, report.Replayed)
		s.audit(t, s.letters)
	})
}

// What a replay was begun with holds when it goes on: whom it is for, and that what is invalid is sent too.
func TestReplay_GoesOnAsItWasBegun(t *testing.T) {
	onScene(t, 12, func(t *testing.T, s *scene) {
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{Canary: 2, CanaryWait: time.Minute, ForGroup: "renamed", Force: true, Edits: []string{"good=bad"}})
		require.NoError(t, err)
		require.Equal(t, map[string]int{"renamed": p.Replays}, p.For)
		report, err := r.Run(t.Context(), p)
		require.Error(t, err)
		report, err = r.Resume(t.Context(), report.Replay, ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, p.Replays, report.Replayed)
		sent := s.replayed(t)
		require.Len(t, sent, p.Replays)
		for _, m := range sent {
			require.Equal(t, "renamed", lastHeader(m.Headers, HeaderReplayGroup))
			require.Contains(t, string(m.Value), "bad")
		}
	})
}
