package kafka

import (
	"context"
	"errors"
	"strconv"
)

// recordOverhead is what a record about a message needs beyond the message's own bytes.
const recordOverhead = 256 << 10

// EnsureCompanion sees to it that a topic exists which takes in records about the messages of another one,
// such as their dead letters, and reports whether it created it. It then has the given number of partitions
// and room for a message of the source whole, in base64 at worst, beside its story.
func (c *Cluster) EnsureCompanion(ctx context.Context, name, source string, partitions int) (created bool, err error) {
	if _, err := c.Partitions(ctx, name); !errors.Is(err, ErrNoTopic) {
		return false, err
	}
	t := Topic{Name: name, Partitions: partitions, Replication: -1, Config: map[string]string{"cleanup.policy": "delete"}}
	if limit, err := c.MaxMessageBytes(ctx, source); err == nil && limit > 0 {
		t.Config["max.message.bytes"] = strconv.Itoa(CompanionBytes(limit))
	}
	return c.CreateTopic(ctx, t)
}

// CompanionBytes returns the max.message.bytes that takes in a record about any message of a topic with this
// one.
func CompanionBytes(limit int) int { return limit*4/3 + recordOverhead }

// EnsureLog sees to it that a topic exists which keeps the state of another one's records, and reports whether it
// created it: one partition, compacted, and what it holds is kept as long as the other topic keeps its records.
func (c *Cluster) EnsureLog(ctx context.Context, name, of string) (created bool, err error) {
	if _, err := c.Partitions(ctx, name); !errors.Is(err, ErrNoTopic) {
		return false, err
	}
	// Where the broker does not tell, all is kept, but for what compaction removes: state that is gone too early
	// would show as open what is not.
	const forever = "-1"
	keep := forever
	if cfg, err := c.TopicConfig(ctx, of, "retention.ms"); err == nil && cfg["retention.ms"] != "" {
		keep = cfg["retention.ms"]
	}
	return c.CreateTopic(ctx, Topic{
		Name: name, Partitions: 1, Replication: -1,
		Config: map[string]string{"cleanup.policy": "compact,delete", "retention.ms": keep, "retention.bytes": forever},
	})
}
