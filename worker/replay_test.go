package worker_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/worker"
)

// ends gathers what the worker tells of replayed messages.
type ends struct {
	mu  sync.Mutex
	all map[string]deadletter.ReplayEnd // by the dead letter that was replayed
}

func (e *ends) Ended(end deadletter.ReplayEnd) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all == nil {
		e.all = map[string]deadletter.ReplayEnd{}
	}
	e.all[end.Of] = end
}

func (e *ends) told() map[string]deadletter.ReplayEnd {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string]deadletter.ReplayEnd{}
	for of, end := range e.all {
		all[of] = end
	}
	return all
}

func replayOf(of, group, value string, more ...kafkago.Header) kafkago.Message {
	return kafkago.Message{Value: []byte(value), Headers: append([]kafkago.Header{
		{Key: deadletter.HeaderReplayID, Value: []byte("rp-1")}, {Key: deadletter.HeaderReplayOf, Value: []byte(of)},
		{Key: deadletter.HeaderReplays, Value: []byte("2")}, {Key: deadletter.HeaderReplayGroup, Value: []byte(group)},
	}, more...)}
}

// How a replayed message ends is told once it is durable; a dead letter of it says what was replayed.
func TestReplay_EndsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		told := &ends{}
		run := r.start(t, func(c *worker.Config) { c.Replays = told })
		r.Produce(t, topic,
			kafkago.Message{Value: []byte("ordinary")},
			replayOf("payloads/0/100", "sluice", "fine"),
			replayOf("payloads/0/101", "sluice", "invalid"),
			replayOf("payloads/0/102", "", "for everybody"),
			replayOf("elsewhere/0/103", "others", "mirrored from a topic of another name"),
			replayOf("nonsense", "others", "forged"),
		)
		eventually(t, 10*time.Second, "all ended", func() bool { return run.events.delivered() == 5 && run.events.deadLettered() == 1 })
		require.Equal(t, map[string]deadletter.ReplayEnd{
			"payloads/0/100": {Replay: "rp-1", Of: "payloads/0/100"},
			"payloads/0/101": {Replay: "rp-1", Of: "payloads/0/101", NewID: "payloads/0/2"},
			"payloads/0/102": {Replay: "rp-1", Of: "payloads/0/102"},
		}, told.told())
		require.Equal(t, &deadletter.Replay{ID: "rp-1", Count: 2, Of: "payloads/0/101"}, r.dead.all()[0].Replay)
	})
}

func TestReplay_OfAnotherGroupIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		told := &ends{}
		run := r.start(t, func(c *worker.Config) { c.Replays = told })
		r.Produce(t, topic, replayOf("payloads/0/100", "others", "fine"), replayOf("payloads/0/101", "others", "invalid"), kafkago.Message{Value: []byte("ordinary")})
		eventually(t, 10*time.Second, "marked", func() bool { return r.committed(t, 0) == 3 })
		require.Equal(t, 1, run.events.delivered())
		require.Equal(t, 1, r.api.called())
		require.Empty(t, r.dead.all())
		require.Empty(t, told.told())
	})
}

// What headers say beyond reason is not believed, and never taken for more than it is.
func TestReplay_HeadersOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		run := r.start(t)
		r.Produce(t, topic,
			replayOf("payloads/0/100", "others", "invalid", kafkago.Header{Key: deadletter.HeaderReplayGroup, Value: []byte("sluice")},
				kafkago.Header{Key: deadletter.HeaderReplays, Value: []byte("999999999999999999999")}),
			kafkago.Message{Value: []byte("invalid"), Headers: []kafkago.Header{{Key: deadletter.HeaderReplays, Value: []byte("7")}}},
		)
		eventually(t, 10*time.Second, "ended", func() bool { return run.events.deadLettered() == 2 })
		counts := map[string]*deadletter.Replay{}
		for _, rec := range r.dead.all() {
			counts[rec.Source.ID()] = rec.Replay
		}
		require.Equal(t, 1_000_000, counts["payloads/0/0"].Count)
		require.Nil(t, counts["payloads/0/1"])
	})
}

// A state log that cannot be written keeps nothing and nobody waiting.
func TestReplay_AStateLogThatIsDownHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.CreateTopic(t, topic+".dlq.state", 1, nil)
		r.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic + ".dlq.state", Err: kerr.NotEnoughReplicas, Count: -1})
		log, err := deadletter.NewStateLog(topic+".dlq", r.Connect(t))
		require.NoError(t, err)
		told := deadletter.NewEndLog(log, r.log)
		t.Cleanup(told.Close)
		run := r.start(t, func(c *worker.Config) { c.Replays = told })
		var msgs []kafkago.Message
		const n = 12_000
		for range n {
			msgs = append(msgs, replayOf("payloads/0/100", "sluice", "fine"))
		}
		began := time.Now()
		r.Produce(t, topic, msgs...)
		eventually(t, time.Minute, "delivered", func() bool { return run.events.delivered() == n })
		eventually(t, time.Minute, "marked", func() bool { return r.committed(t, 0) == n })
		require.Less(t, time.Since(began), 25*time.Second)
		run.leave(t)
		closing := time.Now()
		told.Close()
		require.LessOrEqual(t, time.Since(closing), 25*time.Second)
		require.Positive(t, r.logs.FilterMessageSnippet("the ends of replayed messages could not be noted").Len())
	})
}
