package kafkatest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// DeleteRecords removes a partition's messages before an offset, as retention would.
func (b *Broker) DeleteRecords(t testing.TB, topic string, partition int, before int64) {
	t.Helper()
	require.NoError(t, b.Cluster.DeleteRecords(t.Context(), topic, partition, before))
}
