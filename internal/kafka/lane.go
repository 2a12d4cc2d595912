package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

const (
	// produceTimeout bounds one request. Half of it is the time the broker has to collect acknowledgements
	// (kafka-go halves it so that the answer still arrives).
	produceTimeout = 20 * time.Second
	// maxBatch is the most records in one request.
	maxBatch = 500
)

// parcel is one record on its way to a partition.
type parcel struct {
	message   kafkago.Message
	size      int // as a batch of its own
	abandoned atomic.Bool
	result    chan error // receives once, and never blocks the sender
}

// lanes send records to their partitions, one request at a time for each. What arrives during a request
// makes the next batch, so that a lone record never waits for company and a burst costs few requests.
//
// kafka-go's Writer is not used because its batches fail as a whole: it does not say which record was
// refused, waits for a timer, and repeats a request after everybody has stopped waiting for it.
type lanes struct {
	client *kafkago.Client
	topic  string
	limit  *limit

	mu     sync.Mutex
	queues map[int][]*parcel // by partition; a partition without a key has no goroutine
	runs   sync.WaitGroup
}

// add queues a record. Its result arrives unless it is abandoned.
func (l *lanes) add(partition int, x *parcel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue, running := l.queues[partition]
	l.queues[partition] = append(queue, x)
	if !running {
		l.runs.Go(func() { l.run(partition) })
	}
}

// run sends batches until none is left.
func (l *lanes) run(partition int) {
	for batch := l.take(partition); batch != nil; batch = l.take(partition) {
		l.send(partition, batch)
	}
}

// take removes the next batch of a partition, at least one record however large; nil ends the lane.
func (l *lanes) take(partition int) []*parcel {
	room := l.limit.known()
	l.mu.Lock()
	defer l.mu.Unlock()
	var batch []*parcel
	queue := l.queues[partition]
	for len(queue) > 0 && len(batch) < maxBatch {
		x := queue[0]
		if x.abandoned.Load() {
			queue = queue[1:]
			continue
		}
		if room -= x.size; room < 0 && len(batch) > 0 {
			break
		}
		batch, queue = append(batch, x), queue[1:]
	}
	if len(batch) == 0 {
		delete(l.queues, partition)
		return nil
	}
	l.queues[partition] = queue
	return batch
}

// send sends a batch and hands out the results. A batch that is refused for one of its records, or for its
// size, is halved: so the others are written, and the one at fault is found in a few requests.
func (l *lanes) send(partition int, batch []*parcel) {
	err := l.produce(partition, batch)
	if half := len(batch) / 2; half > 0 && aboutRecord(err) {
		l.send(partition, batch[:half])
		l.send(partition, batch[half:])
		return
	}
	for _, x := range batch {
		x.result <- err
	}
}

// produce writes a batch and waits until every in-sync replica has it.
func (l *lanes) produce(partition int, batch []*parcel) error {
	ctx, cancel := context.WithTimeout(context.Background(), produceTimeout)
	defer cancel()
	records := make([]kafkago.Record, len(batch))
	for i, x := range batch {
		records[i] = kafkago.Record{
			Key: kafkago.NewBytes(x.message.Key), Value: kafkago.NewBytes(x.message.Value), Headers: x.message.Headers,
		}
	}
	res, err := l.client.Produce(ctx, &kafkago.ProduceRequest{
		Topic: l.topic, Partition: partition, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(records...),
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return fmt.Errorf("partition %d: %w", partition, err)
	}
	return nil
}

// aboutRecord reports whether an error is about a record rather than about the topic, the brokers or the
// network: then sending the same again cannot succeed.
func aboutRecord(err error) bool {
	return errors.Is(err, kafkago.MessageSizeTooLarge) || errors.Is(err, kafkago.RecordListTooLarge) ||
		errors.Is(err, kafkago.InvalidRecord)
}
