package kafka_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

func TestIntegration_ViewTellsWhatIsAllowed(t *testing.T) {
	for _, listener := range []kafkatest.Listener{kafkatest.SASLPlaintext, kafkatest.SASLSSL} {
		t.Run(string(listener), func(t *testing.T) {
			b := kafkatest.Secured(t, listener)
			name, missing := fmt.Sprintf("view-%x", rand.Uint64()), fmt.Sprintf("view-missing-%x", rand.Uint64())
			b.CreateTopic(t, name, 3, nil)
			require.NoError(t, b.Probe(t.Context(), b.Brokers()[0]))

			v, err := b.View(t.Context(), b.Brokers()[0], name, missing, "")
			require.NoError(t, err)
			require.NotEmpty(t, v.Brokers)
			for _, addr := range v.Brokers {
				require.NoError(t, b.Reach(t.Context(), addr))
			}
			require.True(t, v.Allowed.Allow(kafka.Create))
			topic := v.Topics[name]
			require.NoError(t, topic.Err)
			require.Equal(t, 3, topic.Partitions)
			require.Positive(t, topic.InSync)
			require.LessOrEqual(t, topic.InSync, topic.Replicas)
			require.Zero(t, topic.Leaderless)
			for _, op := range []kafka.Operation{kafka.Read, kafka.Write, kafka.Describe, kafka.DescribeConfigs} {
				require.True(t, topic.Allowed.Allow(op), op)
			}
			require.ErrorIs(t, v.Topics[missing].Err, kafka.ErrNoTopic)
			_, err = b.Partitions(t.Context(), missing)
			require.ErrorIs(t, err, kafka.ErrNoTopic, "it was created")

			cfg := b.Config()
			cfg.SASL = kafka.SASL{Mechanism: "SCRAM-SHA-256", Username: kafkatest.Reader, Password: kafkatest.ReaderPassword}
			reader := b.With(t, cfg)
			v, err = reader.View(t.Context(), b.Brokers()[0], name)
			require.NoError(t, err)
			require.True(t, v.Allowed.Told())
			require.False(t, v.Allowed.Allow(kafka.Create))
			require.ErrorIs(t, v.Topics[name].Err, kafkago.TopicAuthorizationFailed)
			require.False(t, v.Topics[name].Allowed.Told())
		})
	}
}

func TestCluster_ViewOfAnOldBrokerTellsNothingOfWhatIsAllowed(t *testing.T) {
	b := kafkatest.TCP(t, kfake.MaxVersions(kversion.V2_2_0()), kfake.AllowAutoTopicCreation())
	b.CreateTopic(t, "t", 2, nil)
	v, err := b.View(t.Context(), b.Brokers()[0], "t", "missing")
	require.NoError(t, err)
	require.False(t, v.Allowed.Told())
	require.Equal(t, 2, v.Topics["t"].Partitions)
	require.False(t, v.Topics["t"].Allowed.Told())
	require.ErrorIs(t, v.Topics["missing"].Err, kafka.ErrNoTopic)
	_, err = b.Partitions(t.Context(), "missing")
	require.ErrorIs(t, err, kafka.ErrNoTopic, "it was created")
}

func TestIntegration_GroupIsSeenWithoutBeingJoined(t *testing.T) {
	b := kafkatest.Real(t)
	name, other := fmt.Sprintf("group-%x", rand.Uint64()), fmt.Sprintf("group-other-%x", rand.Uint64())
	b.CreateTopic(t, name, 2, nil)
	b.CreateTopic(t, other, 1, nil)
	there, err := b.HasGroup(t.Context(), name)
	require.NoError(t, err)
	require.False(t, there)
	p, err := b.Progress(t.Context(), name, name, 2)
	require.NoError(t, err)
	require.Equal(t, kafka.Progress{}, p)

	for range 5 {
		b.Produce(t, name, kafkago.Message{Value: []byte("x")})
	}
	res, err := b.Client().OffsetCommit(t.Context(), &kafkago.OffsetCommitRequest{
		GroupID: name, GenerationID: -1, Topics: map[string][]kafkago.OffsetCommit{name: {{Partition: 0, Offset: 2}}},
	})
	require.NoError(t, err)
	require.NoError(t, res.Topics[name][0].Error)
	p, err = b.Progress(t.Context(), name, name, 2)
	require.NoError(t, err)
	require.Equal(t, kafka.Progress{Partitions: 1, Lag: 3, Committed: 2}, p)

	joined, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID: name, Brokers: b.Brokers(), Dialer: b.Dialer(), Topics: []string{other, name}, SessionTimeout: 6 * time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = joined.Close() })
	gen, err := joined.Next(t.Context())
	require.NoError(t, err)
	g, err := b.Group(t.Context(), name)
	require.NoError(t, err)
	require.Equal(t, "Stable", g.State)
	require.Len(t, g.Members, 1)
	require.ElementsMatch(t, []string{name, other}, g.Topics())
	require.True(t, g.Allowed.Allow(kafka.Read))
	there, err = b.HasGroup(t.Context(), name)
	require.NoError(t, err)
	require.True(t, there)

	again, err := b.Group(t.Context(), name)
	require.NoError(t, err)
	require.Equal(t, g, again, "asking has changed the group")
	require.Positive(t, gen.ID)
}
