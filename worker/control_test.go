package worker_test

import (
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/worker"
)

func TestWorker_RefusalBrake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.api.answer = always(status(genesys.KindRefused, 400))
		r.Produce(t, topic, messages(500, 1, 500)...)
		run := r.start(t, func(c *worker.Config) { c.Refusals = 100; c.Concurrency = 8 })
		eventually(t, time.Minute, "halted", func() bool { return run.Snapshot().Halted != nil })
		time.Sleep(time.Minute)
		require.GreaterOrEqual(t, len(r.dead.all()), 100)
		require.Less(t, len(r.dead.all()), 100+8, "what was at the API when it braked, and no more")
		require.Equal(t, 1, r.logs.FilterMessageSnippet("sluice resume").Len())

		r.api.set(nil)
		run.Resume()
		eventually(t, time.Minute, "the rest", func() bool { return r.api.accepted()+len(r.dead.all()) == 500 })
		run.leave(t)
	})
}

func TestWorker_InvalidPayloadsDoNotBrake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		for range 20 {
			r.Produce(t, topic, kafkago.Message{Value: []byte("invalid")})
		}
		run := r.start(t, func(c *worker.Config) { c.Refusals = 5 })
		eventually(t, time.Minute, "all dead-lettered", func() bool { return len(r.dead.all()) == 20 })
		require.Nil(t, run.Snapshot().Halted)
		run.leave(t)
	})
}

func TestWorker_PauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		run := r.start(t, func(c *worker.Config) { c.GiveUpAfter = 10 * time.Minute })
		eventually(t, time.Minute, "joined", func() bool { return run.Snapshot().Joined })
		run.Pause()
		r.Produce(t, topic, messages(10, 1, 10)...)
		time.Sleep(time.Hour)
		require.Zero(t, r.api.called())
		require.Empty(t, r.dead.all(), "a pause gives nothing up")
		run.Resume()
		eventually(t, time.Minute, "all accepted", func() bool { return r.api.accepted() == 10 })
		run.leave(t)
	})
}

func TestWorker_HeldMessageIsEndedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.api.answer = always(status(genesys.KindServer, 503))
		r.Produce(t, topic, messages(5, 1, 5)...)
		run := r.start(t)
		eventually(t, time.Minute, "held", func() bool { return run.Snapshot().Held == 5 && run.Snapshot().Breaker.State != "closed" })
		require.ErrorIs(t, run.DeadLetterHeld("payloads/0/99"), worker.ErrNotHeld)
		require.NoError(t, run.DeadLetterHeld("payloads/0/3"))
		eventually(t, time.Minute, "dead-lettered", func() bool { return len(r.dead.all()) == 1 })
		rec := r.dead.all()[0]
		require.Equal(t, "payloads/0/3", rec.Source.ID())
		require.Equal(t, deadletter.CodeMaxRetriesExceeded, rec.Code)
		require.Contains(t, rec.Message, "by hand")
		require.Equal(t, 4, run.Snapshot().Held)
		run.leave(t)
	})
}
