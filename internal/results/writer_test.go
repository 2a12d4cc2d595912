package results

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
	"github.com/sluice-kafka/sluice/worker"
)

const topic = "payloads.results"

func numbered(n int) worker.Result {
	return worker.Result{
		Data: fmt.Appendf(nil, `{"invocationId":"inv-%d"}`, n), RequestID: fmt.Sprintf("req-%d", n), At: time.Now(),
		Source: deadletter.Source{Topic: "payloads", Partition: 1, Offset: int64(n), Key: fmt.Appendf(nil, "key-%d", n)},
	}
}

func newWriter(t *testing.T, b *kafkatest.Broker) (*Writer, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	w, err := NewWriter(WriterConfig{Topic: topic, Cluster: b.Cluster, Logger: zap.New(core)})
	require.NoError(t, err)
	t.Cleanup(w.Close)
	return w, logs
}

func TestWriter_WritesUnderTheSourceKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		b.CreateTopic(t, topic, 2, nil)
		w, logs := newWriter(t, b)
		var writes sync.WaitGroup
		for n := range 100 {
			writes.Go(func() { assert.NoError(t, w.Write(t.Context(), numbered(n))) })
		}
		writes.Wait()
		all := b.ReadAll(t, topic)
		require.Len(t, all, 100)
		for _, m := range all {
			requireValid(t, m.Value)
			r, err := Decode(m.Value)
			require.NoError(t, err)
			require.Equal(t, r.Source.Key, m.Key)
			require.Equal(t, fmt.Sprintf(`{"invocationId":"inv-%d"}`, r.Source.Offset), string(r.Data))
		}
		require.Empty(t, logs.All())
	})
}

// A result that its topic has no room for is cut and written; nothing of it is in the log.
func TestWriter_CutsToTheTopicsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		b.CreateTopic(t, topic, 1, map[string]string{"max.message.bytes": "2048"})
		w, logs := newWriter(t, b)
		r := numbered(1)
		r.Data = json.RawMessage(`"` + strings.Repeat("secret", 1<<17) + `"`)
		require.NoError(t, w.Write(t.Context(), r))
		m := b.ReadAll(t, topic)[0]
		requireValid(t, m.Value)
		require.Contains(t, string(m.Value), fmt.Sprintf(`"data_truncated":true,"data_size":%d,"data_sha256":"%s","request_id":"req-1","source":{`, len(r.Data), hash(r.Data)))
		require.Len(t, logs.All(), 1)
		require.Contains(t, logs.All()[0].Message, "result cut to fit its topic: raise max.message.bytes")
		require.NotContains(t, fmt.Sprint(logs.All()[0].ContextMap()), "secret")
	})
}

func TestWriter_TellsNoSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		b.CreateTopic(t, topic, 1, nil)
		w, logs := newWriter(t, b)
		b.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
		r := numbered(1)
		r.Data, r.Source.Key = json.RawMessage(`"secret"`), []byte("secret")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := w.Write(ctx, r)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, `write result payloads/1/1 to topic "payloads.results"`)
		require.NotContains(t, err.Error(), "secret")
		require.NotEmpty(t, logs.All())
		for _, line := range logs.All() {
			require.NotContains(t, fmt.Sprint(line.Message, line.ContextMap()), "secret")
		}
	})
}

func TestWriter_Close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		w, _ := newWriter(t, b)
		w.Close()
		require.ErrorIs(t, w.Write(t.Context(), numbered(1)), kafka.ErrClosed)
	})
}

func BenchmarkWrite(b *testing.B) {
	broker := kafkatest.TCP(b)
	broker.CreateTopic(b, topic, 6, nil)
	w, err := NewWriter(WriterConfig{Topic: topic, Cluster: broker.Cluster})
	require.NoError(b, err)
	var n atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			require.NoError(b, w.Write(b.Context(), numbered(int(n.Add(1)))))
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	w.Close()
}
