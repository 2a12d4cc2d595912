package kafka_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

const notes = "notes"

// pad is an appender with its broker, its log and its failure count.
type pad struct {
	*kafka.Appender
	broker   *kafkatest.Broker
	logs     *observer.ObservedLogs
	failures atomic.Int64
}

// inBubble runs a test in virtual time, with a topic of two partitions and an appender to it.
func inBubble(t *testing.T, config map[string]string, test func(t *testing.T, p *pad)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		b.CreateTopic(t, notes, 2, config)
		test(t, newPad(t, b, b.Cluster))
	})
}

func newPad(t *testing.T, b *kafkatest.Broker, c *kafka.Cluster) *pad {
	t.Helper()
	p := &pad{broker: b}
	core, logs := observer.New(zapcore.InfoLevel)
	a, err := kafka.NewAppender(kafka.AppenderConfig{
		What: "note", Topic: notes, Cluster: c, Logger: zap.New(core), OnFailure: func() { p.failures.Add(1) },
	})
	require.NoError(t, err)
	p.Appender, p.logs = a, logs
	t.Cleanup(a.Close)
	return p
}

// note appends a record that has a smaller form, of which "cut" is the value.
func (p *pad) note(ctx context.Context, key, value string) error {
	return p.Append(ctx, "notes/"+key, func(limit int) kafka.Form {
		whole := kafkago.Message{Key: []byte(key), Value: []byte(value)}
		if size := kafka.BatchSize(whole); size <= limit {
			return kafka.Form{Message: whole, Size: size}
		}
		least := kafkago.Message{Key: []byte(key), Value: []byte("cut")}
		return kafka.Form{Message: least, Size: kafka.BatchSize(least), Cut: []string{"value"}}
	})
}

// written returns the values on the topic, by key.
func (p *pad) written(t *testing.T) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, m := range p.broker.ReadAll(t, notes) {
		require.NotContains(t, values, string(m.Key), "written twice")
		values[string(m.Key)] = string(m.Value)
	}
	return values
}

// Ten minutes without enough replicas lose nothing and are summed up in the log.
func TestAppender_OutageOfReplicas(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *pad) {
		const records = 25
		fault := p.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
		start := time.Now()
		time.AfterFunc(10*time.Minute, fault.Remove)
		var appends sync.WaitGroup
		for n := range records {
			appends.Go(func() { assert.NoError(t, p.note(t.Context(), strconv.Itoa(n), "value")) })
		}
		appends.Wait()
		require.InDelta(t, 10*time.Minute, time.Since(start), float64(5*time.Second), "it ends within seconds of the recovery")
		require.Len(t, p.written(t), records)
		require.Positive(t, p.failures.Load())

		warnings := p.logs.FilterLevelExact(zapcore.WarnLevel).All()
		require.LessOrEqual(t, len(warnings), 21, "at most a line every 30 s")
		require.Equal(t, start, warnings[0].Time, "the first failure is told at once")
		require.Equal(t, "notes cannot be written: their messages stay unmarked and the writes are repeated", warnings[0].Message)
		require.Contains(t, warnings[0].ContextMap()["next"], "min.insync.replicas")
		require.EqualValues(t, records, warnings[1].ContextMap()["waiting"])
		require.Len(t, p.logs.FilterMessage("notes are written again").All(), 1)
	})
}

func TestAppender_BrokerOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		b.CreateTopic(t, notes, 2, nil)
		var reachable atomic.Bool
		cfg := b.Config()
		dial := cfg.Dial
		cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if !reachable.Load() {
				return nil, fmt.Errorf("dial %s: connection refused", address)
			}
			return dial(ctx, network, address)
		}
		c, err := kafka.New(cfg)
		require.NoError(t, err)
		t.Cleanup(c.Close)
		p := newPad(t, b, c)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = p.note(ctx, "1", "secret")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "write note notes/1 to topic")
		require.ErrorContains(t, err, "connection refused", "the last failure is told with it")
		require.NotContains(t, err.Error(), "secret")

		time.AfterFunc(time.Minute, func() { reachable.Store(true) })
		start := time.Now()
		require.NoError(t, p.note(t.Context(), "2", "value"))
		require.Less(t, time.Since(start), 80*time.Second)
		require.Len(t, p.written(t), 1)
	})
}

func TestAppender_WaitsForTheTopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		p := newPad(t, b, b.Cluster)
		time.AfterFunc(time.Minute, func() { b.CreateTopic(t, notes, 2, nil) })
		require.NoError(t, p.note(t.Context(), "1", "value"))
		require.Contains(t, p.logs.All()[0].ContextMap()["next"], "sluice topics ensure")
	})
}

