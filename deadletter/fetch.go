package deadletter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

const (
	// fetchBytes is about how much one request brings; a larger record comes whole all the same.
	fetchBytes = 4 << 20
	// fetchWait is how long a broker waits for data that is not there, and requestTimeout what is granted
	// beyond it: a half-open connection would hang for ever.
	fetchWait      = 500 * time.Millisecond
	requestTimeout = 10 * time.Second
	// tries is how often a request is made before a scan gives up; the waits between add up to 3
	// to 6 s, enough for a change of leaders.
	tries = 7
	// clockSkew is how far the clocks of those who write dead letters and of brokers may differ before a
	// bound in time misses records.
	clockSkew = 10 * time.Minute
	// emptyFetches in a row, below the end, mean that nothing is left: brokers answer so where all later
	// records were deleted.
	emptyFetches = 3
)

// span is the part of a partition that a scan reads.
type span struct {
	partition  int
	start, end int64 // the first offset, and the one after the last
}

// spans returns what each partition holds now, without what is surely older than since.
func (r *Reader) spans(ctx context.Context, since time.Time) ([]span, error) {
	partitions, err := r.cfg.Cluster.Partitions(ctx, r.cfg.Topic)
	if err != nil {
		return nil, err
	}
	var asks []kafkago.OffsetRequest
	for _, p := range partitions {
		asks = append(asks, kafkago.FirstOffsetOf(p.ID), kafkago.LastOffsetOf(p.ID))
		if !since.IsZero() {
			asks = append(asks, kafkago.TimeOffsetOf(p.ID, since.Add(-clockSkew)))
		}
	}
	offsets, err := r.offsets(ctx, asks)
	if err != nil {
		return nil, err
	}
	var spans []span
	for _, p := range partitions {
		at, ok := offsets[p.ID]
		if !ok {
			return nil, fmt.Errorf("partition %d: no offsets in the broker's answer", p.ID)
		}
		s := span{partition: p.ID, start: at.FirstOffset, end: at.LastOffset}
		for offset := range at.Offsets { // at most one, from since; -1 where no record is as new
			if s.start = max(s.start, offset); offset < 0 {
				s.start = s.end
			}
		}
		spans = append(spans, s)
	}
	return spans, nil
}

// offsets asks for offsets, by partition.
func (r *Reader) offsets(ctx context.Context, asks []kafkago.OffsetRequest) (map[int]kafkago.PartitionOffsets, error) {
	answers := make(map[int]kafkago.PartitionOffsets)
	err := again(ctx, func(ctx context.Context) error {
		res, err := r.client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{r.cfg.Topic: asks}})
		if err != nil {
			return err
		}
		for _, at := range res.Topics[r.cfg.Topic] {
			if at.Error != nil {
				return fmt.Errorf("offsets of partition %d: %w", at.Partition, at.Error)
			}
			answers[at.Partition] = at
		}
		return nil
	})
	return answers, err
}

// read hands every record of a span to visit, in order, until visit returns false; more reports whether it
// never did. The record is valid only during the call. told hears how many offsets each step passed.
func (r *Reader) read(ctx context.Context, s span, told func(int64), visit func(*kafkago.Record) (bool, error)) (more bool, err error) {
	empty := 0
	for next := s.start; next < s.end; {
		res, err := r.fetch(ctx, s.partition, next)
		if errors.Is(err, kafkago.OffsetOutOfRange) {
			// Retention was here first, or the topic is a new one of the same name.
			first, err := r.first(ctx, s.partition)
			if err != nil {
				return false, err
			}
			if first <= next {
				first = s.end
			}
			told(min(first, s.end) - next)
			next = first
			continue
		}
		if err != nil {
			return false, fmt.Errorf("offset %d: %w", next, err)
		}
		after, more, err := drain(res.Records, next, s.end, visit)
		if err != nil {
			return false, fmt.Errorf("offset %d: %w", after, err)
		}
		if after == next {
			if empty++; empty == emptyFetches {
				after = s.end
			}
		} else {
			empty = 0
		}
		told(after - next)
		if next = after; !more {
			return false, nil
		}
	}
	return true, nil
}

// drain hands the records from next on, below end, to visit, and returns the offset to fetch after them,
// which is next only if the answer held no batch at all.
func drain(records kafkago.RecordReader, next, end int64, visit func(*kafkago.Record) (bool, error)) (after int64, more bool, err error) {
	after, more = next, true
	for more {
		rec, err := records.ReadRecord()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return after, false, err
		}
		if rec.Offset >= next && rec.Offset < end {
			more, err = visit(rec)
			after = rec.Offset + 1
		}
		release(rec)
		if err != nil {
			return after, false, err
		}
	}
	// Batches count even where they hold no record for us: control batches, which the reader skips, and
	// those that compaction emptied. kafka-go does not tell where such a batch ends, so step by one.
	if stream, ok := records.(*protocol.RecordStream); ok && len(stream.Records) > 0 {
		for _, batch := range stream.Records {
			if b, ok := batch.(interface{ Offset() int64 }); ok && more {
				after = max(after, b.Offset()+1)
			}
		}
		after = max(after, next+1)
	}
	return min(after, end), more, nil
}

// release gives a record's memory back to kafka-go.
func release(rec *kafkago.Record) {
	if rec.Key != nil {
		_ = rec.Key.Close()
	}
	if rec.Value != nil {
		_ = rec.Value.Close()
	}
}

// fetch reads from an offset on.
func (r *Reader) fetch(ctx context.Context, partition int, offset int64) (res *kafkago.FetchResponse, err error) {
	err = again(ctx, func(ctx context.Context) error {
		res, err = r.client.Fetch(ctx, &kafkago.FetchRequest{
			Topic: r.cfg.Topic, Partition: partition, Offset: offset,
			MinBytes: 1, MaxBytes: fetchBytes, MaxWait: fetchWait,
		})
		if err != nil {
			return err
		}
		return res.Error
	})
	return res, err
}

// first returns the first offset that a partition still has.
func (r *Reader) first(ctx context.Context, partition int) (int64, error) {
	offsets, err := r.offsets(ctx, []kafkago.OffsetRequest{kafkago.FirstOffsetOf(partition)})
	if err != nil {
		return 0, err
	}
	return offsets[partition].FirstOffset, nil
}

// again makes a request, with a deadline, until it succeeds, fails for good, or has failed often enough.
func again(ctx context.Context, request func(context.Context) error) error {
	for try := 1; ; try++ {
		limited, cancel := context.WithTimeout(ctx, fetchWait+requestTimeout)
		err := request(limited)
		cancel()
		var code kafkago.Error
		final := errors.As(err, &code) && !code.Temporary() && code != kafkago.Unknown
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case final || try == tries:
			return err
		}
		kafka.Pause(ctx, try)
	}
}
