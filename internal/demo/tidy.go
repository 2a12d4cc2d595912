package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	// tidyEvery is how often memory is given back, and lettersEvery how often that of dead letters is: they
	// are read first, after which the ledger can let go of their messages too.
	tidyEvery    = 2 * time.Second
	lettersEvery = 10 * time.Second
	// lettersKept is how many dead letters each partition keeps, for people to look at.
	lettersKept = 500
	// askTimeout bounds one request to a broker in the same process.
	askTimeout = 10 * time.Second
)

// tidy deletes from the broker, which holds everything in memory, what nobody will read again.
func (s *Stage) tidy(ctx context.Context) error {
	committed, err := s.committed(ctx)
	if err != nil {
		return err
	}
	if err := s.deleteBefore(ctx, Topic, committed); err != nil {
		return err
	}
	if time.Since(s.letters.readAt) < lettersEvery {
		return nil
	}
	if err := s.letters.read(ctx, s.ledger.DeadLettered); err != nil {
		return err
	}
	old := map[int]int64{}
	for partition, next := range s.letters.next {
		old[partition] = next - lettersKept
	}
	return s.deleteBefore(ctx, DeadLetterTopic, old)
}

// committed returns the group's offset in each partition where it has one.
func (s *Stage) committed(ctx context.Context) (map[int]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	ask := make([]int, partitions)
	for i := range ask {
		ask[i] = i
	}
	res, err := s.cluster.Client().OffsetFetch(ctx, &kafkago.OffsetFetchRequest{GroupID: Group, Topics: map[string][]int{Topic: ask}})
	if err != nil {
		return nil, fmt.Errorf("read the group's offsets: %w", err)
	}
	offsets := map[int]int64{}
	for _, p := range res.Topics[Topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("read the group's offsets: partition %d: %w", p.Partition, p.Error)
		}
		if p.CommittedOffset > 0 { // -1: none yet
			offsets[p.Partition] = p.CommittedOffset
		}
	}
	return offsets, nil
}

// deleteBefore deletes a topic's records before an offset of each partition.
func (s *Stage) deleteBefore(ctx context.Context, topic string, offsets map[int]int64) error {
	t := deleteTopic{Name: topic}
	for partition, offset := range offsets {
		if offset > 0 {
			t.Partitions = append(t.Partitions, deletePartition{Partition: int32(partition), Offset: offset}) //nolint:gosec // a handful
		}
	}
	if len(t.Partitions) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	res, err := s.cluster.Transport().RoundTrip(ctx, s.cluster.Addr(), &deleteRequest{
		Topics: []deleteTopic{t}, TimeoutMs: int32(askTimeout.Milliseconds()),
	})
	if err != nil {
		return fmt.Errorf("delete old records of topic %q: %w", topic, err)
	}
	var problems []error
	for _, t := range res.(*deleteResponse).Topics { //nolint:forcetypeassert // the protocol pairs them
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				problems = append(problems, fmt.Errorf("delete old records of %s/%d: %w", topic, p.Partition, kafkago.Error(p.ErrorCode)))
			}
		}
	}
	return errors.Join(problems...)
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

// Broker implements protocol.BrokerMessage; the embedded cluster has one broker, which leads everything.
func (*deleteRequest) Broker(c protocol.Cluster) (protocol.Broker, error) {
	for _, b := range c.Brokers {
		return b, nil
	}
	return protocol.Broker{}, errNoBroker
}

var errNoBroker = errors.New("the embedded broker is not known yet")

// ApiKey implements protocol.Message.
func (*deleteResponse) ApiKey() protocol.ApiKey { return protocol.DeleteRecords } //nolint:revive,staticcheck // kafka-go's spelling
