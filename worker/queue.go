package worker

// queueKey names an order group: a key within a partition, or, with OrderPartition, the partition. Messages
// of one key are in one partition unless the topic grew, and Kafka itself orders nothing across partitions.
type queueKey struct {
	partition int
	key       string
}

// queue holds the in-flight messages of one order group, oldest first. Only the head may be worked on;
// when it ends the next one becomes the head. There is one queue for each key that has messages in flight,
// not a fixed number of lanes: a key that is stuck stops no other.
type queue struct {
	id       queueKey
	messages []*message
}

// fifo is a first-in first-out list of messages. Its zero value is empty. Popped slots are reused, so that
// it allocates only when it holds more than ever before.
type fifo struct {
	items []*message
	head  int
}

func (f *fifo) len() int { return len(f.items) - f.head }

func (f *fifo) push(m *message) { f.items = append(f.items, m) }

func (f *fifo) front() *message {
	if f.len() == 0 {
		return nil
	}
	return f.items[f.head]
}

func (f *fifo) pop() *message {
	m := f.items[f.head]
	f.items[f.head] = nil
	f.head++
	if f.head == len(f.items) {
		f.items, f.head = f.items[:0], 0
	} else if f.head > 64 && f.head*2 > len(f.items) {
		n := copy(f.items, f.items[f.head:])
		clear(f.items[n:])
		f.items, f.head = f.items[:n], 0
	}
	return m
}

// remove takes m out, wherever it stands, and reports whether it was in.
func (f *fifo) remove(m *message) bool {
	for i := f.head; i < len(f.items); i++ {
		if f.items[i] == m {
			copy(f.items[i:], f.items[i+1:])
			f.items[len(f.items)-1] = nil
			f.items = f.items[:len(f.items)-1]
			return true
		}
	}
	return false
}

// timers is a heap of waiting messages by due time, for container/heap.
type timers []*message

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].due.Before(t[j].due) }
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].heapIndex, t[j].heapIndex = i, j
}

// Push implements heap.Interface.
func (t *timers) Push(x any) {
	m := x.(*message) //nolint:forcetypeassert // only messages are pushed
	m.heapIndex = len(*t)
	*t = append(*t, m)
}

// Pop implements heap.Interface.
func (t *timers) Pop() any {
	old := *t
	m := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	return m
}
