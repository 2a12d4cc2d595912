package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// requestTimeout bounds the administrative requests of this file.
const requestTimeout = 10 * time.Second

// ErrNoTopic is returned where a topic does not exist.
var ErrNoTopic = errors.New("topic does not exist")

// Topic describes a topic to create.
type Topic struct {
	Name       string
	Partitions int
	// Replication is the number of replicas; -1 leaves it to the broker's default.
	Replication int
	// Config holds topic settings, such as max.message.bytes.
	Config map[string]string
}

// Partitions returns the partitions of a topic, or ErrNoTopic. It never creates the topic. kafka-go answers
// from its view of the cluster, which is up to Config.MetadataTTL old. An error of the cluster (unreachable,
// not authorized) is returned wrapped, with the cluster's address.
func (c *Cluster) Partitions(ctx context.Context, topic string) ([]kafkago.Partition, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.Client().Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, fmt.Errorf("ask %s for topic %q: %w", c, topic, err)
	}
	for _, t := range res.Topics {
		if t.Name != topic {
			continue
		}
		switch {
		case errors.Is(t.Error, kafkago.UnknownTopicOrPartition):
			return nil, fmt.Errorf("topic %q: %w", topic, ErrNoTopic)
		case t.Error != nil:
			return nil, c.Refusal(Describe, topic, fmt.Errorf("topic %q: %w", topic, t.Error))
		}
		return t.Partitions, nil
	}
	return nil, fmt.Errorf("topic %q: %w", topic, ErrNoTopic)
}

// CreateTopic creates a topic and reports whether it did; a topic that exists already is no error.
func (c *Cluster) CreateTopic(ctx context.Context, t Topic) (created bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	tc := kafkago.TopicConfig{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: t.Replication}
	for name, value := range t.Config {
		tc.ConfigEntries = append(tc.ConfigEntries, kafkago.ConfigEntry{ConfigName: name, ConfigValue: value})
	}
	res, err := c.Client().CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{tc}})
	if err != nil {
		return false, fmt.Errorf("create topic %q: %w", t.Name, err)
	}
	switch err := res.Errors[t.Name]; {
	case errors.Is(err, kafkago.TopicAlreadyExists):
		return false, nil
	case err != nil:
		return false, c.Refusal(Create, t.Name, fmt.Errorf("create topic %q: %w", t.Name, err))
	}
	return true, nil
}

// TopicConfig returns the named settings of a topic, as the broker gives them (defaults included).
func (c *Cluster) TopicConfig(ctx context.Context, topic string, names ...string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.Client().DescribeConfigs(ctx, &kafkago.DescribeConfigsRequest{
		Resources: []kafkago.DescribeConfigRequestResource{{
			ResourceType: kafkago.ResourceTypeTopic, ResourceName: topic, ConfigNames: names,
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("read settings of topic %q: %w", topic, err)
	}
	values := make(map[string]string, len(names))
	for _, r := range res.Resources {
		if r.Error != nil {
			return nil, c.Refusal(DescribeConfigs, topic, fmt.Errorf("read settings of topic %q: %w", topic, r.Error))
		}
		for _, e := range r.ConfigEntries {
			values[e.ConfigName] = e.ConfigValue
		}
	}
	return values, nil
}

// MaxMessageBytes returns the topic's max.message.bytes, or 0 where the broker does not tell.
func (c *Cluster) MaxMessageBytes(ctx context.Context, topic string) (int, error) {
	cfg, err := c.TopicConfig(ctx, topic, "max.message.bytes")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(cfg["max.message.bytes"])
	if err != nil {
		return 0, nil //nolint:nilerr // a broker that gives no number has told us nothing, which is not a failure
	}
	return n, nil
}
