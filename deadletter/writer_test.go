package deadletter

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
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

const topic = "payloads.dlq"

// desk is a writer with its broker, its log and its failure count.
type desk struct {
	*Writer
	broker   *kafkatest.Broker
	logs     *observer.ObservedLogs
	failures atomic.Int64
}

// inBubble runs a test in virtual time, with a topic of two partitions and a writer to it.
func inBubble(t *testing.T, config map[string]string, test func(t *testing.T, d *desk), opts ...kfake.Opt) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t, opts...)
		b.CreateTopic(t, topic, 2, config)
		test(t, newDesk(t, b, b.Cluster))
	})
}

func newDesk(t *testing.T, b *kafkatest.Broker, c *kafka.Cluster) *desk {
	t.Helper()
	d := &desk{broker: b}
	core, logs := observer.New(zapcore.InfoLevel)
	w, err := NewWriter(WriterConfig{
		Topic: topic, Cluster: c, Logger: zap.New(core), OnFailure: func() { d.failures.Add(1) },
	})
	require.NoError(t, err)
	d.Writer, d.logs = w, logs
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return d
}

// written returns the records on the topic, each checked against the published schema, by id.
func (d *desk) written(t *testing.T) map[string]Record {
	t.Helper()
	records := make(map[string]Record)
	for _, m := range d.broker.ReadAll(t, topic) {
		requireValid(t, m.Value)
		r, err := Decode(m.Value)
		require.NoError(t, err)
		require.NotContains(t, records, r.Source.ID(), "written twice")
		records[r.Source.ID()] = r
	}
	return records
}

// numbered returns a sample with an offset and a key of its own.
func numbered(n int) Record {
	r := sample(CodeMaxRetriesExceeded)
	r.Source.Offset, r.Source.Key = int64(n), []byte("key-"+strconv.Itoa(n))
	return r
}

func TestWriter_WritesWithHeadersAndKey(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, d *desk) {
		r := sample(CodeForStatus(422))
		start := time.Now()
		require.NoError(t, d.Write(t.Context(), r))
		require.Less(t, time.Since(start), 10*time.Millisecond, "a lone record does not wait for company")
		m := d.broker.ReadAll(t, topic)[0]
		require.Equal(t, []kafkago.Header{
			{Key: "dlq.id", Value: []byte("payloads/3/1042")},
			{Key: "dlq.code", Value: []byte("GENESYS_API_422")},
			{Key: "dlq.class", Value: []byte("permanent")},
			{Key: "dlq.fingerprint", Value: []byte(r.Fingerprint())},
			{Key: "dlq.failed-at", Value: []byte("2026-11-23T09:30:00.12Z")},
			{Key: "dlq.replays", Value: []byte("2")},
		}, m.Headers)
		require.Equal(t, r.Source.Key, m.Key)
		same(t, r, d.written(t)[r.Source.ID()])
		require.Empty(t, d.logs.All())
	})
}

// Ten minutes without enough replicas lose nothing and are summed up in the log.
func TestWriter_OutageOfReplicas(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, d *desk) {
		const records = 100
		fault := d.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
		start := time.Now()
		time.AfterFunc(10*time.Minute, fault.Remove)
		var writes sync.WaitGroup
		for n := range records {
			writes.Go(func() { require.NoError(t, d.Write(t.Context(), numbered(n))) })
		}
		writes.Wait()
		require.InDelta(t, 10*time.Minute, time.Since(start), float64(5*time.Second), "it ends within seconds of the recovery")
		require.Len(t, d.written(t), records)
		require.Positive(t, d.failures.Load())

		warnings := d.logs.FilterLevelExact(zapcore.WarnLevel).All()
		require.LessOrEqual(t, len(warnings), 21, "at most a line every 30 s")
		require.Equal(t, start, warnings[0].Time, "the first failure is told at once")
		require.Contains(t, warnings[0].ContextMap()["next"], "min.insync.replicas")
		require.EqualValues(t, records, warnings[1].ContextMap()["waiting"])
		require.Len(t, d.logs.FilterMessage("dead letters are written again").All(), 1)
	})
}

// A huge record is cut to what the topic takes, step by step, and stays valid; the broker tells its limit or
// does not.
func TestWriter_CutsToTheTopicsLimit(t *testing.T) {
	huge := sample(CodeMaxRetriesExceeded)
	huge.Payload = []byte(`{"text":"` + strings.Repeat(`"é<`, 1<<18) + `"}`)
	huge.Source.Key = []byte(strings.Repeat("k", 300))
	huge.Source.Headers = nil
	for n := range 100 {
		huge.Source.Headers = append(huge.Source.Headers, Header{Key: "header-" + strconv.Itoa(n), Value: []byte(strings.Repeat("v", 100))})
	}
	for n := range 40 {
		huge.Attempts = append(huge.Attempts, Attempt{N: n + 2, At: huge.FailedAt, Status: 503})
	}
	for bytes, parts := range map[int][]Part{
		1 << 10:  {PartPayload, PartHeaders, PartDetails, PartKey, PartContext},
		5 << 10:  {PartPayload, PartHeaders, PartDetails, PartKey},
		10 << 10: {PartPayload, PartHeaders},
		1 << 20:  {PartPayload},
	} {
		for _, told := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d bytes, told %v", bytes, told), func(t *testing.T) {
				inBubble(t, map[string]string{"max.message.bytes": strconv.Itoa(bytes)}, func(t *testing.T, d *desk) {
					if !told {
						d.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.TopicAuthorizationFailed, Count: -1})
					}
					require.NoError(t, d.Write(t.Context(), huge))
					got := d.written(t)[huge.Source.ID()]
					require.Equal(t, hash(huge.Payload), got.Cut.PayloadSHA256)
					require.Equal(t, len(huge.Payload), got.Cut.PayloadSize)
					require.True(t, strings.HasPrefix(string(huge.Payload), string(got.Payload)))
					require.Equal(t, huge.Fingerprint(), got.Fingerprint())
					require.Len(t, d.logs.FilterLevelExact(zapcore.WarnLevel).All(), 1)
					if told {
						require.Equal(t, parts, got.Cut.Parts)
						size := kafka.BatchSize(d.broker.ReadAll(t, topic)[0])
						require.Greater(t, size, bytes*9/10-1<<9, "what is left of the room holds the payload's beginning")
					}
					if m := d.broker.ReadAll(t, topic)[0]; got.keyCut() {
						require.Equal(t, hashKeyPrefix+hash(huge.Source.Key)[:32], string(m.Key))
					} else {
						require.Equal(t, huge.Source.Key, m.Key)
					}
				})
			})
		}
	}
}

