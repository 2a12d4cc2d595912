package worker

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func drawCarry(t *rapid.T, position int64) carry {
	c := carry{attempts: map[int64]int{}}
	at := position
	for range rapid.IntRange(0, 200).Draw(t, "spans") {
		from := at + rapid.Int64Range(1, 50).Draw(t, "open")
		to := from + rapid.Int64Range(1, 200).Draw(t, "done")
		c.done = append(c.done, span{from, to})
		at = to
	}
	for range rapid.IntRange(0, 20).Draw(t, "attempts") {
		c.attempts[position+rapid.Int64Range(0, 20_000).Draw(t, "offset")] = rapid.IntRange(1, 10).Draw(t, "spent")
	}
	c.witness = witness{position + rapid.Int64Range(0, 50).Draw(t, "witness"), time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "time"))}
	return c
}

func TestCarry_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		position := rapid.Int64Range(0, 1<<40).Draw(t, "position")
		c := drawCarry(t, position)
		text := c.encode(position)
		if len(text) > maxMetadata {
			t.Fatalf("%d characters", len(text))
		}
		got, err := decodeCarry(text, position)
		if err != nil {
			t.Fatal(err)
		}
		if c.empty() {
			if !got.empty() {
				t.Fatalf("got %+v of nothing", got)
			}
			return
		}
		if got.witness.offset != c.witness.offset || !got.witness.timestamp.Equal(c.witness.timestamp) {
			t.Fatalf("witness: got %v, want %v", got.witness, c.witness)
		}
		// What was cut to fit may be missing; nothing may be there that was not done.
		if len(got.done) > len(c.done) {
			t.Fatalf("done: got %v, want %v", got.done, c.done)
		}
		for i, s := range got.done {
			if s != c.done[i] {
				t.Fatalf("done: got %v, want %v", got.done, c.done)
			}
		}
		for offset, spent := range got.attempts {
			if c.attempts[offset] != spent {
				t.Fatalf("attempts of %d: got %d, want %d", offset, spent, c.attempts[offset])
			}
		}
	})
}

// TestCarry_FitsTheWorstWindow is the case of MaxAhead: every other one of 20,000 offsets is done.
func TestCarry_FitsTheWorstWindow(t *testing.T) {
	w := newWindow(0)
	for i := range int64(20_000) {
		if h := w.add(i, time.UnixMilli(i)); i%2 == 1 {
			w.mark(h)
		}
	}
	lowest, spans := w.done()
	text := carry{done: spans, witness: witness{lowest.offset, lowest.timestamp}}.encode(0)
	got, err := decodeCarry(text, 0)
	require.NoError(t, err)
	require.Equal(t, spans, got.done)
	t.Logf("%d characters", len(text))
}

func TestCarry_IgnoresWhatOthersWrote(t *testing.T) {
	for _, metadata := range []string{"", "offset of app X", "aGVsbG8="} {
		c, err := decodeCarry(metadata, 5)
		require.NoError(t, err)
		require.True(t, c.empty())
	}
}

func TestCarry_RefusesDamage(t *testing.T) {
	good := carry{done: []span{{3, 9}, {12, 13}}, witness: witness{3, time.UnixMilli(1)}}.encode(0)
	for _, metadata := range []string{carryPrefix + "%", carryPrefix, good[:len(good)-2], carryPrefix + strings.Repeat("A", 5000)} {
		_, err := decodeCarry(metadata, 0)
		require.ErrorIs(t, err, errCarry, "%q", metadata)
	}
}

func TestCarry_IsForgottenWhereTheRecordIsAnother(t *testing.T) {
	at := time.UnixMilli(1000)
	fresh := func() *carry {
		return &carry{done: []span{{5, 10}}, attempts: map[int64]int{6: 1}, witness: witness{5, at}}
	}
	c := fresh()
	require.True(t, c.verify(4, time.UnixMilli(1)), "before the witness nothing is known")
	require.True(t, c.verify(5, at))
	require.True(t, c.verify(6, time.UnixMilli(9)))
	require.True(t, c.ended(6))
	require.False(t, c.ended(10))

	c = fresh()
	require.False(t, c.verify(5, at.Add(time.Millisecond)), "another record at the witness's offset")
	require.False(t, c.ended(5))
	require.True(t, c.verify(6, at), "said once")

	c = fresh()
	require.False(t, c.verify(6, at), "no record at the witness's offset")
	require.False(t, c.ended(6))
}

func FuzzDecodeCarry(f *testing.F) {
	f.Add(carry{done: []span{{3, 9}}, witness: witness{3, time.UnixMilli(1)}}.encode(0), int64(0))
	f.Add(carry{attempts: map[int64]int{7: 2}, witness: witness{7, time.UnixMilli(1)}}.encode(5), int64(5))
	f.Add(carryPrefix+"////", int64(1))
	f.Fuzz(func(t *testing.T, metadata string, position int64) {
		position &= 1<<40 - 1
		c, err := decodeCarry(metadata, position)
		if err != nil {
			return
		}
		last := position
		for _, s := range c.done {
			if s.from < last || s.to < s.from {
				t.Fatalf("spans not ascending: %v", c.done)
			}
			last = s.to
		}
	})
}
