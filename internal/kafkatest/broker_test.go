package kafkatest_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

func TestVirtual_ProduceAndReadAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { roundTrip(t, kafkatest.Virtual(t)) })
}

func TestReal_ProduceAndReadAll(t *testing.T) { roundTrip(t, kafkatest.Real(t)) }

func roundTrip(t *testing.T, b *kafkatest.Broker) {
	_, err := b.Partitions(t.Context(), "kafkatest-none")
	require.ErrorIs(t, err, kafka.ErrNoTopic)

	topic := fmt.Sprintf("kafkatest-%d", rand.Uint32())
	b.CreateTopic(t, topic, 2, nil)
	parts, err := b.Partitions(t.Context(), topic)
	require.NoError(t, err)
	require.Len(t, parts, 2)
	n, err := b.MaxMessageBytes(t.Context(), topic)
	require.NoError(t, err)
	require.Positive(t, n)

	b.Produce(t, topic,
		kafkago.Message{Partition: 0, Key: []byte("k"), Value: []byte("a")},
		kafkago.Message{Partition: 1, Value: nil},
	)
	msgs := b.ReadAll(t, topic)
	require.Len(t, msgs, 2)
	require.Equal(t, "a", string(msgs[0].Value))
	require.Nil(t, msgs[1].Key)
	require.Nil(t, msgs[1].Value)
}
