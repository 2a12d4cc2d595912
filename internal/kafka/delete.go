package kafka

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// DeleteRecords deletes a partition's records before an offset, as retention would.
func (c *Cluster) DeleteRecords(ctx context.Context, topic string, partition int, before int64) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.transport.RoundTrip(ctx, c.Addr(), &deleteRequest{
		Topics:    []deleteTopic{{Name: topic, Partitions: []deletePartition{{Partition: int32(partition), Offset: before}}}},
		TimeoutMs: int32(requestTimeout.Milliseconds()),
	})
	if err == nil {
		err = res.(*deleteResponse).err() //nolint:forcetypeassert // the protocol pairs them
	}
	if err != nil {
		return fmt.Errorf("delete records of topic %q, partition %d, before offset %d: %w", topic, partition, before, err)
	}
	return nil
}

// DeleteRecords (API key 21), which kafka-go does not have.
type (
	deleteRequest struct {
		Topics    []deleteTopic `kafka:"min=v0,max=v1"`
		TimeoutMs int32         `kafka:"min=v0,max=v1"`
	}
	deleteTopic struct {
		Name       string            `kafka:"min=v0,max=v1"`
		Partitions []deletePartition `kafka:"min=v0,max=v1"`
	}
	deletePartition struct {
		Partition int32 `kafka:"min=v0,max=v1"`
		Offset    int64 `kafka:"min=v0,max=v1"`
	}
	deleteResponse struct {
		ThrottleTimeMs int32           `kafka:"min=v0,max=v1"`
		Topics         []deletedTopics `kafka:"min=v0,max=v1"`
	}
	deletedTopics struct {
		Name       string             `kafka:"min=v0,max=v1"`
		Partitions []deletedPartition `kafka:"min=v0,max=v1"`
	}
	deletedPartition struct {
		Partition    int32 `kafka:"min=v0,max=v1"`
		LowWatermark int64 `kafka:"min=v0,max=v1"`
		ErrorCode    int16 `kafka:"min=v0,max=v1"`
	}
)

func init() { protocol.Register(&deleteRequest{}, &deleteResponse{}) } // as kafka-go's own requests do

// ApiKey implements protocol.Message.
func (*deleteRequest) ApiKey() protocol.ApiKey { return protocol.DeleteRecords } //nolint:revive,staticcheck // kafka-go's spelling

// Broker implements protocol.BrokerMessage: the request goes to the leader of its one partition.
func (r *deleteRequest) Broker(c protocol.Cluster) (protocol.Broker, error) {
	topic, id := r.Topics[0].Name, r.Topics[0].Partitions[0].Partition
	if p, ok := c.Topics[topic].Partitions[id]; ok {
		if leader, ok := c.Brokers[p.Leader]; ok {
			return leader, nil
		}
	}
	return protocol.Broker{}, kafkago.LeaderNotAvailable
}

// ApiKey implements protocol.Message.
func (*deleteResponse) ApiKey() protocol.ApiKey { return protocol.DeleteRecords } //nolint:revive,staticcheck // kafka-go's spelling

func (r *deleteResponse) err() error {
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				return kafkago.Error(p.ErrorCode)
			}
		}
	}
	return nil
}
