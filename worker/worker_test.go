package worker_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/worker"
)

func TestWorker_DeliversEveryMessageOnceInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3)
		r.api.answer = slow(10 * time.Millisecond)
		r.Produce(t, topic, messages(2000, 3, 50)...)
		run := r.start(t)
		eventually(t, time.Minute, "all accepted", func() bool { return r.api.accepted() == 2000 })
		run.leave(t)
		r.requireAudit(t, 2000)
		require.LessOrEqual(t, r.api.most, 64)
	})
}

func TestWorker_DrainsOnStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3)
		r.api.answer = slow(20 * time.Second)
		r.Produce(t, topic, messages(300, 3, 300)...)
		first := r.start(t)
		eventually(t, time.Minute, "requests out", func() bool { return r.api.called() >= 64 })
		began := time.Now()
		first.leave(t)
		require.LessOrEqual(t, time.Since(began), 21*time.Second)
		require.Equal(t, r.api.called(), r.api.accepted())

		second := r.start(t)
		eventually(t, 10*time.Minute, "the rest", func() bool { return r.api.accepted() == 300 })
		second.leave(t)
		r.requireAudit(t, 300)
	})
}

func TestWorker_AbortStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.api.answer = slow(time.Hour)
		r.Produce(t, topic, messages(10, 1, 10)...)
		run := r.start(t)
		eventually(t, time.Minute, "requests out", func() bool { return r.api.called() == 10 })
		run.stop()
		synctest.Wait()
		began := time.Now()
		run.Abort()
		require.NoError(t, <-run.done)
		require.Less(t, time.Since(began), 5*time.Second)
		run.done <- nil

		r.api.set(nil)
		second := r.start(t)
		eventually(t, time.Minute, "all accepted by the next owner", func() bool { return r.api.accepted() == 10 })
		second.leave(t)
		r.requireAudit(t, 10)
	})
}

func TestWorker_RebalanceRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 6)
		r.api.answer = slow(18 * time.Second) // longer than the session: needs our own heartbeats
		r.Produce(t, topic, messages(600, 6, 600)...)
		slowly := func(c *worker.Config) { c.Concurrency = 20 }
		first := r.start(t, slowly)
		eventually(t, time.Minute, "requests out", func() bool { return r.api.called() >= 20 })
		second := r.start(t, slowly)
		eventually(t, 5*time.Minute, "two members", func() bool {
			return len(second.Snapshot().Partitions) == 3 && len(first.Snapshot().Partitions) == 3
		})
		first.leave(t)
		eventually(t, 30*time.Minute, "all accepted", func() bool { return r.api.accepted() == 600 })
		second.leave(t)
		r.requireAudit(t, 600)
	})
}

func TestWorker_InvalidPayloadsAreDeadLettered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.Produce(t, topic,
			kafkago.Message{Key: []byte("k"), Value: []byte("invalid"), Headers: []kafkago.Header{{Key: "h", Value: []byte{1}}}},
			kafkago.Message{Key: []byte("k"), Value: []byte(`{"n":0}`)},
			kafkago.Message{Key: []byte("k"), Value: nil},
			kafkago.Message{Key: []byte("k"), Value: []byte("panic")},
		)
		run := r.start(t)
		eventually(t, time.Minute, "three dead letters", func() bool { return len(r.dead.all()) == 3 && r.api.accepted() == 1 })
		run.leave(t)
		require.Equal(t, map[deadletter.Code]int{deadletter.CodeValidationFailed: 2, deadletter.CodeInternalError: 1}, r.dead.codes())
		first := r.dead.all()[0]
		require.Equal(t, "payloads/0/0", first.Source.ID())
		require.Equal(t, deadletter.OutcomeNotSent, first.Outcome)
		require.Equal(t, "invalid", string(first.Payload))
		require.Equal(t, []deadletter.Header{{Key: "h", Value: []byte{1}}}, first.Source.Headers)
		require.Equal(t, 1, first.ViolationCount)
		for _, entry := range r.logs.All() {
			for _, field := range entry.Context {
				require.NotContains(t, field.String, "secret payload")
			}
		}
	})
}

func TestWorker_SkipsTombstonesWhereConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.Produce(t, topic, kafkago.Message{Value: nil}, kafkago.Message{Value: []byte(`{"n":0}`)})
		run := r.start(t, func(c *worker.Config) { c.Tombstones = worker.TombstonesSkip })
		eventually(t, time.Minute, "accepted", func() bool { return r.api.accepted() == 1 })
		run.leave(t)
		require.Empty(t, r.dead.all())
	})
}

func TestWorker_NothingIsMarkedBeforeItsDeadLetterIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.dead.block = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		r.Produce(t, topic, kafkago.Message{Value: []byte("invalid")}, kafkago.Message{Value: []byte(`{"n":0}`)})
		run := r.start(t)
		eventually(t, time.Minute, "accepted", func() bool { return r.api.accepted() == 1 })
		time.Sleep(time.Minute)
		require.EqualValues(t, 0, run.Snapshot().Partitions[0].Position)
		run.leave(t)

		r.dead.block = nil
		second := r.start(t)
		eventually(t, time.Minute, "dead-lettered by the next owner", func() bool { return len(r.dead.all()) == 1 })
		second.leave(t)
	})
}

func TestWorker_StuckKeyStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.api.answer = func(ctx context.Context, c call) error {
			if c.key == "key-0" {
				return slow(time.Hour)(ctx, c)
			}
			return nil
		}
		msgs := messages(3000, 1, 100)
		r.Produce(t, topic, msgs...)
		run := r.start(t, func(c *worker.Config) { c.MaxAhead = 2000 })
		eventually(t, time.Minute, "others up to MaxAhead", func() bool { return r.api.accepted() == 1980 })
		time.Sleep(time.Minute)
		require.Equal(t, 1980, r.api.accepted())
		require.Equal(t, 20, run.Snapshot().InFlight)
		run.stop()
		run.Abort()
	})
}

func TestWorker_InFlightIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		r.api.answer = slow(time.Hour)
		r.Produce(t, topic, messages(500, 2, 2)...)
		run := r.start(t, func(c *worker.Config) { c.MaxInFlight = 100 })
		eventually(t, time.Minute, "full", func() bool { return run.Snapshot().InFlight == 100 })
		time.Sleep(10 * time.Second)
		require.Equal(t, 100, run.Snapshot().InFlight)
		run.stop()
		run.Abort()
	})
}

func TestWorker_WaitsForItsTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		run := r.start(t, func(c *worker.Config) { c.Topic = "later" })
		time.Sleep(150 * time.Second)
		require.False(t, run.Snapshot().Joined)
		require.LessOrEqual(t, r.logs.FilterMessage("waiting for the source topic").Len(), 3)
		r.CreateTopic(t, "later", 1, nil)
		r.Produce(t, "later", kafkago.Message{Value: []byte(`{"n":0}`)})
		eventually(t, time.Minute, "accepted", func() bool { return r.api.accepted() == 1 })
		eventually(t, 5*time.Second, "the dead-letter topic", func() bool {
			parts, err := r.Partitions(t.Context(), "later.dlq")
			return err == nil && len(parts) == 1
		})
		run.leave(t)
	})
}

func TestWorker_NamesAMissingDeadLetterTopicItMayNotCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		run := r.start(t, func(c *worker.Config) { c.CreateTopics = false })
		err := <-run.done
		run.done <- nil
		var topicErr *worker.TopicError
		require.ErrorAs(t, err, &topicErr)
		require.Equal(t, "payloads.dlq", topicErr.Topic)
		require.ErrorContains(t, err, "sluice topics ensure")
	})
}

func TestWorker_RetriesOnTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.api.answer = always(status(genesys.KindServer, 500))
		r.Produce(t, topic, messages(1, 1, 1)...)
		run := r.start(t)
		eventually(t, 21*time.Second, "dead-lettered within 20 s", func() bool { return len(r.dead.all()) == 1 })
		run.leave(t)
		rec := r.dead.all()[0]
		require.Equal(t, deadletter.CodeMaxRetriesExceeded, rec.Code)
		require.Equal(t, 4, rec.AttemptCount)
		for i, least := range []time.Duration{1, 2, 4} {
			wait := r.api.calls[i+1].at.Sub(r.api.calls[i].at)
			require.GreaterOrEqual(t, wait, least*time.Second)
			require.LessOrEqual(t, wait, 2*least*time.Second)
			require.InDelta(t, wait.Milliseconds(), rec.Attempts[i].WaitMS, 2)
		}
	})
}
