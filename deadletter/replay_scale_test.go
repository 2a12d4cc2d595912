package deadletter

import (
	"flag"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

var scale = flag.Int("replay.scale", 2_000, "dead letters of TestIntegration_ReplayOfMany")

// Many dead letters are planned, replayed and found settled, in memory that each takes little of.
func TestIntegration_ReplayOfMany(t *testing.T) {
	b := kafkatest.Real(t)
	source := "many-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	b.CreateTopic(t, source, 6, nil)
	b.CreateTopic(t, source+".dlq", 6, nil)
	b.CreateTopic(t, source+".dlq.state", 1, map[string]string{"cleanup.policy": "compact,delete"})
	for chunk := range slices.Chunk(slices.Collect(upto(*scale)), 2_000) {
		var msgs, letters []kafkago.Message
		for _, i := range chunk {
			r := sample(CodeMaxRetriesExceeded)
			r.Source.Topic, r.Source.Partition, r.Source.Offset = source, i%6, int64(i/6)
			r.Source.Key = []byte("key-" + strconv.Itoa(i%1000))
			m := r.KafkaMessage()
			m.Partition = i % 6
			letters = append(letters, m)
			msgs = append(msgs, kafkago.Message{Partition: i % 6, Key: r.Source.Key, Value: r.Payload})
		}
		b.Produce(t, source, msgs...)
		b.Produce(t, source+".dlq", letters...)
	}
	r, err := NewReplayer(ReplayConfig{
		DeadLetterTopic: source + ".dlq", Topic: source, Group: "sluice", Cluster: b.Connect(t), Contract: contract{}, By: "ann",
	})
	require.NoError(t, err)
	began, before := time.Now(), heapBytes()
	p, err := r.Plan(t.Context(), ReplayOptions{})
	require.NoError(t, err)
	require.Equal(t, *scale, p.Replays)
	t.Logf("plan of %d: %s, %d MiB", *scale, time.Since(began).Round(time.Millisecond), (heapBytes()-before)>>20)
	began = time.Now()
	report, err := r.Run(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, *scale, report.Replayed)
	t.Logf("replay: %s", time.Since(began).Round(time.Millisecond))
	began, before = time.Now(), heapBytes()
	state, err := r.log.Load(t.Context())
	require.NoError(t, err)
	require.Len(t, state.letters, *scale)
	t.Logf("state of %d dead letters, %d entries: %s, %d MiB", *scale, state.next, time.Since(began).Round(time.Millisecond), (heapBytes()-before)>>20)
}

func upto(n int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
