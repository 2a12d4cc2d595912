package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// start is where the work on an assigned partition begins.
type start struct {
	partition int
	offset    int64
	committed commitPoint // as the group has it; offset -1: nothing
	highWater int64
	carry     carry
}

// commitPoint is what is committed for a partition.
type commitPoint struct {
	offset   int64
	metadata string
}

// starts finds out where to begin, trying until it succeeds, ctx ends, or the topic turns out to be gone.
func (w *Worker) starts(ctx context.Context, parts []int) ([]start, error) {
	if len(parts) == 0 {
		return nil, ctx.Err()
	}
	for wait := 250 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		starts, err := w.tryStarts(ctx, parts)
		if err == nil {
			return starts, nil
		}
		if errors.Is(err, kafkago.UnknownTopicOrPartition) {
			return nil, err
		}
		if ctx.Err() == nil {
			w.log.Warn("cannot read the group's offsets; trying again", zap.Error(w.diagnose(ctx, err)))
		}
		if !kafka.Sleep(ctx, wait) {
			return nil, ctx.Err()
		}
	}
}

func (w *Worker) tryStarts(ctx context.Context, parts []int) ([]start, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	committed, err := w.committed(ctx, parts)
	if err != nil {
		return nil, err
	}
	limits, err := w.limits(ctx, parts)
	if err != nil {
		return nil, err
	}
	starts := make([]start, 0, len(parts))
	for _, id := range parts {
		starts = append(starts, w.start(id, committed[id], limits[id]))
	}
	return starts, nil
}

// committed returns what the group has committed for each partition, offset -1 where nothing. It asks for
// itself, after the join: kafka-go's assignments drop the metadata.
func (w *Worker) committed(ctx context.Context, parts []int) (map[int]commitPoint, error) {
	res, err := w.cluster.Client().OffsetFetch(ctx, &kafkago.OffsetFetchRequest{
		GroupID: w.cfg.Group, Topics: map[string][]int{w.cfg.Topic: parts},
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return nil, fmt.Errorf("fetch offsets of group %q: %w", w.cfg.Group, err)
	}
	points := make(map[int]commitPoint, len(parts))
	for _, p := range res.Topics[w.cfg.Topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("fetch offset of group %q for partition %d: %w", w.cfg.Group, p.Partition, p.Error)
		}
		points[p.Partition] = commitPoint{p.CommittedOffset, p.Metadata}
	}
	return points, nil
}

// limits returns the first and the next offset of each partition's log.
func (w *Worker) limits(ctx context.Context, parts []int) (map[int]kafkago.PartitionOffsets, error) {
	var ask []kafkago.OffsetRequest
	for _, id := range parts {
		ask = append(ask, kafkago.FirstOffsetOf(id), kafkago.LastOffsetOf(id))
	}
	res, err := w.cluster.Client().ListOffsets(ctx, &kafkago.ListOffsetsRequest{
		Topics: map[string][]kafkago.OffsetRequest{w.cfg.Topic: ask},
	})
	if err != nil {
		return nil, fmt.Errorf("list offsets of topic %q: %w", w.cfg.Topic, err)
	}
	limits := make(map[int]kafkago.PartitionOffsets, len(parts))
	for _, p := range res.Topics[w.cfg.Topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("list offsets of topic %q, partition %d: %w", w.cfg.Topic, p.Partition, p.Error)
		}
		limits[p.Partition] = p
	}
	return limits, nil
}

// start decides where a partition begins. What the log no longer holds is reported, never silently skipped.
func (w *Worker) start(id int, committed commitPoint, log kafkago.PartitionOffsets) start {
	s := start{partition: id, offset: committed.offset, committed: committed, highWater: log.LastOffset}
	switch {
	case committed.offset < 0 && w.cfg.Start == StartLatest:
		// Committed at once (it counts as moved): else a restart would begin at a later end and skip what
		// came between.
		s.offset = log.LastOffset
	case committed.offset < 0:
		s.offset, s.committed.offset = log.FirstOffset, log.FirstOffset
	case committed.offset < log.FirstOffset:
		w.lost(id, committed.offset, log.FirstOffset)
		s.offset = log.FirstOffset
		s.carry = w.carried(id, committed)
	case committed.offset > log.LastOffset:
		s.offset = log.FirstOffset
		if w.cfg.Start == StartLatest {
			s.offset = log.LastOffset
		}
		w.log.Error("the committed offset is beyond the end of the log: the topic was recreated or truncated; starting again",
			zap.String("topic", w.cfg.Topic), zap.Int("partition", id), zap.Int64("committed", committed.offset),
			zap.Int64("log_end", log.LastOffset), zap.Int64("offset", s.offset))
	default:
		s.carry = w.carried(id, committed)
	}
	return s
}

// carried reads what the partition's last owner left in the commit's metadata.
func (w *Worker) carried(id int, committed commitPoint) carry {
	c, err := decodeCarry(committed.metadata, committed.offset)
	if err != nil {
		w.log.Error("the group's commit metadata cannot be read; messages that have ended beyond the committed offset are repeated",
			zap.String("topic", w.cfg.Topic), zap.Int("partition", id), zap.Error(err))
	}
	return c
}

// lost reports offsets that retention removed before the group read them.
func (w *Worker) lost(partition int, from, to int64) {
	w.log.Error("messages were lost to retention before the group read them",
		zap.String("topic", w.cfg.Topic), zap.Int("partition", partition),
		zap.Int64("from", from), zap.Int64("to", to), zap.Int64("count", to-from))
	w.observe(OffsetsLost{Topic: w.cfg.Topic, Partition: partition, From: from, To: to})
}

// assign takes a partition in, beginning at s.
func (e *engine) assign(topic string, s start) {
	e.parts[s.partition] = &partition{
		topic: topic, id: s.partition, window: newWindow(s.offset), committed: s.committed, highWater: s.highWater,
		carry: s.carry, wake: make(chan struct{}, 1),
	}
}

// uncommitted returns what has changed since it was last committed.
func (e *engine) uncommitted() map[int]commitPoint {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.exposure.take()
	points := map[int]commitPoint{}
	for id, p := range e.parts {
		at := p.window.position()
		if at == p.committed.offset && !p.dirty {
			continue
		}
		p.dirty = false
		c := e.carry(p)
		if !c.empty() {
			at = min(at, c.witness.offset) // the next owner must fetch the witness to believe the rest
		}
		point := commitPoint{at, c.encode(at)}
		if point != p.committed {
			points[id] = point
		}
	}
	return points
}

// setCommitted notes what was committed, or, where it was not, that it has still to be.
func (e *engine) setCommitted(points map[int]commitPoint, err error) {
	e.lock()
	defer e.unlock()
	e.exposure.settle(err == nil)
	for id, point := range points {
		if err != nil {
			e.parts[id].dirty = true
		} else {
			e.parts[id].committed = point
		}
	}
}
