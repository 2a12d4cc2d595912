package kafka

import (
	"context"
	"fmt"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
)

// maxGroups bounds how many groups [Cluster.GroupsOn] asks for their offsets.
const maxGroups = 500

// GroupsOn returns the consumer groups that have committed an offset for a topic with so many partitions, sorted.
// all is false where there are more groups than are asked, or some may not be looked at.
func (c *Cluster) GroupsOn(ctx context.Context, topic string, partitions int) (groups []string, all bool, err error) {
	listing, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.Client().ListGroups(listing, &kafkago.ListGroupsRequest{})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return nil, false, fmt.Errorf("list consumer groups: %w", err)
	}
	all = len(res.Groups) <= maxGroups
	for _, g := range res.Groups[:min(len(res.Groups), maxGroups)] {
		asking, cancel := context.WithTimeout(ctx, requestTimeout)
		committed, err := c.committed(asking, g.GroupID, topic, partitions)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil, false, ctx.Err()
		case err != nil:
			all = false
		case len(committed) > 0:
			groups = append(groups, g.GroupID)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups), all, nil
}