// One record that is refused neither fails nor holds up the others, and is found by halving: in a number of
// requests that grows with the logarithm of the batch.
func TestAppender_OneRefusedRecordAmongMany(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *pad) {
		requests := p.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Observe: true, Count: -1})
		p.broker.Fake.Fault(kfake.Fault{
			Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidRecord, Count: -1,
			When: func(req kmsg.Request) bool {
				return strings.Contains(string(req.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records), "poison")
			},
		})
		const records = 300
		var appends sync.WaitGroup
		for n := range records {
			value := "value " + strconv.Itoa(n)
			if n == 150 {
				value = strings.Repeat("poison", 10)
			}
			appends.Go(func() { assert.NoError(t, p.note(t.Context(), strconv.Itoa(n), value)) })
		}
		appends.Wait()
		got := p.written(t)
		require.Len(t, got, records)
		for key, value := range got {
			require.Equal(t, key == "150", value == "cut", "only the refused record was cut: %s", key)
		}
		require.Zero(t, p.failures.Load(), "a record's own fault is no failing write")
		require.Less(t, requests.Hits(), records/3)
		cut := p.logs.FilterMessageSnippet("note cut to fit its topic").All()
		require.Len(t, cut, 1)
		require.Equal(t, "notes/150", cut[0].ContextMap()["id"])
	})
}

// Records that fit alone but not together are not cut.
func TestAppender_BatchesWithinTheLimit(t *testing.T) {
	inBubble(t, map[string]string{"max.message.bytes": "2048"}, func(t *testing.T, p *pad) {
		long := strings.Repeat("v", 1500)
		var appends sync.WaitGroup
		for n := range 100 {
			appends.Go(func() { assert.NoError(t, p.note(t.Context(), strconv.Itoa(n), long)) })
		}
		appends.Wait()
		for key, value := range p.written(t) {
			require.Equal(t, long, value, key)
		}
	})
}

// A record larger than the topic takes is cut, whether the broker tells its limit or not.
func TestAppender_TooLarge(t *testing.T) {
	for _, told := range []bool{true, false} {
		inBubble(t, map[string]string{"max.message.bytes": "2048"}, func(t *testing.T, p *pad) {
			if !told {
				p.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.TopicAuthorizationFailed, Count: -1})
			}
			require.NoError(t, p.note(t.Context(), "1", strings.Repeat("v", 3000)))
			require.Equal(t, map[string]string{"1": "cut"}, p.written(t))
		})
	}
}

// Where the topic refuses even the smallest form, the whole record is written once it relents.
func TestAppender_KeepsTheWholeRecordThroughARefusal(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *pad) {
		fault := p.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidRecord, Count: -1})
		time.AfterFunc(10*time.Minute, fault.Remove)
		const whole = "more than is left of it where it is cut"
		require.NoError(t, p.note(t.Context(), "1", whole))
		require.Contains(t, p.logs.All()[0].ContextMap()["next"], "cleanup.policy")
		require.Equal(t, map[string]string{"1": whole}, p.written(t))
	})
}

// Appends to one partition are in order: one request is out at a time.
func TestAppender_KeepsOrderWithinAKey(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *pad) {
		p.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: 5})
		var appends sync.WaitGroup
		for key := range 10 {
			appends.Go(func() {
				for n := range 20 {
					assert.NoError(t, p.Append(t.Context(), "x", func(int) kafka.Form {
						m := kafkago.Message{Key: []byte(strconv.Itoa(key)), Value: fmt.Appendf(nil, "%03d", n)}
						return kafka.Form{Message: m, Size: kafka.BatchSize(m)}
					}))
				}
			})
		}
		appends.Wait()
		byKey := map[string][]string{}
		for _, m := range p.broker.ReadAll(t, notes) {
			byKey[string(m.Key)] = append(byKey[string(m.Key)], string(m.Value))
		}
		require.Len(t, byKey, 10)
		for key, values := range byKey {
			require.Len(t, values, 20, key)
			require.True(t, slices.IsSorted(values), key)
		}
	})
}

func TestAppender_Close(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *pad) {
		fault := p.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
		time.AfterFunc(time.Minute, fault.Remove)
		var appends sync.WaitGroup
		appends.Go(func() { assert.NoError(t, p.note(t.Context(), "1", "value")) })
		synctest.Wait()
		p.Close()
		appends.Wait()
		require.Len(t, p.written(t), 1, "an append under way is finished")
		require.ErrorIs(t, p.note(t.Context(), "2", "value"), kafka.ErrClosed)
	})
}

func TestAppender_ContextEnded(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, p *pad) {
		cause := fmt.Errorf("drain is over")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		require.ErrorIs(t, p.note(ctx, "1", "value"), cause)
	})
}

func TestNewAppender_Refuses(t *testing.T) {
	_, err := kafka.NewAppender(kafka.AppenderConfig{What: "note", Topic: notes})
	require.EqualError(t, err, "note writer: needs a topic and a cluster")
	_, err = kafka.NewAppender(kafka.AppenderConfig{What: "note", Topic: notes, Cluster: new(kafka.Cluster), MaxBytes: -1})
	require.ErrorContains(t, err, "MaxBytes must not be negative (got -1)")
}
