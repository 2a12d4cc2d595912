package deadletter

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"
	"time"
)

// DefaultLimit is how many entries [Reader.Newest] returns where the filter sets no limit.
const DefaultLimit = 100

// Newest returns the newest dead letters that the filter selects, by the time they failed at, newest first;
// of several with one id only the newest. It reads the topic as [Reader.Scan] does, and holds no more than
// the filter's limit of entries.
func (r *Reader) Newest(ctx context.Context, f Filter) ([]Entry, error) {
	if f.Limit <= 0 {
		f.Limit = DefaultLimit
	}
	top := newest{limit: f.Limit, byID: make(map[string]*ranked)}
	maybe := func(x facts) bool { return f.admits(x, false) && !top.tooOld(x) }
	err := r.walk(ctx, f, maybe, func(e Entry) bool {
		top.add(e)
		return true
	})
	if err != nil {
		return nil, err
	}
	return top.sorted(), nil
}

// Get returns the newest dead letter with an id, "topic/partition/offset", or an error that wraps
// [ErrNotFound]. It reads the whole topic, but parses little of it.
func (r *Reader) Get(ctx context.Context, id string) (Entry, error) {
	if _, _, _, err := ParseID(id); err != nil {
		return Entry{}, err
	}
	found, err := r.Newest(ctx, Filter{IDs: []string{id}, Limit: 1})
	if err != nil {
		return Entry{}, err
	}
	if len(found) == 0 {
		return Entry{}, fmt.Errorf("%s in topic %q: %w", id, r.cfg.Topic, ErrNotFound)
	}
	return found[0], nil
}

// newest keeps the newest entries, as a heap with the oldest of them on top.
type newest struct {
	limit int
	heap  []*ranked
	byID  map[string]*ranked
}

// ranked is an entry that knows its place in the heap.
type ranked struct {
	Entry
	place int
}

// tooOld reports whether a dead letter cannot be among the newest, going by its headers.
func (n *newest) tooOld(x facts) bool {
	return len(n.heap) == n.limit && !x.failedAt.IsZero() && x.failedAt.Before(n.heap[0].failedAt())
}

// add takes an entry in, and lets go of the oldest where there are too many.
func (n *newest) add(e Entry) {
	id := ""
	if e.Source.Topic != "" { // a message that tells nothing of its source repeats no other
		id = e.Source.ID()
	}
	if known, ok := n.byID[id]; ok {
		if byAge(known.Entry, e) < 0 {
			known.Entry = e
			heap.Fix(n, known.place)
		}
		return
	}
	x := &ranked{Entry: e}
	heap.Push(n, x)
	if id != "" {
		n.byID[id] = x
	}
	if len(n.heap) > n.limit {
		oldest := heap.Pop(n).(*ranked)
		delete(n.byID, oldest.Source.ID())
	}
}

func (n *newest) sorted() []Entry {
	entries := make([]Entry, len(n.heap))
	for i, x := range n.heap {
		entries[i] = x.Entry
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
