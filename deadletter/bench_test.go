package deadletter

import (
	"context"
	"fmt"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

// benchRecords is how many dead letters the benchmarks read.
const benchRecords = 100_000

// fillShelf writes n dead letters of five causes over three partitions, as a night would leave them.
func fillShelf(t testing.TB, b *kafkatest.Broker, n int) {
	t.Helper()
	b.CreateTopic(t, topic, 3, nil)
	kinds := []Code{CodeValidationFailed, CodeMaxRetriesExceeded, CodeForStatus(422), CodeValidationFailed, CodePermissionDenied}
	batch := make([]kafkago.Message, 0, 600)
	for i := range n {
		r := sample(kinds[i%len(kinds)])
		r.Source.Partition, r.Source.Offset = i%3, int64(i)
		r.Source.Key = fmt.Appendf(nil, "customer-%d", i%20_000)
		r.FailedAt = r.FailedAt.Add(time.Duration(i) * time.Millisecond)
		if i%len(kinds) == 3 {
			r.Violations = r.Violations[:1]
		}
		m := r.KafkaMessage()
		m.Partition = i % 3
		if batch = append(batch, m); len(batch) == cap(batch) || i == n-1 {
			b.Produce(t, topic, batch...)
			batch = batch[:0]
		}
	}
}

// BenchmarkScanByHeaders reads dead letters of which the headers say that none is wanted.
func BenchmarkScanByHeaders(b *testing.B) {
	broker := kafkatest.TCP(b)
	fillShelf(b, broker, benchRecords)
	r, err := NewReader(ReaderConfig{Topic: topic, Cluster: broker.Cluster})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := r.Newest(context.Background(), Filter{Codes: []Code{CodeInternalError}})
		require.NoError(b, err)
	}
	b.ReportMetric(float64(benchRecords)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkStats groups dead letters by cause.
func BenchmarkStats(b *testing.B) {
	broker := kafkatest.TCP(b)
	fillShelf(b, broker, benchRecords)
	r, err := NewReader(ReaderConfig{Topic: topic, Cluster: broker.Cluster})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		s, err := r.Stats(context.Background(), Filter{})
		require.NoError(b, err)
		require.Len(b, s.Causes, 5)
		require.EqualValues(b, benchRecords, s.Scanned.Matched)
	}
	b.ReportMetric(float64(benchRecords)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
