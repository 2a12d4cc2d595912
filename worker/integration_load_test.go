package worker_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
)

// load is what a topic is written with while things go wrong.
type load struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// load writes a hundred messages of many keys ten times a second until it is stopped or the test ends. It has
// a connection of its own, and tries for as long as the brokers are in trouble.
func (r *rig) load(t *testing.T, topic string, partitions int) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{cancel: cancel}
	w := &kafkago.Writer{
		Addr: r.Addr(), Topic: topic, Transport: r.Connect(t).Transport(), RequiredAcks: kafkago.RequireAll,
		BatchTimeout: time.Millisecond, MaxAttempts: 1000, WriteBackoffMax: time.Second,
		Balancer: kafkago.BalancerFunc(func(m kafkago.Message, _ ...int) int { return m.Partition }),
	}
	l.done.Go(func() {
		defer w.Close()
		for i := 0; ctx.Err() == nil; i++ {
			var batch []kafkago.Message
			for n := range 100 {
				key := (i*100 + n) % 1000
				batch = append(batch, kafkago.Message{
					Partition: key % partitions, Key: fmt.Appendf(nil, "key-%d", key), Value: fmt.Appendf(nil, `{"n":%d}`, i*100+n),
				})
			}
			if err := w.WriteMessages(context.WithoutCancel(ctx), batch...); err != nil {
				t.Errorf("the load was not written: %v", err)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	t.Cleanup(l.stop)
	return l
}

// stop returns when the last message is written.
func (l *load) stop() {
	l.cancel()
	l.done.Wait()
}

// requireAuditOfLog waits until every message that the topic holds has been accepted, and checks that those
// of a key were accepted in order, and that no more than so many were repeated.
func (r *rig) requireAuditOfLog(t *testing.T, topic string, repeated int) {
	t.Helper()
	log := r.ReadAll(t, topic)
	require.NotEmpty(t, log)
	id := func(m kafkago.Message) string { return fmt.Sprintf("%s/%d/%d", m.Topic, m.Partition, m.Offset) }
	eventually(t, 2*time.Minute, "every message of the log accepted", func() bool {
		return len(r.api.first()) >= len(log)
	})
	first := r.api.first()
	last := map[string]int{}
	for _, m := range log {
		at, ok := first[id(m)]
		require.True(t, ok, "%s was never accepted", id(m))
		require.Greater(t, at+1, last[string(m.Key)], "%s: its key went out of order", id(m))
		last[string(m.Key)] = at + 1
	}
	t.Logf("%d messages, %d repeated", len(log), r.api.accepted()-len(log))
	require.LessOrEqual(t, r.api.accepted()-len(log), repeated, "repeated")
}

// first returns, of each message that was accepted, as how many-eth it was so for the first time.
func (a *api) first() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := make(map[string]int, len(a.done))
	for i, c := range a.done {
		if _, ok := first[c.id]; !ok {
			first[c.id] = i
		}
	}
	return first
}
