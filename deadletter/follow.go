package deadletter

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// followEvery is how often [Reader.Follow] asks what is new: one request for all partitions.
const followEvery = time.Second

// FollowAll begins a [Following] with all that the topic holds.
const FollowAll = -1

// Following says what [Reader.Follow] does.
type Following struct {
	Filter Filter // its limit is ignored
	// Last is how many of those that are there already come first: the newest, oldest of them first; or
	// FollowAll, in the order of [Reader.Scan].
	Last int
	// OnTrouble is told once why the topic cannot be read at the moment, and with nil that it can again. If
	// nil, nobody is.
	OnTrouble func(error)
}

// Follow calls visit for each dead letter that is written from now on and that the filter selects, repeats
// left out, with its value as it stands on the topic, which is valid only during the call. Once it has begun,
// it goes on whatever becomes of brokers and topic: partitions that are added are read from their start, and
// so is a topic that is deleted and made anew. It returns nil when ctx ends, the error of visit, or why it
// could not begin, such as that there is no topic.
func (r *Reader) Follow(ctx context.Context, f Following, visit func(e Entry, stored []byte) error) error {
	f.Filter.Limit = 0
	t := &follower{scan: r.newScan(f.Filter), Following: f, visit: visit, next: make(map[int]int64)}
	err := t.begin(ctx)
	if err == nil {
		err = t.follow(ctx)
	}
	if ctx.Err() != nil && t.failed == nil {
		return nil
	}
	return err
}

// follower knows how far each partition was read.
type follower struct {
	*scan
	Following
	visit   func(Entry, []byte) error
	failed  error         // of visit
	next    map[int]int64 // by partition
	trouble bool
}

// begin brings what is there already, as far as it is wanted, and notes where that ends.
func (t *follower) begin(ctx context.Context) error {
	var err error
	switch {
	case t.Last == FollowAll:
		err = t.run(ctx, t.take)
	case t.Last > 0:
		err = t.beginWithNewest(ctx)
	default:
		var spans []span
		if spans, err = t.reader.spans(ctx, time.Time{}); err != nil {
			return fmt.Errorf("read dead letters of topic %q: %w", t.reader.cfg.Topic, err)
		}
		for _, s := range spans {
			t.next[s.partition] = s.end
		}
	}
	for _, p := range t.scanned.Partitions {
		t.next[p.Partition] = p.Until
	}
	if t.failed != nil {
		return t.failed
	}
	return err
}

func (t *follower) beginWithNewest(ctx context.Context) error {
	top := newest{limit: t.Last, known: make(map[string]*ranked)}
	err := t.run(ctx, func(l *letter) bool {
		top.take(l)
		return true
	})
	if err != nil {
		return err
	}
	entries := top.sorted()
	for i := range entries {
		e := entries[len(entries)-1-i]
		value, err := t.reader.Stored(ctx, e)
		if errors.Is(err, errGone) {
			continue
		}
		if err != nil {
			return err
		}
		if t.failed = t.visit(e, value); t.failed != nil {
			return t.failed
		}
	}
	return nil
}

// take hands a letter on, unless it is a repeat.
func (t *follower) take(l *letter) bool {
	if !l.repeat {
		t.failed = t.visit(l.entry(), l.value)
	}
	return t.failed == nil
}

// follow reads what is new until ctx ends or visit fails.
func (t *follower) follow(ctx context.Context) error {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		err := t.step(ctx)
		if t.failed != nil {
			return t.failed
		}
		t.tell(ctx, err)
		if errors.Is(err, kafka.ErrNoTopic) {
			clear(t.next) // the one that comes back is another
		}
	}
}

// step reads what was written since the last.
func (t *follower) step(ctx context.Context) error {
	spans, err := t.reader.spans(ctx, time.Time{})
	if err != nil {
		return err
	}
	for _, s := range spans {
		if next, known := t.next[s.partition]; known && next <= s.end {
			s.start = max(s.start, next)
		}
		more, err := t.reader.read(ctx, s, func(int64) {}, func(rec *kafkago.Record) (bool, error) {
			t.next[s.partition] = rec.Offset + 1
			l, err := t.selected(s.partition, rec)
			if err != nil || l == nil {
				return true, err
			}
			return t.take(l), nil
		})
		if err != nil || !more {
			return err
		}
		t.next[s.partition] = s.end
	}
	return nil
}

// tell reports a change for the worse or the better.
func (t *follower) tell(ctx context.Context, err error) {
	if (err != nil) == t.trouble || ctx.Err() != nil {
		return
	}
	t.trouble = err != nil
	if t.OnTrouble != nil {
		t.OnTrouble(err)
	}
}
