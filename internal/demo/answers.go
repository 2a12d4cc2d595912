package demo

import (
	"context"
	"errors"
	"fmt"
	"io"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/results"
)

// answersBytes is how much of the results topic one request brings.
const answersBytes = 1 << 20

// answers reads the results topic, each record once.
type answers struct {
	cluster *kafka.Cluster
	next    map[int]int64 // by partition: the first offset not read yet
}

func newAnswers(cluster *kafka.Cluster) *answers {
	return &answers{cluster: cluster, next: map[int]int64{}}
}

// read tells of the results that stand in the topic now and were not read before.
func (a *answers) read(ctx context.Context, found func(n int64)) error {
	ends, err := a.ends(ctx)
	if err != nil {
		return fmt.Errorf("read results: %w", err)
	}
	for partition, end := range ends {
		for a.next[partition] < end {
			if err := a.fetch(ctx, partition, found); err != nil {
				return fmt.Errorf("read results: partition %d, offset %d: %w", partition, a.next[partition], err)
			}
		}
	}
	return nil
}

// ends returns the offset after the last result of each partition.
func (a *answers) ends(ctx context.Context) (map[int]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var ask []kafkago.OffsetRequest
	for id := range partitions {
		ask = append(ask, kafkago.LastOffsetOf(id))
	}
	res, err := a.cluster.Client().ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{ResultsTopic: ask}})
	if err != nil {
		return nil, err
	}
	ends := map[int]int64{}
	for _, p := range res.Topics[ResultsTopic] {
		if p.Error != nil {
			return nil, fmt.Errorf("partition %d: %w", p.Partition, p.Error)
		}
		ends[p.Partition] = p.LastOffset
	}
	return ends, nil
}

// fetch reads on in one partition, where there is something to read.
func (a *answers) fetch(ctx context.Context, partition int, found func(n int64)) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	res, err := a.cluster.Client().Fetch(ctx, &kafkago.FetchRequest{
		Topic: ResultsTopic, Partition: partition, Offset: a.next[partition], MinBytes: 1, MaxBytes: answersBytes,
	})
	if err == nil {
		err = res.Error
	}
	for err == nil {
		var rec *kafkago.Record
		if rec, err = res.Records.ReadRecord(); err == nil && rec.Offset >= a.next[partition] {
			err = a.take(partition, rec, found)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (a *answers) take(partition int, rec *kafkago.Record, found func(n int64)) error {
	value, err := kafkago.ReadAll(rec.Value)
	if err != nil {
		return err
	}
	result, err := results.Decode(value)
	if err != nil {
		return err
	}
	a.next[partition] = rec.Offset + 1
	if n, ok := sourceNumber(result.Source); ok {
		found(n)
	}
	return nil
}
