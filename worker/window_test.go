package worker

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// model is what a window must agree with: the offsets received, and which of them are marked.
type model struct {
	received []int64
	marked   map[int64]bool
	next     int64
}

func (m model) position() int64 {
	for _, o := range m.received {
		if !m.marked[o] {
			return o
		}
	}
	return m.next
}

// TestWindow_PositionNeverPassesAnUnmarkedOffset drives a window and a model through any order of receiving
// and completing.
func TestWindow_PositionNeverPassesAnUnmarkedOffset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begin := rapid.Int64Range(0, 1000).Draw(t, "begin")
		w, m := newWindow(begin), model{marked: map[int64]bool{}, next: begin}
		handles := map[int64]uint64{}
		t.Repeat(map[string]func(*rapid.T){
			"receive": func(t *rapid.T) {
				offset := m.next + rapid.Int64Range(0, 3).Draw(t, "gap")
				handles[offset] = w.add(offset, time.UnixMilli(offset))
				m.received = append(m.received, offset)
				m.next = offset + 1
			},
			"skip": func(t *rapid.T) {
				m.next += rapid.Int64Range(0, 3).Draw(t, "gap")
				w.skipTo(m.next)
			},
			"mark": func(t *rapid.T) {
				var open []int64
				for _, o := range m.received {
					if !m.marked[o] {
						open = append(open, o)
					}
				}
				if len(open) == 0 {
					return
				}
				offset := rapid.SampledFrom(open).Draw(t, "offset")
				before := w.position()
				moved := w.mark(handles[offset])
				m.marked[offset] = true
				if moved != (w.position() != before) {
					t.Fatalf("mark reported moved=%t for %d → %d", moved, before, w.position())
				}
			},
			"": func(t *rapid.T) {
				if got, want := w.position(), m.position(); got != want {
					t.Fatalf("position: got %d, want %d", got, want)
				}
				_, spans := w.done()
				for _, o := range m.received {
					in := slices.ContainsFunc(spans, func(s span) bool { return s.from <= o && o < s.to })
					if want := m.marked[o] && o > m.position(); in != want {
						t.Fatalf("offset %d in done: got %t, want %t (%v)", o, in, want, spans)
					}
				}
			},
		})
	})
}

func TestWindow_ForgetsWhatIsBehindIt(t *testing.T) {
	w := newWindow(0)
	stuck := w.add(0, time.Time{})
	for i := range int64(100_000) {
		w.mark(w.add(i+1, time.Time{}))
	}
	require.EqualValues(t, 0, w.position())
	w.mark(stuck)
	require.EqualValues(t, 100_001, w.position())
	require.Empty(t, w.slots)
}
