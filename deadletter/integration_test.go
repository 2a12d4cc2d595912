package deadletter

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

// What concurrent writers write, a reader finds; on a real Kafka where SLUICE_TEST_BROKERS names one.
func TestReal_WriteAndRead(t *testing.T) {
	b := kafkatest.Real(t)
	const topic = "deadletter-write-and-read"
	b.CreateTopic(t, topic, 3, map[string]string{"max.message.bytes": "16384"})
	w, err := NewWriter(WriterConfig{Topic: topic, Cluster: b.Cluster})
	require.NoError(t, err)
	r, err := NewReader(ReaderConfig{Topic: topic, Cluster: b.Cluster})
	require.NoError(t, err)

	const records = 500
	var writes sync.WaitGroup
	for n := range records {
		writes.Go(func() {
			x := numbered(n)
			if n%100 == 0 {
				x.Payload = []byte(strings.Repeat("x", 1<<20))
			}
			require.NoError(t, w.Write(t.Context(), x))
		})
	}
	writes.Wait()
	require.NoError(t, w.Close())

	seen := make(map[string]bool)
	for e, err := range r.Scan(t.Context(), Filter{}) {
		require.NoError(t, err)
		require.NoError(t, e.Err)
		require.Equal(t, e.Source.Offset%100 == 0, e.Cut != nil)
		seen[e.Source.ID()] = true
	}
	require.Len(t, seen, records)
	e, err := r.Get(t.Context(), "payloads/3/100")
	require.NoError(t, err)
	require.Equal(t, 1<<20, e.Cut.PayloadSize)
	since, err := r.Newest(t.Context(), Filter{Since: e.FailedAt, Limit: 7})
	require.NoError(t, err)
	require.Len(t, since, 7)
}
