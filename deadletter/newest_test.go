package deadletter

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestReader_Get(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		s.put(t, 1, failed(1, CodeActionFailed, 5), failed(2, CodeActionFailed, 0))
		s.put(t, 0, failed(1, CodeCircuitOpen, 9))
		s.put(t, 2, failed(1, CodeNetworkError, 7))
		e, err := s.Get(t.Context(), "payloads/3/1")
		require.NoError(t, err)
		require.Equal(t, CodeCircuitOpen, e.Code, "the newest of three")
		_, err = s.Get(t.Context(), "payloads/3/3")
		require.ErrorIs(t, err, ErrNotFound)
		require.ErrorContains(t, err, "payloads/3/3")
		_, err = s.Get(t.Context(), "payloads/3")
		require.ErrorContains(t, err, "such as payloads/3/1042")
	})
}

// Newest agrees with sorting everything, whatever the order, repeats and limit.
func TestReader_NewestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 6).Draw(t, "limit")
		top := newest{limit: limit, known: make(map[string]*ranked)}
		model := make(map[string]Entry)
		for n := range rapid.IntRange(0, 30).Draw(t, "entries") {
			e := Entry{Offset: int64(n)}
			e.Source = Source{Topic: "t", Offset: rapid.Int64Range(0, 9).Draw(t, "id")}
			e.FailedAt = time.Unix(rapid.Int64Range(0, 9).Draw(t, "at"), 0)
			if !top.tooOld(facts{failedAt: e.FailedAt}) {
				top.add(&ranked{Entry: e, identity: e.Source.ID()})
			}
			if old, ok := model[e.Source.ID()]; !ok || byAge(old, e) < 0 {
				model[e.Source.ID()] = e
			}
		}
		var want []Entry
		for _, e := range model {
			want = append(want, e)
		}
		slices.SortFunc(want, func(a, b Entry) int { return byAge(b, a) })
		want = want[:min(limit, len(want))]
		got := top.sorted()
		require.Len(t, got, len(want))
		for i := range want {
			require.Equal(t, want[i].Offset, got[i].Offset)
		}
	})
}
