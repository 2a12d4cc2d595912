package deadletter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The worker may be done with a replayed message before the replay has noted that it sent it.
func TestHistory_EndsComeAfterTheSending(t *testing.T) {
	onScene(t, 1, func(t *testing.T, s *scene) {
		log, err := NewStateLog(topic, s.broker.Connect(t))
		require.NoError(t, err)
		_, err = log.Ensure(t.Context(), true)
		require.NoError(t, err)
		letter := s.letters[0]
		id, sum := letter.Source.ID(), hash(letter.Payload)
		now := time.Now()
		entry := func(kind StateKind, replay string) StateEntry {
			e := StateEntry{Kind: kind, At: now, ID: id, Replay: replay}
			if !e.isEnd() {
				e.PayloadSHA256, e.Until = sum, now.Add(time.Minute)
			}
			return e
		}
		require.NoError(t, log.append(t.Context(),
			entry(StateClaimed, "a"), entry(StateFailedAgain, "a"), entry(StateReplayed, "a"),
			entry(StateClaimed, "b"), entry(StateSucceeded, "b"), entry(StateReplayed, "b")))
		entries, err := log.History(t.Context(), id, sum)
		require.NoError(t, err)
		var kinds []StateKind
		for _, e := range entries {
			kinds = append(kinds, e.Kind)
		}
		assert.Equal(t, []StateKind{StateClaimed, StateReplayed, StateFailedAgain, StateClaimed, StateReplayed, StateSucceeded}, kinds)
		state, err := log.Load(t.Context())
		require.NoError(t, err)
		assert.Equal(t, StateSucceeded, state.Of(id, sum).Kind)
	})
}
