package worker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sluice-kafka/sluice/internal/kafkatest"
	"github.com/sluice-kafka/sluice/worker"
)

// The tests of this file run in real time, over TCP, on the Kafka that SLUICE_TEST_BROKERS names or on an
// embedded broker: what the virtual tests show must hold on a real coordinator too.

// newRealRig has a topic and a group of its own.
func newRealRig(t *testing.T, partitions int) (*rig, func(*worker.Config)) {
	t.Helper()
	return newRigOn(t, kafkatest.Real(t), partitions)
}

func newRigOn(t *testing.T, b *kafkatest.Broker, partitions int) (*rig, func(*worker.Config)) {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	r := &rig{Broker: b, api: &api{}, dead: &deadLetters{}, logs: logs, log: zap.New(core)}
	name := fmt.Sprintf("%s-%d", strings.ReplaceAll(t.Name(), "/", "-"), rand.Uint32())
	r.CreateTopic(t, name, partitions, nil)
	t.Cleanup(func() { // for who reads a failure
		for _, e := range logs.All() {
			t.Log(e.Time.Format("15:04:05.000"), e.Level, e.Message, e.ContextMap())
		}
	})
	return r, func(c *worker.Config) {
		c.Topic, c.Group, c.DeadLetterTopic = name, name, name+".dlq"
		c.SessionTimeout = 6 * time.Second
	}
}

func (run *running) topic() string { return run.cfg.Topic }

func TestIntegration_DeliversEveryMessageOnceInOrder(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 6)
	r.api.answer = slow(2 * time.Millisecond)
	run := r.start(t, own)
	r.Produce(t, run.topic(), messages(5000, 6, 300)...)
	eventually(t, time.Minute, "all accepted", func() bool { return r.api.accepted() == 5000 })
	run.leave(t)
	r.requireAudit(t, 5000)
}

// TestIntegration_DrainsLongerThanASession needs the coordinator to be heartbeaten while draining: a request
// outlasts the session when another member joins.
func TestIntegration_DrainsLongerThanASession(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 4)
	r.api.answer = slow(9 * time.Second)
	draining := func(c *worker.Config) { c.Concurrency = 16; c.Drain = 12 * time.Second }
	first := r.start(t, own, draining)
	r.Produce(t, first.topic(), messages(64, 4, 64)...)
	eventually(t, time.Minute, "requests out", func() bool { return r.api.called() == 16 })
	second := r.start(t, own, draining, func(c *worker.Config) {
		c.Topic, c.Group, c.DeadLetterTopic = first.cfg.Topic, first.cfg.Group, first.cfg.DeadLetterTopic
	})
	eventually(t, time.Minute, "two members", func() bool {
		return len(first.Snapshot().Partitions) == 2 && len(second.Snapshot().Partitions) == 2
	})
	r.api.set(slow(100 * time.Millisecond))
	eventually(t, 2*time.Minute, "all accepted", func() bool { return r.api.accepted() == 64 })
	first.leave(t)
	second.leave(t)
	r.requireAudit(t, 64)
	require.Zero(t, r.logs.FilterMessageSnippet("gone on without").Len())
}

// TestIntegration_MetadataCarriesWhatHasEnded: a process that is cut off behind a stuck key repeats nothing
// that had ended.
func TestIntegration_MetadataCarriesWhatHasEnded(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 1)
	r.api.answer = func(ctx context.Context, c call) error {
		if c.key == "key-0" {
			return slow(time.Hour)(ctx, c)
		}
		return nil
	}
	first := r.start(t, own)
	r.Produce(t, first.topic(), messages(15_000, 1, 1000)...)
	eventually(t, time.Minute, "all others", func() bool { return r.api.accepted() == 14_985 })
	time.Sleep(3 * first.cfg.CommitInterval)
	first.stop()
	first.Abort()
	first.left(t)

	r.api.set(nil)
	second := r.start(t, func(c *worker.Config) { *c = first.cfg })
	eventually(t, time.Minute, "the stuck key", func() bool { return r.api.accepted() >= 15_000 })
	second.leave(t)
	r.requireAudit(t, 15_000)
}
