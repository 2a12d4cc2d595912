package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	fetchproto "github.com/segmentio/kafka-go/protocol/fetch"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

const (
	fetchWait      = 500 * time.Millisecond // the broker's long poll
	fetchTimeout   = fetchWait + 10*time.Second
	fetchLogEvery  = 30 * time.Second
	readCommitted  = 1
	maxFetchFaults = 5 * time.Second // longest wait between failing fetches
)

// fetcher reads one partition.
type fetcher struct {
	w        *Worker
	e        *engine
	p        *partition
	next     int64 // offset to fetch
	maxBytes int64

	failures int
	logged   time.Time
}

// fetchLoop reads the partition until ctx ends, as far ahead as there is room for.
func (w *Worker) fetchLoop(ctx context.Context, stopFetch context.CancelCauseFunc, e *engine, p *partition, maxBytes int64) {
	f := &fetcher{w: w, e: e, p: p, next: p.window.next, maxBytes: maxBytes}
	for e.waitRoom(ctx, p) == nil {
		err := f.fetch(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			f.recovered()
		case errors.Is(err, kafkago.OffsetOutOfRange):
			if !f.outOfRange(ctx) {
				stopFetch(errGone) // begin again from what the group has
				return
			}
		case errors.Is(err, kafkago.UnknownTopicOrPartition):
			// Deleted. By the next fetch it may be there again, and hold other messages at our offset.
			stopFetch(errGone)
			return
		default:
			f.failed(ctx, err)
		}
	}
}

// fetch reads once and hands over what came.
func (f *fetcher) fetch(ctx context.Context) error {
	res, err := f.request(ctx)
	if err != nil {
		return err
	}
	f.e.setHighWater(f.p, res.HighWatermark)
	aborted := newAborted(res.AbortedTransactions)
	stream, _ := res.RecordSet.Records.(*protocol.RecordStream)
	if stream == nil {
		return nil
	}
	before := f.next
	for _, batch := range stream.Records {
		if err := f.batch(ctx, batch, aborted); err != nil {
			return err
		}
	}
	if f.next == before && len(stream.Records) > 0 {
		// A batch that compaction emptied: its last offset is not told, so step over it one by one.
		f.next++
	}
	f.e.skipTo(f.p, f.next)
	return nil
}

func (f *fetcher) request(ctx context.Context) (*fetchproto.ResponsePartition, error) {
	// A half-open connection would hang the request for ever: the deadline is ours to set.
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	m, err := f.w.cluster.Transport().RoundTrip(ctx, f.w.cluster.Addr(), &fetchproto.Request{
		ReplicaID: -1, MaxWaitTime: int32(fetchWait / time.Millisecond), MinBytes: 1, MaxBytes: int32(f.maxBytes),
		IsolationLevel: readCommitted, SessionID: -1, SessionEpoch: -1,
		Topics: []fetchproto.RequestTopic{{
			Topic: f.p.topic,
			Partitions: []fetchproto.RequestPartition{{
				Partition: int32(f.p.id), CurrentLeaderEpoch: -1, FetchOffset: f.next, LogStartOffset: -1,
				PartitionMaxBytes: int32(f.maxBytes),
			}},
		}},
	})
	if err != nil {
		return nil, err
	}
	res := m.(*fetchproto.Response) //nolint:forcetypeassert // the protocol pairs them
	if res.ErrorCode != 0 {
		return nil, kafkago.Error(res.ErrorCode)
	}
	if len(res.Topics) == 0 || len(res.Topics[0].Partitions) == 0 {
		return nil, errors.New("the broker's answer does not hold the partition")
	}
	p := &res.Topics[0].Partitions[0]
	if p.ErrorCode != 0 {
		return nil, kafkago.Error(p.ErrorCode)
	}
	return p, nil
}

