package deadletter

import (
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
)

// What others have sent between somebody's plan and yes is not sent again by him, not even when his replay is resumed.
func TestReplay_SentByOthersBetweenPlanAndYes(t *testing.T) {
	onScene(t, 20, func(t *testing.T, s *scene) {
		ann, bob := s.replayer(t), s.replayer(t, func(c *ReplayConfig) { c.By = "bob@home" })
		plan, err := ann.Plan(t.Context(), ReplayOptions{Canary: 2, CanaryWait: time.Minute})
		require.NoError(t, err)
		require.Equal(t, 20, plan.Replays)

		first := []string{s.letters[10].Source.ID(), s.letters[19].Source.ID()}
		p, err := bob.Plan(t.Context(), ReplayOptions{Filter: Filter{IDs: first}})
		require.NoError(t, err)
		_, err = bob.Run(t.Context(), p)
		require.NoError(t, err)

		report, err := ann.Run(t.Context(), plan) // no worker: its canary stops it
		require.Error(t, err)
		require.Equal(t, 2, report.Replayed)
		report, err = ann.Resume(t.Context(), report.Replay, ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 18, report.Replayed)
		require.Len(t, s.replayed(t), 20)
		seen := map[string]bool{}
		for _, m := range s.replayed(t) {
			id := lastHeader(m.Headers, HeaderReplayOf)
			require.False(t, seen[id], "%s is sent twice", id)
			seen[id] = true
		}
	})
}

// What somebody resolves while a replay is stopped is not sent when that goes on.
func TestReplay_ResolvedWhileStopped(t *testing.T) {
	onScene(t, 20, func(t *testing.T, s *scene) {
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{Canary: 2, CanaryWait: time.Minute})
		require.NoError(t, err)
		report, err := r.Run(t.Context(), p)
		require.Error(t, err)

		log, err := NewStateLog(topic, s.broker.Connect(t))
		require.NoError(t, err)
		resolved := s.letters[19]
		require.NoError(t, log.Record(t.Context(), Note{StateResolved, "cat@night", "sent by hand"}, entryOf(resolved)))
		report, err = r.Resume(t.Context(), report.Replay, ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 19, report.Replayed)
		require.Equal(t, []Skipped{{SkipChanged, 1, []Skip{{resolved.Source.ID(), "since it was claimed: resolved by cat@night"}}}}, report.Skipped)
		require.Equal(t, StateResolved, s.state(t).Of(resolved.Source.ID(), payloadHash(resolved.Payload)).Kind)
	})
}

// The same while it goes on.
func TestReplay_ResolvedWhileItGoesOn(t *testing.T) {
	onScene(t, 20, func(t *testing.T, s *scene) {
		log, err := NewStateLog(topic, s.broker.Connect(t))
		require.NoError(t, err)
		resolved := s.letters[19]
		s.worker(t, func(kafkago.Message) string {
			require.NoError(t, log.Record(t.Context(), Note{StateResolved, "cat@night", "sent by hand"}, entryOf(resolved)))
			return ""
		})
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{Canary: 2, CanaryWait: time.Minute})
		require.NoError(t, err)
		report, err := r.Run(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, 19, report.Replayed)
		require.Equal(t, []Skipped{{SkipChanged, 1, []Skip{{resolved.Source.ID(), "since the plan was made: resolved by cat@night"}}}}, report.Skipped)
	})
}

func entryOf(r Record) Entry {
	return Entry{Record: Record{Source: r.Source}, PayloadSHA256: payloadHash(r.Payload)}
}
