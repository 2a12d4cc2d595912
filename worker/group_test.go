package worker_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/worker"
)

// TestWorker_CommitsOffsetsAloneWhereMetadataIsRefused: as a broker does whose offset.metadata.max.bytes is small.
func TestWorker_CommitsOffsetsAloneWhereMetadataIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.Fake.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
			r.Fake.KeepControl()
			commit := req.(*kmsg.OffsetCommitRequest) //nolint:forcetypeassert // by its key
			partition := commit.Topics[0].Partitions[0]
			if partition.Metadata == nil || *partition.Metadata == "" {
				return nil, nil, false
			}
			res := commit.ResponseKind().(*kmsg.OffsetCommitResponse) //nolint:forcetypeassert // by its key
			res.Topics = []kmsg.OffsetCommitResponseTopic{{
				Topic:      commit.Topics[0].Topic,
				Partitions: []kmsg.OffsetCommitResponseTopicPartition{{ErrorCode: kerr.OffsetMetadataTooLarge.Code}},
			}}
			return res, nil, true
		})
		r.api.answer = func(ctx context.Context, c call) error {
			if c.key == "key-5" {
				return slow(time.Hour)(ctx, c)
			}
			return nil
		}
		run := r.start(t)
		r.Produce(t, topic, messages(100, 1, 100)...)
		eventually(t, time.Minute, "all but one", func() bool { return r.api.accepted() == 99 })
		r.awaitCommitted(t, run, []int{0}, 5)
		require.NotZero(t, r.logs.FilterMessageSnippet("committing offsets alone").Len())
		require.Zero(t, r.logs.FilterMessageSnippet("cannot commit").Len())
	})
}

// TestWorker_CommitsGoStraightToTheCoordinator: nobody is asked before each of them who that is, and where the group
// has moved, the commit that finds out is not lost.
func TestWorker_CommitsGoStraightToTheCoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		var commits, moved, asked atomic.Int64
		r.Fake.ControlKey(int16(kmsg.FindCoordinator), func(kmsg.Request) (kmsg.Response, error, bool) {
			r.Fake.KeepControl()
			asked.Add(1)
			return nil, nil, false
		})
		r.Fake.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
			r.Fake.KeepControl()
			if commits.Add(1) != 5 {
				return nil, nil, false
			}
			moved.Store(asked.Load())
			commit := req.(*kmsg.OffsetCommitRequest)                 //nolint:forcetypeassert // by its key
			res := commit.ResponseKind().(*kmsg.OffsetCommitResponse) //nolint:forcetypeassert // by its key
			res.Topics = []kmsg.OffsetCommitResponseTopic{{
				Topic:      commit.Topics[0].Topic,
				Partitions: []kmsg.OffsetCommitResponseTopicPartition{{ErrorCode: kerr.NotCoordinator.Code}},
			}}
			return res, nil, true
		})
		run := r.start(t, func(c *worker.Config) { c.Concurrency = 4 })
		r.Produce(t, topic, messages(100, 1, 100)...)
		eventually(t, time.Minute, "all accepted", func() bool { return r.api.accepted() == 100 })
		require.GreaterOrEqual(t, commits.Load(), int64(10))
		require.Equal(t, int64(1), asked.Load()-moved.Load(), "questions for the coordinator since the group moved")
		r.awaitCommitted(t, run, []int{0}, 100)
		require.Zero(t, r.logs.FilterMessageSnippet("cannot commit").Len())
	})
}

// TestWorker_LeavesAgainWhereTheCoordinatorLoads: else the group would wait a whole session for our last member.
func TestWorker_LeavesAgainWhereTheCoordinatorLoads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		run := r.start(t, func(c *worker.Config) { c.SessionTimeout = time.Minute; c.Drain = time.Minute })
		eventually(t, time.Minute, "joined", func() bool { return len(run.Snapshot().Partitions) == 2 })

		var loading atomic.Bool
		loading.Store(true)
		refuse := func(res kmsg.Response, code *int16) (kmsg.Response, error, bool) {
			r.Fake.KeepControl()
			*code = kerr.CoordinatorLoadInProgress.Code
			return res, nil, loading.Load()
		}
		r.Fake.ControlKey(int16(kmsg.Heartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
			r.Fake.KeepControl()
			res := req.ResponseKind().(*kmsg.HeartbeatResponse) //nolint:forcetypeassert // by its key
			res.ErrorCode = kerr.RebalanceInProgress.Code       // so that it joins again
			return res, nil, loading.Load()
		})
		r.Fake.ControlKey(int16(kmsg.JoinGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
			res := req.ResponseKind().(*kmsg.JoinGroupResponse) //nolint:forcetypeassert // by its key
			return refuse(res, &res.ErrorCode)
		})
		r.Fake.ControlKey(int16(kmsg.LeaveGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
			res := req.ResponseKind().(*kmsg.LeaveGroupResponse) //nolint:forcetypeassert // by its key
			return refuse(res, &res.ErrorCode)
		})
		eventually(t, time.Minute, "refused", func() bool { return r.logs.FilterMessageSnippet("cannot join").Len() > 0 })
		loading.Store(false)
		r.Produce(t, topic, kafkago.Message{Value: []byte(`{"n":0}`)})
		began := time.Now()
		eventually(t, 2*time.Minute, "accepted", func() bool { return r.api.accepted() == 1 })
		require.Less(t, time.Since(began), 30*time.Second, "it waited for its own earlier member")
		run.leave(t)
	})
}

func TestWorker_TakesInPartitionsAddedRightAfterItJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		run := r.start(t)
		eventually(t, time.Minute, "joined", func() bool { return len(run.Snapshot().Partitions) == 1 })
		res, err := r.Client().CreatePartitions(t.Context(), &kafkago.CreatePartitionsRequest{
			Topics: []kafkago.TopicPartitionsConfig{{Name: topic, Count: 3}},
		})
		require.NoError(t, err)
		require.NoError(t, res.Errors[topic])
		eventually(t, time.Minute, "three partitions", func() bool { return len(run.Snapshot().Partitions) == 3 })
	})
}

// TestWorker_SendsNothingOnceASessionIsUnanswered: its partitions may be another's by then.
func TestWorker_SendsNothingOnceASessionIsUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.api.answer = slow(100 * time.Millisecond)
		run := r.start(t, func(c *worker.Config) { c.SessionTimeout = 6 * time.Second; c.Concurrency = 1 })
		var away atomic.Bool
		r.Fake.ControlKey(int16(kmsg.Heartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
			r.Fake.KeepControl()
			res := req.ResponseKind().(*kmsg.HeartbeatResponse) //nolint:forcetypeassert // by its key
			res.ErrorCode = kerr.CoordinatorNotAvailable.Code
			return res, nil, away.Load()
		})
		r.Produce(t, topic, messages(1000, 1, 1)...)
		eventually(t, time.Minute, "some accepted", func() bool { return r.api.accepted() > 10 })
		away.Store(true)
		time.Sleep(6100 * time.Millisecond) // a session, and the request that is out at its end
		stood := r.api.called()
		require.Greater(t, stood, 40, "sent while the session lasts")
		time.Sleep(time.Minute)
		require.Equal(t, stood, r.api.called())
		require.Equal(t, 1, r.logs.FilterMessageSnippet("has not answered for a session").Len())
		away.Store(false)
		eventually(t, time.Minute, "more accepted", func() bool { return r.api.accepted() > stood+10 })
		require.Len(t, run.Snapshot().Partitions, 1)
	})
}
