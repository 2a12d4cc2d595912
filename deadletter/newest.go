package deadletter

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"
	"time"
)

// DefaultLimit is how many entries [Reader.Newest] returns where the filter sets no limit.
const DefaultLimit = 100

// Listing is what [Reader.List] found.
type Listing struct {
	Entries []Entry // newest first
	Scanned Scanned
}

// List returns the newest dead letters that the filter selects, by the time they failed at, newest first; of
// several about one message with one payload only the newest. It reads the topic as [Reader.Scan] does,
// parses no more than it has to, and holds no more than the filter's limit of entries.
func (r *Reader) List(ctx context.Context, f Filter) (Listing, error) {
	if f.Limit <= 0 {
		f.Limit = DefaultLimit
	}
	top := newest{limit: f.Limit, known: make(map[string]*ranked)}
	s := r.newScan(f)
	err := s.run(ctx, func(l *letter) bool {
		top.take(l)
		return true
	})
	if err != nil {
		return Listing{}, err
	}
	return Listing{top.sorted(), s.scanned}, nil
}

// Newest returns the entries of [Reader.List].
func (r *Reader) Newest(ctx context.Context, f Filter) ([]Entry, error) {
	l, err := r.List(ctx, f)
	return l.Entries, err
}

// Lookup returns of each id, "topic/partition/offset", the newest dead letter, in the order of the ids, each
// once; those that have none are left out. It reads the whole topic, but parses little of it.
func (r *Reader) Lookup(ctx context.Context, ids ...string) ([]Entry, Scanned, error) {
	for _, id := range ids {
		if _, _, _, err := ParseID(id); err != nil {
			return nil, Scanned{}, err
		}
	}
	top := newest{limit: len(ids), known: make(map[string]*ranked)}
	s := r.newScan(Filter{IDs: ids})
	if err := s.run(ctx, func(l *letter) bool { top.add(l.ranked(l.id)); return true }); err != nil {
		return nil, s.scanned, err
	}
	var found []Entry
	for _, id := range ids {
		if x, ok := top.known[id]; ok {
			found = append(found, x.entry())
			delete(top.known, id)
		}
	}
	return found, s.scanned, nil
}

// Get returns the newest dead letter with an id, or an error that wraps [ErrNotFound]. See [Reader.Lookup].
func (r *Reader) Get(ctx context.Context, id string) (Entry, error) {
	found, _, err := r.Lookup(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	if len(found) == 0 {
		return Entry{}, fmt.Errorf("%s in topic %q: %w", id, r.cfg.Topic, ErrNotFound)
	}
	return found[0], nil
}

// identity tells a letter from others, but not from its own repeats; empty where it does not tell what it is
// about, and so repeats no other.
func (l *letter) identity() string {
	if l.id == "" || !l.laidOut {
		return ""
	}
	return l.id + " " + l.glance.payloadSHA256
}

// ranked returns the letter as something to keep. It is parsed only if it is among the newest in the end: in
// a topic that is read from old to new, each is among the newest for a while.
func (l *letter) ranked(identity string) *ranked {
	if l.parsed != nil || !l.complete() {
		return &ranked{Entry: l.entry(), identity: identity}
	}
	kept := *l
	kept.value = bytes.Clone(l.value)
	e := Entry{Record: Record{FailedAt: l.failedAt}, Partition: l.partition, Offset: l.offset, Time: l.time}
	return &ranked{Entry: e, identity: identity, unparsed: &kept}
}

// newest keeps the newest entries, as a heap with the oldest of them on top.
type newest struct {
	limit int
	heap  []*ranked
	known map[string]*ranked // by identity
}

// ranked is an entry that knows its place in the heap.
type ranked struct {
	Entry    // of one that is not parsed yet, only what orders it
	unparsed *letter
	identity string
	place    int
}

// tooOld reports whether a dead letter cannot be among the newest, going by its headers.
func (n *newest) tooOld(x facts) bool {
	return len(n.heap) == n.limit && !x.failedAt.IsZero() && x.failedAt.Before(n.heap[0].failedAt())
}

// take takes a letter in, if it may be among the newest.
func (n *newest) take(l *letter) {
	if !n.tooOld(l.facts) {
		n.add(l.ranked(l.identity()))
	}
}

// add takes one in, and lets go of the oldest where there are too many. Of those with one identity it keeps
// the newest; those with none are all different.
func (n *newest) add(x *ranked) {
	if known, ok := n.known[x.identity]; ok {
		if byAge(known.Entry, x.Entry) < 0 {
			known.Entry, known.unparsed = x.Entry, x.unparsed
			heap.Fix(n, known.place)
		}
		return
	}
	heap.Push(n, x)
	if x.identity != "" {
		n.known[x.identity] = x
	}
	if len(n.heap) > n.limit {
		delete(n.known, heap.Pop(n).(*ranked).identity)
	}
}

// entry returns the whole entry.
func (x *ranked) entry() Entry {
	if x.unparsed != nil {
		x.Entry, x.unparsed = x.unparsed.entry(), nil
	}
	return x.Entry
}

func (n *newest) sorted() []Entry {
	entries := make([]Entry, len(n.heap))
	for i, x := range n.heap {
		entries[i] = x.entry()
	}
	slices.SortFunc(entries, func(a, b Entry) int { return byAge(b, a) })
	return entries
}

// failedAt returns when the message failed, or where the entry does not know, when it was written.
func (e Entry) failedAt() time.Time {
	if e.FailedAt.IsZero() {
		return e.Time
	}
	return e.FailedAt
}

// byAge orders entries, older first; those that failed at one time, by when and where they were written.
func byAge(a, b Entry) int {
	return cmp.Or(
		a.failedAt().Compare(b.failedAt()), a.Time.Compare(b.Time),
		cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset),
	)
}

// Len, Less, Swap, Push and Pop make newest a heap.Interface.
func (n *newest) Len() int           { return len(n.heap) }
func (n *newest) Less(i, j int) bool { return byAge(n.heap[i].Entry, n.heap[j].Entry) < 0 }

// Swap is of heap.Interface.
func (n *newest) Swap(i, j int) {
	n.heap[i], n.heap[j] = n.heap[j], n.heap[i]
	n.heap[i].place, n.heap[j].place = i, j
}

// Push is of heap.Interface.
func (n *newest) Push(x any) {
	r := x.(*ranked)
	r.place = len(n.heap)
	n.heap = append(n.heap, r)
}

// Pop is of heap.Interface.
func (n *newest) Pop() any {
	last := n.heap[len(n.heap)-1]
	n.heap = n.heap[:len(n.heap)-1]
	return last
}
