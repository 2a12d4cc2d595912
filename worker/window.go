package worker

import "time"

// window tracks the received offsets of one partition and knows the position that may be committed: the
// lowest offset that was received and is not yet marked, or, where nothing is unmarked, the position after
// the last one that was received. It tracks only what was received, so gaps in the log (compaction, control
// records, aborted transactions) need no special case.
//
// Its one invariant: the position never passes an unmarked offset. It is not safe for concurrent use.
type window struct {
	slots []slot // received offsets from the lowest unmarked one on, ascending
	head  int    // index of the first slot in use; those before it are waiting to be compacted away
	base  uint64 // sequence number of slots[0]
	last  slot   // the last one that the position passed
	next  int64  // where the fetch goes on
}

type slot struct {
	offset    int64
	timestamp time.Time
	marked    bool
}

// newWindow returns a window whose first received offset will be at or after position.
func newWindow(position int64) *window { return &window{next: position} }

// add takes in a received offset and returns the handle by which to mark it. Offsets must ascend.
func (w *window) add(offset int64, timestamp time.Time) (handle uint64) {
	w.slots = append(w.slots, slot{offset: offset, timestamp: timestamp})
	w.next = offset + 1
	return w.base + uint64(len(w.slots)) - 1
}

// mark says that the message of the handle has ended, and reports whether the position moved.
func (w *window) mark(handle uint64) (moved bool) {
	w.slots[handle-w.base].marked = true
	for w.head < len(w.slots) && w.slots[w.head].marked {
		w.last = w.slots[w.head]
		w.head++
		moved = true
	}
	// Compact when half of the slice is behind us: amortised constant, and no array grows with the backlog.
	if w.head == len(w.slots) || w.head > 64 && w.head*2 > len(w.slots) {
		w.slots = append(w.slots[:0], w.slots[w.head:]...)
		w.base += uint64(w.head)
		w.head = 0
	}
	return moved
}

// skipTo moves the fetch position over offsets at which there is no message.
func (w *window) skipTo(next int64) { w.next = max(w.next, next) }

// position returns the offset to commit.
func (w *window) position() int64 {
	if w.head < len(w.slots) {
		return w.slots[w.head].offset
	}
	return w.next
}

// ahead returns how many offsets the fetch position is past the commit position.
func (w *window) ahead() int64 { return w.next - w.position() }

// oldest returns the timestamp of the lowest unmarked message; zero where nothing is unmarked.
func (w *window) oldest() time.Time {
	if w.head < len(w.slots) {
		return w.slots[w.head].timestamp
	}
	return time.Time{}
}

// done returns what is marked beyond the position: the lowest such message, and all their offsets. Offsets
// between two marked ones at which nothing was received count as marked: there is no message to skip.
func (w *window) done() (lowest slot, spans []span) {
	joined := false // whether the slot before was marked
	for _, s := range w.slots[w.head:] {
		switch {
		case !s.marked:
		case joined:
			spans[len(spans)-1].to = s.offset + 1
		default:
			if len(spans) == 0 {
				lowest = s
			}
			spans = append(spans, span{s.offset, s.offset + 1})
		}
		joined = s.marked
	}
	return lowest, spans
}