// batch hands over the messages of one record batch. Control batches and those of aborted transactions hold
// none, but the position passes them.
func (f *fetcher) batch(ctx context.Context, batch protocol.RecordReader, aborted *abortedTransactions) error {
	skip := false
	switch b := batch.(type) {
	case *protocol.ControlBatch:
		aborted.control(b)
		f.next = max(f.next, b.BaseOffset+1)
		return nil
	case *protocol.RecordBatch:
		skip = b.Attributes.Transactional() && aborted.covers(b.ProducerID, b.BaseOffset)
	}
	var msgs []*message
	for {
		rec, err := batch.ReadRecord()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read a record of the batch at offset %d: %w", f.next, err)
		}
		m, err := f.message(rec)
		if err != nil {
			return fmt.Errorf("read the record at offset %d: %w", rec.Offset, err)
		}
		if rec.Offset < f.next { // Kafka may begin with the batch that holds the offset asked for
			continue
		}
		f.next = rec.Offset + 1
		if !skip {
			msgs = append(msgs, m)
		}
	}
	return f.e.add(ctx, f.p, msgs)
}

func (f *fetcher) message(rec *protocol.Record) (*message, error) {
	key, err := protocol.ReadAll(rec.Key)
	if err != nil {
		return nil, err
	}
	value, err := protocol.ReadAll(rec.Value)
	if err != nil {
		return nil, err
	}
	m := &message{part: f.p, offset: rec.Offset, key: key, value: value, headers: rec.Headers, timestamp: rec.Time}
	m.size = int64(len(key) + len(value))
	for _, h := range rec.Headers {
		m.size += int64(len(h.Key) + len(h.Value))
	}
	return m, nil
}

// outOfRange deals with an offset that the log does not hold. It reports false where the log is a different
// one altogether, so that the partition must be begun again.
func (f *fetcher) outOfRange(ctx context.Context) bool {
	limits, err := f.w.limits(ctx, []int{f.p.id})
	if err != nil {
		f.failed(ctx, err)
		return true
	}
	log := limits[f.p.id]
	if f.next >= log.FirstOffset {
		return f.next <= log.LastOffset // in range again, or beyond the end
	}
	f.w.lost(f.p.id, f.next, log.FirstOffset)
	f.next = log.FirstOffset
	f.e.skipTo(f.p, f.next)
	return true
}

// failed waits before the next try, longer each time, and says so once in a while.
func (f *fetcher) failed(ctx context.Context, err error) {
	f.failures++
	if now := time.Now(); f.failures > 2 && now.Sub(f.logged) >= fetchLogEvery {
		f.logged = now
		f.w.log.Warn("cannot fetch; trying again", zap.String("topic", f.p.topic), zap.Int("partition", f.p.id),
			zap.Int64("offset", f.next), zap.Int("failures", f.failures), zap.Error(f.w.diagnose(ctx, err)))
	}
	kafka.Sleep(ctx, min(50*time.Millisecond<<min(f.failures, 10), maxFetchFaults))
}

func (f *fetcher) recovered() {
	if !f.logged.IsZero() {
		f.w.log.Info("fetching again", zap.String("topic", f.p.topic), zap.Int("partition", f.p.id),
			zap.Int64("offset", f.next), zap.Int("failures", f.failures))
	}
	f.failures, f.logged = 0, time.Time{}
}

func (e *engine) setHighWater(p *partition, at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.highWater = at
}

// abortedTransactions tells which batches of a fetch belong to transactions that were aborted. The broker
// names them by producer and first offset; an abort marker ends each (Kafka protocol, Fetch v4+).
type abortedTransactions struct {
	starts []fetchproto.ResponseTransaction // not yet met
	open   map[int64]bool                   // producers inside an aborted transaction
}

func newAborted(starts []fetchproto.ResponseTransaction) *abortedTransactions {
	return &abortedTransactions{starts: starts, open: map[int64]bool{}}
}

func (a *abortedTransactions) covers(producer, baseOffset int64) bool {
	rest := a.starts[:0]
	for _, t := range a.starts {
		if t.FirstOffset <= baseOffset {
			a.open[t.ProducerID] = true
		} else {
			rest = append(rest, t)
		}
	}
	a.starts = rest
	return a.open[producer]
}

func (a *abortedTransactions) control(b *protocol.ControlBatch) {
	const abortMarker = 0
	if r, err := b.ReadControlRecord(); err == nil && r.Type == abortMarker {
		delete(a.open, b.ProducerID)
	}
}
