package demo

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/worker"
)

// notesKept bounds what a Board remembers of what happened.
const notesKept = 100

// Board is told what happens in a run, and is what is shown of it. It is a worker.Observer, safe for
// concurrent use.
type Board struct {
	mu          sync.Mutex
	delivered   int64
	deadLetters map[deadletter.Code]int64
	dead        int64
	retries     int64
	breaker     string
	met         map[string]bool // kinds of failed attempts
	notes       []Note
	noted       int64 // all notes so far
}

// Note is something worth telling a person.
type Note struct {
	Seq  int64 // from 1
	At   time.Time
	Mood Mood
	Text string
}

// Mood says how good the news is.
type Mood int

// The moods.
const (
	MoodPlain Mood = iota
	MoodGood
	MoodBad
)

// Tally is what a Board has counted.
type Tally struct {
	Delivered, Dead, Retries int64
	DeadLetters              map[deadletter.Code]int64
}

// NewBoard returns an empty board.
func NewBoard() *Board {
	return &Board{deadLetters: map[deadletter.Code]int64{}, met: map[string]bool{}, breaker: "closed"}
}

// Observe counts an event of the worker and notes what is worth it.
func (b *Board) Observe(e worker.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := e.(type) {
	case worker.Delivered:
		b.delivered++
	case worker.DeadLettered:
		b.dead++
		if b.deadLetters[e.Code]++; b.deadLetters[e.Code] == 1 {
			b.note(MoodPlain, fmt.Sprintf("first dead letter %s: %s", e.Code, e.ID))
		}
	case worker.Attempted:
		if e.Retry {
			b.retries++
		}
		b.attempted(e)
	case worker.BreakerChanged:
		b.breakerChanged(e)
	case worker.Assigned:
		if len(e.Partitions) > 0 {
			b.note(MoodPlain, fmt.Sprintf("the worker has joined its group and reads %d partitions", len(e.Partitions)))
		}
	case worker.OffsetsLost:
		b.note(MoodBad, fmt.Sprintf("%d messages of partition %d were deleted before they were read", e.To-e.From, e.Partition))
	case worker.Skipped, worker.Committed: // nothing to see
	}
}

// attempted notes the first failure of each kind, and what the worker makes of it.
func (b *Board) attempted(e worker.Attempted) {
	if e.Kind == "" || b.met[e.Kind] {
		return
	}
	b.met[e.Kind] = true
	switch {
	case e.Status == http.StatusTooManyRequests:
		b.note(MoodPlain, "first 429: every request waits as long as the API asks")
	case e.Status == 0:
		b.note(MoodPlain, fmt.Sprintf("first request without an answer (%s): sent again after a while", e.Kind))
	case e.Status >= http.StatusInternalServerError:
		b.note(MoodPlain, fmt.Sprintf("first %d: sent again after a while, other keys go on", e.Status))
	}
}

// breakerChanged notes the opening and the closing; the probes between are no news.
func (b *Board) breakerChanged(e worker.BreakerChanged) {
	switch {
	case e.To == "open" && b.breaker == "closed":
		b.note(MoodBad, "breaker opens, messages are held: "+e.Cause)
	case e.To == "closed":
		b.note(MoodGood, "breaker closes: the API serves again")
	}
	b.breaker = e.To
}

// Note adds a note.
func (b *Board) Note(mood Mood, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note(mood, text)
}

func (b *Board) note(mood Mood, text string) {
	b.noted++
	b.notes = append(b.notes, Note{Seq: b.noted, At: time.Now(), Mood: mood, Text: text})
	if len(b.notes) > notesKept {
		b.notes = append(b.notes[:0], b.notes[1:]...)
	}
}

// Notes returns the notes after a number, the oldest first, as far as they are remembered.
func (b *Board) Notes(after int64) []Note {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.noted - int64(len(b.notes))
	return append([]Note(nil), b.notes[min(max(0, after-first), int64(len(b.notes))):]...)
}

// Tally returns the counts.
func (b *Board) Tally() Tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Tally{Delivered: b.delivered, Dead: b.dead, Retries: b.retries, DeadLetters: maps.Clone(b.deadLetters)}
}

// Ended returns how many messages the worker has ended.
func (b *Board) Ended() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.delivered + b.dead
}
