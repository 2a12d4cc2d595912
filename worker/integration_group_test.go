package worker_test

import (
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/worker"
)

// What the worker builds on in the group's coordinator: each of these has been seen to differ between brokers.

// TestIntegration_AStaleMemberCommitsNothing: a member that was put out of the group, and one of an earlier
// generation, are refused by name in each partition, and the worker joins again.
func TestIntegration_AStaleMemberCommitsNothing(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 2)
	r.api.answer = slow(5 * time.Millisecond)
	run := r.start(t, own)
	load := r.load(t, run.topic(), 2)
	eventually(t, time.Minute, "some accepted", func() bool { return r.api.accepted() > 5000 })

	gen := run.Snapshot().Generation
	member := r.member(t, run.cfg.Group)
	require.ErrorIs(t, r.commit(t, run.cfg.Group, member, gen-1, 0, ""), kafkago.IllegalGeneration)
	require.ErrorIs(t, r.commit(t, run.cfg.Group, "somebody-else", gen, 0, ""), kafkago.UnknownMemberId)

	left, err := r.Client().LeaveGroup(t.Context(), &kafkago.LeaveGroupRequest{
		GroupID: run.cfg.Group, Members: []kafkago.LeaveGroupRequestMember{{ID: member}},
	})
	require.NoError(t, err)
	require.NoError(t, left.Error)
	eventually(t, time.Minute, "a new generation", func() bool { return run.Snapshot().Generation > gen })
	require.NotEqual(t, member, r.member(t, run.cfg.Group))
	load.stop()
	// A thousand come in a second, and a commit each second: what ended since the last one.
	r.requireAuditOfLog(t, run.topic(), 2500)
	run.leave(t)
	require.NotZero(t, r.logs.FilterMessageSnippet("the group").Len())
}

// TestIntegration_MetadataHasALimit: the worker keeps well below what brokers accept by default.
func TestIntegration_MetadataHasALimit(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 1)
	var cfg worker.Config
	own(&cfg)
	commit := func(size int) error {
		return r.commit(t, cfg.Group, "", -1, 0, strings.Repeat("x", size))
	}
	require.NoError(t, commit(4000))
	require.NoError(t, commit(4096))
	if r.Fake != nil {
		return // it takes metadata of any size
	}
	require.ErrorIs(t, commit(4097), kafkago.OffsetMetadataTooLarge)
}

// TestIntegration_LeavingIsNoticedAtOnce: who stays does not wait for the session of who has left.
func TestIntegration_LeavingIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 4)
	long := func(c *worker.Config) { c.SessionTimeout = 45 * time.Second }
	first := r.start(t, own, long)
	second := r.start(t, func(c *worker.Config) { *c = first.cfg })
	eventually(t, time.Minute, "two members", func() bool {
		return len(first.Snapshot().Partitions) == 2 && len(second.Snapshot().Partitions) == 2
	})
	began := time.Now()
	first.leave(t)
	eventually(t, 20*time.Second, "all partitions with the other", func() bool { return len(second.Snapshot().Partitions) == 4 })
	t.Logf("reassigned %s after the stop, with a session of 45s", time.Since(began).Round(time.Millisecond))
}

// TestIntegration_LeavingIsBoundedWhileJoining: a join waits for the slowest member's drain, and a worker that is
// stopped meanwhile does not.
func TestIntegration_LeavingIsBoundedWhileJoining(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 2)
	r.api.answer = slow(12 * time.Second)
	draining := func(c *worker.Config) { c.Drain = 15 * time.Second }
	first := r.start(t, own, draining)
	r.Produce(t, first.topic(), messages(2, 2, 2)...)
	eventually(t, time.Minute, "requests out", func() bool { return r.api.called() == 2 })
	second := r.start(t, own, func(c *worker.Config) {
		c.Topic, c.Group, c.DeadLetterTopic, c.Drain = first.cfg.Topic, first.cfg.Group, first.cfg.DeadLetterTopic, 15*time.Second
	})
	eventually(t, 10*time.Second, "the other drains", func() bool { return r.logs.FilterMessageSnippet("letting go").Len() == 1 })
	began := time.Now()
	second.leave(t)
	took := time.Since(began)
	t.Logf("left %s after the stop, in the middle of a join", took.Round(time.Millisecond))
	require.Less(t, took, 30*time.Second) // the drain, and what the coordinator and we add to it
	r.api.set(nil)
	eventually(t, time.Minute, "all partitions with the first", func() bool { return len(first.Snapshot().Partitions) == 2 })
	first.leave(t)
	r.requireAudit(t, 2)
}

// member returns the id of a group's only member.
func (r *rig) member(t *testing.T, group string) string {
	t.Helper()
	res, err := r.Client().DescribeGroups(t.Context(), &kafkago.DescribeGroupsRequest{GroupIDs: []string{group}})
	require.NoError(t, err)
	require.Len(t, res.Groups, 1)
	require.NoError(t, res.Groups[0].Error)
	require.Len(t, res.Groups[0].Members, 1)
	return res.Groups[0].Members[0].MemberID
}

// commit commits for the first partition of a group's topic and returns the partition's error.
func (r *rig) commit(t *testing.T, group, member string, generation int32, offset int64, metadata string) error {
	t.Helper()
	m, err := r.Transport().RoundTrip(t.Context(), r.Addr(), &offsetcommit.Request{
		GroupID: group, GenerationID: generation, MemberID: member, RetentionTimeMs: -1,
		Topics: []offsetcommit.RequestTopic{{Name: group, Partitions: []offsetcommit.RequestPartition{{
			CommittedOffset: offset, CommittedMetadata: metadata, CommittedLeaderEpoch: -1,
		}}}},
	})
	require.NoError(t, err)
	if code := m.(*offsetcommit.Response).Topics[0].Partitions[0].ErrorCode; code != 0 {
		return kafkago.Error(code)
	}
	return nil
}