// The configured bound holds where the topic would take more.
func TestWriter_MaxBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		b.CreateTopic(t, topic, 1, nil)
		w, err := NewWriter(WriterConfig{Topic: topic, Cluster: b.Cluster, MaxBytes: 2048})
		require.NoError(t, err)
		r := numbered(1)
		r.Payload = []byte(strings.Repeat("x", 1<<20))
		require.NoError(t, w.Write(t.Context(), r))
		require.LessOrEqual(t, kafka.BatchSize(b.ReadAll(t, topic)[0]), 2048)
		require.NoError(t, w.Close())
	})
}

// One record that is refused neither fails nor holds up the others of its batch.
func TestWriter_OneRefusedRecordAmongMany(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, d *desk) {
		refusePoison(d)
		const records = 300
		var writes sync.WaitGroup
		for n := range records {
			writes.Go(func() {
				r := numbered(n)
				if n == 150 {
					r.Source.Headers = []Header{{Key: "h", Value: []byte(strings.Repeat("-", 40) + "poison")}}
				}
				require.NoError(t, d.Write(t.Context(), r))
			})
		}
		writes.Wait()
		got := d.written(t)
		require.Len(t, got, records)
		for id, r := range got {
			require.Equal(t, id == "payloads/3/150", r.Cut != nil, "only the refused record was cut: %s", id)
		}
		require.Zero(t, d.failures.Load(), "a record's own fault is no failing write")
	})
}

// refusePoison lets the broker refuse, whole, every batch that holds the word, and counts its refusals.
func refusePoison(d *desk) *kfake.FaultHandle {
	return d.broker.Fake.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidRecord, Count: -1,
		When: func(req kmsg.Request) bool {
			return strings.Contains(string(req.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records), "poison")
		},
	})
}

func TestWriter_Close(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, d *desk) {
		fault := d.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
		time.AfterFunc(time.Minute, fault.Remove)
		var writes sync.WaitGroup
		writes.Go(func() { require.NoError(t, d.Write(t.Context(), numbered(1))) })
		synctest.Wait()
		require.NoError(t, d.Close())
		writes.Wait()
		require.Len(t, d.written(t), 1, "a write under way is finished")
		require.ErrorIs(t, d.Write(t.Context(), numbered(2)), ErrClosed)
	})
}

func TestWriter_ContextEnded(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, d *desk) {
		cause := fmt.Errorf("drain is over")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		require.ErrorIs(t, d.Write(ctx, numbered(1)), cause)
	})
}

// No log line and no error holds what the message held.
func TestWriter_TellsNoSecrets(t *testing.T) {
	inBubble(t, map[string]string{"max.message.bytes": "1024"}, func(t *testing.T, d *desk) {
		r := numbered(1)
		r.Payload, r.Source.Key = []byte(strings.Repeat("secret", 1000)), []byte("secret-key")
		r.Source.Headers = []Header{{Key: "h", Value: []byte("secret-header")}}
		require.NoError(t, d.Write(t.Context(), r))
		d.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.NotContains(t, d.Write(ctx, r).Error(), "secret")
		require.NotEmpty(t, d.logs.All())
		for _, line := range d.logs.All() {
			require.NotContains(t, fmt.Sprint(line.Message, line.ContextMap()), "secret")
		}
	})
}

func TestNewWriter_Refuses(t *testing.T) {
	_, err := NewWriter(WriterConfig{Topic: topic})
	require.ErrorContains(t, err, "needs a topic and a cluster")
	_, err = NewWriter(WriterConfig{Topic: topic, Cluster: new(kafka.Cluster), MaxBytes: -1})
	require.ErrorContains(t, err, "MaxBytes")
}

func BenchmarkWrite(b *testing.B) {
	broker := kafkatest.TCP(b)
	broker.CreateTopic(b, topic, 6, nil)
	w, err := NewWriter(WriterConfig{Topic: topic, Cluster: broker.Cluster})
	require.NoError(b, err)
	var n atomic.Int64
	b.SetParallelism(100)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			require.NoError(b, w.Write(b.Context(), numbered(int(n.Add(1)))))
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	require.NoError(b, w.Close())
}
