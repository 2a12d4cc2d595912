package demo

import (
	"context"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

func TestTraffic_AFaultFollowsFromTheMessageAndTheCall(t *testing.T) {
	traffic := NewTraffic(5, 0)
	healthy := func(a genesystest.Answer) bool { return a.Status == 0 && !a.Hang && !a.Reset }
	for n := range int64(25_000) {
		call := genesystest.Call{Path: genesystest.PathInvoke, ID: eventID(n), N: 1}
		first := traffic.answer(call)
		require.Equal(t, first, traffic.answer(call))
		call.N = 2
		second := traffic.answer(call)
		switch traffic.Fate(n) {
		case FateGood, FateInvalid:
			require.True(t, healthy(first) && healthy(second), "message %d", n)
		case FateRefused, FatePoison:
			require.Equal(t, first.Status, second.Status, "message %d", n)
			require.GreaterOrEqual(t, first.Status, 400, "message %d", n)
		case FateThrottled, FateServerError, FateTimeout, FateLostAnswer:
			require.False(t, healthy(first), "message %d", n)
			require.True(t, healthy(second), "message %d: no message is hit twice", n)
		}
	}
	assert.True(t, healthy(traffic.answer(genesystest.Call{Path: genesystest.PathToken})))
	assert.True(t, healthy(traffic.answer(genesystest.Call{Path: genesystest.PathInvoke, ID: "somebody else's"})))
}

func TestStage_ProducesAllWithinItsBacklogAndGivesMemoryBack(t *testing.T) {
	const messages = 900
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Open(ctx, Options{Seed: 1, Messages: messages, Ordered: true})
	require.NoError(t, err)
	defer s.Close()
	defer s.cluster.Close()

	require.NoError(t, s.produce(ctx, func() int64 { return messages }))
	assert.Equal(t, int64(messages), s.Produced())
	next := s.ledger.Next()
	assert.Len(t, next, partitions)
	assert.True(t, s.Finished(next))
	assert.False(t, s.Finished(nil), "nothing has ended yet")

	require.NoError(t, s.deleteBefore(ctx, Topic, next))
	for partition, offset := range next {
		list, err := s.cluster.Client().ListOffsets(ctx, &kafkago.ListOffsetsRequest{
			Topics: map[string][]kafkago.OffsetRequest{Topic: {kafkago.FirstOffsetOf(partition)}},
		})
		require.NoError(t, err)
		assert.Equal(t, offset, list.Topics[Topic][0].FirstOffset, "partition %d", partition)
	}

	result, err := s.Audit(ctx)
	require.NoError(t, err)
	assert.Equal(t, int64(messages), result.InFlight, "nobody has consumed, so nothing is committed and nothing lost")
	assert.Zero(t, result.Lost)
}

func TestStage_RunEndsWithItsContext(t *testing.T) {
	s, err := Open(t.Context(), Options{Rate: 1})
	require.NoError(t, err)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.NoError(t, s.Run(ctx, func() int64 { return 0 }))
}
