package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/describegroups"
)

// Group is what its coordinator tells of a consumer group.
type Group struct {
	State   string   // Stable, Empty and so on; Dead where there is no such group
	Members []Member // those that have joined
	Allowed Operations
}

// Member is one member of a group.
type Member struct {
	ClientID, Host string
	Topics         []string // it subscribes to; sorted
}

// HasGroup reports whether a broker lists a consumer group to us. It is the one question about groups that a
// cluster answers without creating its topic for their offsets, where it has none yet.
func (c *Cluster) HasGroup(ctx context.Context, name string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.Client().ListGroups(ctx, &kafkago.ListGroupsRequest{})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return false, fmt.Errorf("list consumer groups: %w", err)
	}
	return slices.ContainsFunc(res.Groups, func(g kafkago.ListGroupsResponseGroup) bool { return g.GroupID == name }), nil
}

// Group asks for a consumer group, without joining it. The error wraps the broker's, such as
// kafkago.GroupAuthorizationFailed.
func (c *Cluster) Group(ctx context.Context, name string) (Group, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	allowed, err := c.groupOperations(ctx, name)
	if err != nil {
		return Group{}, fmt.Errorf("describe group %q: %w", name, err)
	}
	res, err := c.Client().DescribeGroups(ctx, &kafkago.DescribeGroupsRequest{GroupIDs: []string{name}})
	if err != nil {
		return Group{}, fmt.Errorf("describe group %q: %w", name, err)
	}
	g := Group{State: "Dead", Allowed: allowed}
	for _, d := range res.Groups {
		if d.Error != nil {
			return Group{}, fmt.Errorf("describe group %q: %w", name, d.Error)
		}
		g.State = d.GroupState
		for _, m := range d.Members {
			g.Members = append(g.Members, Member{m.ClientID, m.ClientHost, slices.Sorted(slices.Values(m.MemberMetadata.Topics))})
		}
	}
	return g, nil
}

// groupOperations asks what the user may do with a group, which the Client's own question leaves out.
func (c *Cluster) groupOperations(ctx context.Context, name string) (Operations, error) {
	answer, err := c.transport.RoundTrip(ctx, c.Addr(), &describegroups.Request{
		Groups: []string{name}, IncludeAuthorizedOperations: true,
	})
	if err != nil {
		return untold, err
	}
	groups := answer.(*describegroups.Response).Groups
	switch {
	case len(groups) == 0:
		return untold, nil
	case groups[0].ErrorCode != 0:
		return untold, kafkago.Error(groups[0].ErrorCode)
	}
	return Operations(groups[0].AuthorizedOperations), nil
}

// Progress is how far a group is with one topic.
type Progress struct {
	Partitions int   // that the group has committed an offset for
	Lag        int64 // messages between those offsets and the ends of the logs
	Lost       int64 // messages that retention removed before the group read them
	Waiting    int64 // messages in the partitions that it has committed nothing for
	Committed  int64 // the sum of those offsets: it grows as the group gets on
}

// Progress reads a group's committed offsets for a topic with so many partitions.
func (c *Cluster) Progress(ctx context.Context, group, topic string, partitions int) (Progress, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	committed, err := c.committed(ctx, group, topic, partitions)
	if err != nil {
		return Progress{}, fmt.Errorf("read the offsets of group %q: %w", group, err)
	}
	var ask []kafkago.OffsetRequest
	for id := range partitions {
		ask = append(ask, kafkago.FirstOffsetOf(id), kafkago.LastOffsetOf(id))
	}
	res, err := c.Client().ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: ask}})
	if err != nil {
		return Progress{}, fmt.Errorf("list the offsets of topic %q: %w", topic, err)
	}
	var p Progress
	for _, log := range res.Topics[topic] {
		if log.Error != nil {
			return Progress{}, fmt.Errorf("list the offsets of topic %q, partition %d: %w", topic, log.Partition, log.Error)
		}
		at, ok := committed[log.Partition]
		if !ok {
			p.Waiting += log.LastOffset - log.FirstOffset
			continue
		}
		p.Partitions++
		p.Committed += at
		p.Lag += max(0, log.LastOffset-max(at, log.FirstOffset))
		p.Lost += max(0, log.FirstOffset-at)
	}
	return p, nil
}

// committed returns the offsets that a group has committed for a topic, by partition.
func (c *Cluster) committed(ctx context.Context, group, topic string, partitions int) (map[int]int64, error) {
	ids := make([]int, partitions)
	for i := range ids {
		ids[i] = i
	}
	res, err := c.Client().OffsetFetch(ctx, &kafkago.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: ids}})
	if err == nil {
		err = res.Error
	}
	if errors.Is(err, kafkago.GroupIdNotFound) { // what some brokers say of a group that has never been
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	offsets := map[int]int64{}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, p.Error
		}
		if p.CommittedOffset >= 0 {
			offsets[p.Partition] = p.CommittedOffset
		}
	}
	return offsets, nil
}

// Topics returns the topics that the members subscribe to, sorted.
func (g Group) Topics() []string {
	all := map[string]bool{}
	for _, m := range g.Members {
		for _, t := range m.Topics {
			all[t] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
