package mockkafka

import (
	"context"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// sessionCheck is how often silent members are looked for.
const sessionCheck = time.Second

// Sessions ends the sessions of group members that kfake forgets to end: it begins a session with an answer that
// reaches the member, so one whose process is killed while it joins would keep its partitions for ever. Kafka begins
// it with the answer, whatever becomes of that.
type Sessions struct {
	cluster *kafka.Cluster
	stop    context.CancelFunc
	done    chan struct{}

	mu     sync.Mutex
	groups map[string]time.Duration // the longest session of each group's members
	heard  map[string]time.Time     // of each member, when it last asked for something, or was first seen
}

// KeepSessions watches over the groups of a broker that is reached by cfg, until Close.
func KeepSessions(fake *kfake.Cluster, cfg kafka.Config) (*Sessions, error) {
	cluster, err := kafka.New(cfg)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Sessions{
		cluster: cluster, stop: stop, done: make(chan struct{}),
		groups: map[string]time.Duration{}, heard: map[string]time.Time{},
	}
	fake.Fault(kfake.Fault{
		Keys:     []kmsg.Key{kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.OffsetCommit},
		TopLevel: true, Count: -1,
		When: func(req kmsg.Request) bool { s.hear(req); return false },
	})
	go func() {
		defer close(s.done)
		s.watch(ctx)
	}()
	return s, nil
}

// Close ends the watch.
func (s *Sessions) Close() {
	s.stop()
	<-s.done
	s.cluster.Close()
}

func (s *Sessions) hear(req kmsg.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch r := req.(type) {
	case *kmsg.JoinGroupRequest:
		s.groups[r.Group] = max(s.groups[r.Group], time.Duration(r.SessionTimeoutMillis)*time.Millisecond)
		s.heard[r.MemberID] = now
	case *kmsg.SyncGroupRequest:
		s.heard[r.MemberID] = now
	case *kmsg.HeartbeatRequest:
		s.heard[r.MemberID] = now
	case *kmsg.OffsetCommitRequest:
		s.heard[r.MemberID] = now
	}
}

func (s *Sessions) watch(ctx context.Context) {
	tick := time.NewTicker(sessionCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.check(ctx)
		}
	}
}

// check takes members out that have been silent for longer than a session. Only of groups that are stable: while one
// joins, its members wait in silence.
func (s *Sessions) check(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sessionCheck)
	defer cancel()
	s.mu.Lock()
	var ids []string
	for id := range s.groups {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	res, err := s.cluster.Client().DescribeGroups(ctx, &kafkago.DescribeGroupsRequest{GroupIDs: ids})
	if err != nil {
		return // such as while a fault is in force; the next check sees to it
	}
	for group, members := range s.silent(res.Groups, time.Now()) {
		// An error leaves them where they are, until the next check.
		_, _ = s.cluster.Client().LeaveGroup(ctx, &kafkago.LeaveGroupRequest{GroupID: group, Members: members})
	}
}

// silent returns the members whose sessions are over, by group, and forgets members that are no longer in one.
func (s *Sessions) silent(groups []kafkago.DescribeGroupsResponseGroup, now time.Time) map[string][]kafkago.LeaveGroupRequestMember {
	s.mu.Lock()
	defer s.mu.Unlock()
	silent := map[string][]kafkago.LeaveGroupRequestMember{}
	heard := map[string]time.Time{}
	for _, g := range groups {
		for _, m := range g.Members {
			at, ok := s.heard[m.MemberID]
			if !ok || g.GroupState != "Stable" {
				at = now
			}
			heard[m.MemberID] = at
			if now.Sub(at) > s.groups[g.GroupID]+sessionCheck {
				silent[g.GroupID] = append(silent[g.GroupID], kafkago.LeaveGroupRequestMember{ID: m.MemberID})
			}
		}
	}
	s.heard = heard
	return silent
}
