package chaos_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// ledger is what is known of every message.
type ledger struct {
	traffic *traffic

	mu         sync.Mutex
	entries    []entry
	ended      int // messages executed once at least, and those that never will be
	executions int
	repeats    int // executions beyond a message's first
	strange    int // executions of what was never produced
}

// entry is one message. Times are Unix nanoseconds; 0 is never.
type entry struct {
	inTopic    int32 // times it stands in the source topic: a producer's repeat is no fault of the worker's
	executions int32
	results    int32
	letters    int32
	executed   int64 // first
	lettered   int64 // first
	code       deadletter.Code
}

func newLedger(t *traffic) *ledger { return &ledger{traffic: t} }

// expect opens the entries of messages up to end, which are about to be produced.
func (l *ledger) expect(end int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := len(l.entries); n < end; n++ {
		l.entries = append(l.entries, entry{})
		if l.traffic.fate(n) != good {
			l.ended++ // for the pace of production only
		}
	}
}

// beginTail says that all messages from n on are good.
func (l *ledger) beginTail(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.traffic.tail.Store(int64(n))
}

// body returns how many messages there were before the tail began, and size how many there are.
func (l *ledger) body() int { return int(l.traffic.tail.Load()) }

func (l *ledger) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// executed takes in what the API did.
func (l *ledger) executed(e genesystest.Execution) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, ok := number(e.ID)
	if !ok || n >= len(l.entries) {
		l.strange++
		return
	}
	l.executions++
	x := &l.entries[n]
	if x.executions++; x.executions > 1 {
		l.repeats++
		return
	}
	x.executed = e.At.UnixNano()
	l.ended++
}

// note changes the entry of a message.
func (l *ledger) note(n int, f func(e *entry)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.entries[n])
}

// behind returns how many of the first n messages have not ended.
func (l *ledger) behind(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return n - l.ended
}

// awaitExecuted waits until so many more messages have been executed, by which the workers have joined.
func (l *ledger) awaitExecuted(t *testing.T, more int) {
	t.Helper()
	want := l.count() + more
	for deadline := time.Now().Add(2 * time.Minute); l.count() < want; time.Sleep(5 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "%d of %d executions: see the workers' logs", l.count(), want)
	}
}

// count returns how often the API has executed something.
func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.executions
}

// duplicates returns how often the API has executed a message again.
func (l *ledger) duplicates() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.repeats
}

// firstEnd is when a message first ended, one way or the other.
func (e *entry) firstEnd() int64 {
	switch {
	case e.executed == 0:
		return e.lettered
	case e.lettered == 0:
		return e.executed
	default:
		return min(e.executed, e.lettered)
	}
}

// mark notes a time as the first of its kind, if it is.
func mark(first *int64, at time.Time) {
	if ns := at.UnixNano(); *first == 0 || ns < *first {
		*first = ns
	}
}
