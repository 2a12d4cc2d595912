package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// UnsureError says that nobody can tell whether records were written: the answer was lost, or says that it may
// have come too early.
type UnsureError struct {
	Topic     string
	Partition int
	Err       error
}

// Error says where and why.
func (e *UnsureError) Error() string {
	return fmt.Sprintf("topic %q, partition %d: nobody can tell whether the records were written: %v", e.Topic, e.Partition, e.Err)
}

// Unwrap returns the cause.
func (e *UnsureError) Unwrap() error { return e.Err }

// ProduceOnce writes records to a partition, as one batch that is written whole or not at all, and waits until
// every in-sync replica has it. It makes one request, for which it takes at most twenty seconds. An error that is
// no [*UnsureError] means that nothing was written.
func (c *Cluster) ProduceOnce(ctx context.Context, topic string, partition int, records ...kafkago.Record) error {
	ctx, cancel := context.WithTimeout(ctx, produceTimeout)
	defer cancel()
	client := c.Client()
	client.Timeout = produceTimeout
	res, err := client.Produce(ctx, &kafkago.ProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(records...),
	})
	if err == nil {
		err = res.Error
	}
	switch {
	case err == nil:
		return nil
	case notWritten(err):
		return fmt.Errorf("write to topic %q, partition %d: %w", topic, partition, err)
	default:
		return &UnsureError{Topic: topic, Partition: partition, Err: err}
	}
}

// refusals are the answers that a broker gives before it writes anything. All others may come after: a leader that
// is replaced while it waits for the other replicas says that it is none, and the record may stay.
var refusals = []kafkago.Error{
	kafkago.MessageSizeTooLarge, kafkago.RecordListTooLarge, kafkago.InvalidRecord, kafkago.InvalidMessage, kafkago.InvalidTimestamp,
	kafkago.NotEnoughReplicas, kafkago.LeaderNotAvailable, kafkago.InvalidTopic, kafkago.PolicyViolation,
	kafkago.TopicAuthorizationFailed, kafkago.ClusterAuthorizationFailed, kafkago.UnsupportedForMessageFormat,
}

// notWritten reports whether a failed request has certainly written nothing: it was never sent, or a broker has
// refused it before it wrote.
func notWritten(err error) bool {
	var answer kafkago.Error
	if errors.As(err, &answer) {
		return slices.Contains(refusals, answer)
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return true
	}
	// kafka-go knows no leader to send to.
	var topic *protocol.TopicError
	var partition *protocol.TopicPartitionError
	return errors.As(err, &topic) || errors.As(err, &partition)
}

// TooLarge reports whether a broker has refused records for their size, so that fewer at once may pass.
func TooLarge(err error) bool {
	return errors.Is(err, kafkago.MessageSizeTooLarge) || errors.Is(err, kafkago.RecordListTooLarge)
}
