package chaos_test

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
)

// verdict is what the audit of a run found.
type verdict struct {
	messages    int
	lost        int // in the source topic, and ended nowhere
	unmarked    int // executed as their only end, and without a result record
	outOfOrder  int
	wrongEnd    int                     // executed though they must not be
	forTheAPI   map[deadletter.Code]int // dead-lettered for what a fault did
	duplicates  int                     // executions beyond the first that no producer's repeat accounts for
	extraLetter int                     // dead letters beyond the first
}

// await waits until the first messages, as many as count says, have an end, or nothing has moved for a minute and
// a half.
func (s *stage) await(count func() int) {
	s.t.Helper()
	const patience = 90 * time.Second
	least, moved := math.MaxInt, time.Now()
	for {
		open := s.read(count)
		switch {
		case open == 0:
			return
		case open < least:
			least, moved = open, time.Now()
		case time.Since(moved) > patience:
			s.tell("%d messages have not ended", open)
			return
		}
		time.Sleep(time.Second)
	}
}

// read takes in the topics as they stand and returns how many of the first messages have no end.
func (s *stage) read(count func() int) (open int) {
	s.t.Helper()
	l := s.ledger
	l.mu.Lock()
	for n := range l.entries {
		e := &l.entries[n]
		e.inTopic, e.results, e.letters, e.lettered = 0, 0, 0, 0
	}
	l.mu.Unlock()
	at := map[place]int{}
	s.scan(s.topic, func(m kafkago.Message) {
		n := s.number(m)
		at[place{m.Partition, m.Offset}] = n
		l.note(n, func(e *entry) { e.inTopic++ })
	})
	s.scan(s.results(), func(m kafkago.Message) {
		var r struct{ Source place }
		require.NoError(s.t, json.Unmarshal(m.Value, &r))
		l.note(at[r.Source], func(e *entry) { e.results++ })
	})
	s.scan(s.deadLetters(), func(m kafkago.Message) {
		r, err := deadletter.Decode(m.Value)
		require.NoError(s.t, err)
		l.note(at[place{r.Source.Partition, r.Source.Offset}], func(e *entry) {
			e.letters++
			e.code = r.Code
			mark(&e.lettered, r.FailedAt)
		})
	})
	first := count()
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range first {
		if e := &l.entries[n]; e.inTopic > 0 && (e.firstEnd() == 0 || e.letters == 0 && e.results == 0) {
			open++
		}
	}
	return open
}

// place is where a message stands in the source topic.
type place struct {
	Partition int
	Offset    int64
}

// number returns the number that a message of the source topic carries.
func (s *stage) number(m kafkago.Message) int {
	s.t.Helper()
	require.Len(s.t, m.Headers, 1)
	n, err := strconv.Atoi(string(m.Headers[0].Value))
	require.NoError(s.t, err)
	return n
}

// audit compares what was produced with how it ended. The workers have left.
func (s *stage) audit() verdict {
	s.t.Helper()
	s.read(s.ledger.size)
	v := verdict{forTheAPI: map[deadletter.Code]int{}}
	latest := map[string]int64{} // by key: the latest first end so far
	for n := range s.ledger.entries {
		e := &s.ledger.entries[n]
		if e.inTopic == 0 {
			continue // the producer was told that it failed
		}
		v.messages++
		v.duplicates += max(0, int(e.executions-e.inTopic))
		v.extraLetter += max(0, int(e.letters-e.inTopic))
		end := e.firstEnd()
		switch {
		case end == 0:
			v.lost++
			continue
		case e.letters == 0 && e.results == 0:
			v.unmarked++
		}
		switch f := s.traffic.fate(n); {
		case f == invalid && e.executions > 0:
			v.wrongEnd++
		case e.letters > 0 && !f.explains(e.code):
			v.forTheAPI[e.code]++
		}
		key := s.traffic.key(n)
		if end < latest[key] {
			v.outOfOrder++
		}
		latest[key] = max(latest[key], end)
	}
	return v
}

// explains reports whether a message of a fate may be dead-lettered with a code.
func (f fate) explains(code deadletter.Code) bool {
	switch f {
	case invalid:
		return code == deadletter.CodeValidationFailed
	case refused:
		return code == deadletter.CodeForStatus(http.StatusBadRequest)
	case poison: // its last answer may have been a fault's
		return code == deadletter.CodeMaxRetriesExceeded || code == deadletter.CodeNetworkError
	case good:
	}
	return false
}

// require fails the test where the promise is broken.
func (v verdict) require(t *testing.T) {
	t.Helper()
	assert.Zero(t, v.lost, "lost")
	assert.Zero(t, v.unmarked, "executed and never marked")
	assert.Zero(t, v.outOfOrder, "out of order")
	assert.Zero(t, v.wrongEnd, "wrong end")
}
