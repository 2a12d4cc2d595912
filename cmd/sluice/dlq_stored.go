package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/deadletter"
)

const (
	storedWait    = 500 * time.Millisecond // for the broker to have something
	storedTimeout = 15 * time.Second
	storedBytes   = 1 << 20 // asked for; a larger record comes whole all the same
)

// stored returns the value of a dead letter exactly as it stands on its topic: what was decoded from it
// would lack what a newer version, or another tool, has put there.
func (d *deadLetters) stored(ctx context.Context, e deadletter.Entry) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, storedTimeout)
	defer cancel()
	failed := func(err error) ([]byte, error) {
		return nil, fmt.Errorf("read topic %q, partition %d, offset %d: %w", d.topic, e.Partition, e.Offset, err)
	}
	res, err := d.cluster.Client().Fetch(ctx, &kafkago.FetchRequest{
		Topic: d.topic, Partition: e.Partition, Offset: e.Offset, MinBytes: 1, MaxBytes: storedBytes, MaxWait: storedWait,
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return failed(err)
	}
	for {
		record, err := res.Records.ReadRecord()
		switch {
		case errors.Is(err, io.EOF):
			return failed(errors.New("the record is gone: it was deleted just now"))
		case err != nil:
			return failed(err)
		case record.Offset < e.Offset: // a batch is sent from its start
			continue
		case record.Offset > e.Offset:
			return failed(errors.New("the record is gone: it was deleted just now"))
		}
		value, err := kafkago.ReadAll(record.Value)
		if err != nil {
			return failed(err)
		}
		return value, nil
	}
}
