package demo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/demo"
	"github.com/sluice-kafka/sluice/worker"
)

func texts(b *demo.Board) (all []string) {
	for _, n := range b.Notes(0) {
		all = append(all, n.Text)
	}
	return all
}

func TestBoard_CountsEndsAndNotesTheFirstDeadLetterOfACode(t *testing.T) {
	b := demo.NewBoard()
	for i := range 3 {
		b.Observe(worker.Delivered{})
		b.Observe(worker.DeadLettered{ID: fmt.Sprintf("payloads/0/%d", i), Code: deadletter.CodeValidationFailed})
	}
	b.Observe(worker.DeadLettered{ID: "payloads/1/9", Code: deadletter.CodeMaxRetriesExceeded})
	tally := b.Tally()
	assert.Equal(t, int64(3), tally.Delivered)
	assert.Equal(t, int64(4), tally.Dead)
	assert.Equal(t, int64(7), b.Ended())
	assert.Equal(t, map[deadletter.Code]int64{deadletter.CodeValidationFailed: 3, deadletter.CodeMaxRetriesExceeded: 1}, tally.DeadLetters)
	assert.Equal(t, []string{
		"first dead letter VALIDATION_FAILED: payloads/0/0", "first dead letter MAX_RETRIES_EXCEEDED: payloads/1/9",
	}, texts(b))
}

func TestBoard_NotesAnOutageOnceHoweverManyProbesFail(t *testing.T) {
	b := demo.NewBoard()
	b.Observe(worker.BreakerChanged{From: "closed", To: "open", Cause: "503"})
	for range 5 {
		b.Observe(worker.BreakerChanged{From: "open", To: "half-open"})
		b.Observe(worker.BreakerChanged{From: "half-open", To: "open"})
	}
	b.Observe(worker.BreakerChanged{From: "open", To: "half-open"})
	b.Observe(worker.BreakerChanged{From: "half-open", To: "closed"})
	assert.Equal(t, []string{"breaker opens, messages are held: 503", "breaker closes: the API serves again"}, texts(b))
}

func TestBoard_NotesTheFirstFailureOfEachKind(t *testing.T) {
	b := demo.NewBoard()
	for range 2 {
		b.Observe(worker.Attempted{Status: 202})
		b.Observe(worker.Attempted{Status: 429, Kind: "rate_limited"})
		b.Observe(worker.Attempted{Status: 500, Kind: "server", Retry: true})
		b.Observe(worker.Attempted{Kind: "broken"})
	}
	assert.Len(t, texts(b), 3)
	assert.Equal(t, int64(2), b.Tally().Retries)
}

func TestBoard_NotesWarningsButNotWhatItTellsItself(t *testing.T) {
	b := demo.NewBoard()
	log := zap.New(b.LogCore()).With(zap.String("group", "sluice"))
	log.Info("all is well")
	log.Warn("dead letter", zap.String("id", "payloads/0/1"))
	log.Warn("cannot commit", zap.Error(errors.New("no coordinator")))
	log.Error("a step panicked")
	assert.Equal(t, []string{"warn: cannot commit error=no coordinator group=sluice", "error: a step panicked group=sluice"}, texts(b))
}

func TestBoard_RemembersTheNewestNotes(t *testing.T) {
	b := demo.NewBoard()
	for i := range 1_000 {
		b.Note(demo.MoodPlain, fmt.Sprint(i))
	}
	notes := b.Notes(0)
	require.NotEmpty(t, notes)
	assert.Less(t, len(notes), 200)
	assert.Equal(t, "999", notes[len(notes)-1].Text)
	assert.Len(t, b.Notes(notes[len(notes)-3].Seq), 2)
	assert.Empty(t, b.Notes(1_000))
	assert.False(t, strings.Contains(fmt.Sprint(b.Notes(998)), "{998"), "only what came after")
}
