package demo

import (
	"maps"
	"sync"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
)

// Ledger audits a run: it knows every message that was produced and hears of every end, from those where
// messages end and not from the worker. It keeps only messages whose end is not durable yet and those after
// them. It is safe for concurrent use.
type Ledger struct {
	customer func(n int64) int
	ordered  bool

	mu      sync.Mutex
	base    int64   // number of entries[0]; the ends of all before are durable
	entries []entry // by number, from base
	next    map[int]int64
	sent    int64 // acknowledged by the broker

	lastEnd     []int64 // by customer: the latest end of those retired
	delivered   int64
	deadLetters map[deadletter.Code]int64
	duplicates  int64
	outOfOrder  int64
}

// entry is one message.
type entry struct {
	ended     int64 // Unix nanoseconds of its first end; 0: not yet
	offset    int64 // -1: not acknowledged by the broker
	partition int32
	durable   bool // its result or its dead letter was found
}

// NewLedger returns an empty ledger. customer says whose message it is. ordered says whether the messages of
// a customer must end in the order in which they were produced.
func NewLedger(customer func(n int64) int, ordered bool) *Ledger {
	return &Ledger{
		customer: customer, ordered: ordered, next: map[int]int64{},
		lastEnd: make([]int64, customers), deadLetters: map[deadletter.Code]int64{},
	}
}

// Expect opens entries for the messages up to number end, exclusive, which are about to be produced.
func (l *Ledger) Expect(end int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.base+int64(len(l.entries)) < end {
		l.entries = append(l.entries, entry{offset: -1})
	}
}

// Produced notes where the broker has put a message.
func (l *Ledger) Produced(n int64, partition int, offset int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent++
	l.next[partition] = max(l.next[partition], offset+1)
	if e := l.entry(n); e != nil {
		e.partition, e.offset = int32(partition), offset //nolint:gosec // a handful of partitions
	}
}

// Executed notes that the API has executed a message's action.
func (l *Ledger) Executed(n int64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end(n, at) {
		l.delivered++
	}
}

// DeadLettered notes a message's dead letter.
func (l *Ledger) DeadLettered(n int64, code deadletter.Code, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end(n, at) {
		l.deadLetters[code]++
	}
	l.keep(n)
}

// Stored notes that the result of a message stands in the results topic.
func (l *Ledger) Stored(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(n)
}

// keep notes that a message's end is durable.
func (l *Ledger) keep(n int64) {
	if e := l.entry(n); e != nil {
		e.durable = true
		if n == l.base {
			l.retire()
		}
	}
}

// end notes an end and reports whether it is the message's first: any further one is a duplicate.
func (l *Ledger) end(n int64, at time.Time) bool {
	e := l.entry(n)
	switch {
	case e == nil && n >= l.base:
		return false // of another run's numbering: not a message of ours
	case e == nil || e.ended != 0:
		l.duplicates++
		return false
	}
	e.ended = at.UnixNano()
	return true
}

// entry returns the entry of a message, or nil where there is none, or none any more.
func (l *Ledger) entry(n int64) *entry {
	if n < l.base || n >= l.base+int64(len(l.entries)) {
		return nil
	}
	return &l.entries[n-l.base]
}

// retire lets go of the messages at the front that have ended durably, which is when their order can be told.
func (l *Ledger) retire() {
	i := 0
	for ; i < len(l.entries) && l.entries[i].ended != 0 && l.entries[i].durable; i++ {
		l.settle(l.base+int64(i), l.entries[i].ended)
	}
	l.base += int64(i)
	l.entries = l.entries[i:]
}

// settle checks that a message ended no sooner than those of its customer before it.
func (l *Ledger) settle(n, ended int64) {
	last := &l.lastEnd[l.customer(n)]
	if ended < *last && l.ordered {
		l.outOfOrder++
	}
	*last = max(*last, ended)
}

// Acknowledged returns how many messages the broker has.
func (l *Ledger) Acknowledged() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent
}

// Next returns, by partition, the offset after the last message produced.
func (l *Ledger) Next() map[int]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.next)
}

// Close settles the messages that are left and returns the result. committed holds, by partition, where the
// group would go on: what lies before that and has not ended, or has been executed without a result, is lost;
// what has not ended otherwise is merely in flight.
func (l *Ledger) Close(committed map[int]int64) Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := Result{Delivered: l.delivered, DeadLettered: maps.Clone(l.deadLetters), Duplicates: l.duplicates, Produced: l.base}
	for i, e := range l.entries {
		n := l.base + int64(i)
		ended, marked := e.ended != 0, e.offset >= 0 && e.offset < committed[int(e.partition)]
		switch {
		case !ended && e.offset < 0:
			continue // the broker never had it
		case marked && ended && !e.durable:
			r.Lost++
			r.Delivered--
		case ended:
			l.settle(n, e.ended)
		case marked:
			r.Lost++
		default:
			r.InFlight++
		}
		r.Produced++
	}
	r.OutOfOrder = l.outOfOrder
	l.base += int64(len(l.entries))
	l.entries = nil
	return r
}
