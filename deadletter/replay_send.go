package deadletter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

const (
	// sendRecords is the most messages between two looks at the state log.
	sendRecords = 500
	// defaultBatch is the size in bytes of a request where the topic does not tell its limit.
	defaultBatch = 1 << 20
	// sendTries is how often a write is tried that certainly was not done.
	sendTries = 8
	// lookFor is how long a look at the state log allows writes to begin. One that lasts, and the next partition's, are
	// not made on the strength of the same look.
	lookFor = time.Second
)

// batchFor returns how many messages are sent at once at a rate: a quarter of a second's.
func batchFor(rate float64) int {
	if rate <= 0 {
		return sendRecords
	}
	return int(min(max(rate/4, 1), sendRecords))
}

// send sends what is left, the canary first, and ends the run.
func (s *replayRun) send(ctx context.Context) (*Report, error) {
	partitions, err := s.r.topicPartitions(ctx)
	if err != nil {
		return s.stopped(ctx, err)
	}
	if limit, err := s.r.cfg.Cluster.MaxMessageBytes(ctx, s.r.cfg.Topic); err == nil && limit > 0 {
		s.size = limit
	}
	if s.opts.Canary > 0 {
		canary := slices.Clone(s.items)
		for want := s.sent + s.opts.Canary; s.sent < want && len(s.items) > 0; { // what is passed over proves nothing
			if err := s.sendAll(ctx, want-s.sent, partitions); err != nil {
				return s.stopped(ctx, err)
			}
		}
		if err := s.awaitCanary(ctx, canary[:len(canary)-len(s.items)]); err != nil {
			return s.stopped(ctx, err)
		}
	}
	if err := s.sendAll(ctx, len(s.items), partitions); err != nil {
		return s.stopped(ctx, err)
	}
	report, err := s.end("done", nil)
	if err == nil && s.opts.Canary > 0 {
		report = s.awaitEnds(ctx)
	}
	return report, err
}

// stopped ends the run with what has stopped it.
func (s *replayRun) stopped(ctx context.Context, err error) (*Report, error) {
	var stop *StopError
	var unsure *kafka.UnsureError
	switch {
	case errors.As(err, &stop):
	case ctx.Err() != nil:
		stop = &StopError{Stop: StopCancelled, Replay: s.id, Text: "as asked"}
	case errors.As(err, &unsure):
		stop = &StopError{Stop: StopUnsure, Replay: s.id, Err: err,
			Text: "a write got no answer that tells whether it was done; when it is resumed, the source topic is read to find out"}
	default:
		stop = &StopError{Stop: StopFailed, Replay: s.id, Text: "Kafka does not take it", Err: err}
	}
	if stop.Stop == StopTaken { // there is nothing of ours to give back
		report := s.report()
		report.Stopped = stop.Text
		return report, stop
	}
	report, err := s.end(stop.Text, stop)
	report.Stopped = stop.Text
	return report, err
}

// sendAll sends the next n of what is left.
func (s *replayRun) sendAll(ctx context.Context, n, partitions int) error {
	for n > 0 && len(s.items) > 0 {
		batch := slices.Clone(s.items[:batchOf(s.items, min(n, s.limiter.Burst()))])
		turn := s.limiter.ReserveN(time.Now(), len(batch))
		if err := s.pause(ctx, time.Now().Add(turn.Delay())); err != nil {
			return err
		}
		if err := s.sendBatch(ctx, batch, partitions); err != nil {
			return err
		}
		n -= len(batch)
		s.progress("sending", 0)
	}
	return nil
}

// sendBatch sends messages, and notes which it has sent. Once it has begun to write it does not stop for ctx.
func (s *replayRun) sendBatch(ctx context.Context, batch []*planned, partitions int) error {
	found, err := s.r.originals(ctx, batch)
	if err != nil {
		return err
	}
	ours, err := s.hold(ctx, batch)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	byPartition := map[int][]outgoing{}
	for _, x := range ours {
		o, ok := found[x]
		if !ok {
			s.skipped.add(SkipGone, x.id, goneText)
			continue
		}
		if m, ok := s.message(x, o); ok {
			to := target(x, m.Key, partitions)
			byPartition[to] = append(byPartition[to], outgoing{x, m})
		}
	}
	ctx = context.WithoutCancel(ctx)
	var sent []*planned
	for _, partition := range sortedKeys(byPartition) {
		var wrote []*planned
		wrote, err = s.write(ctx, partition, byPartition[partition])
		if sent = append(sent, wrote...); err != nil {
			break
		}
	}
	done := map[*planned]bool{}
	for _, x := range sent {
		done[x] = true
	}
	if err == nil { // all of the batch has been dealt with
		for _, x := range batch {
			done[x] = true
		}
	}
	s.items = slices.DeleteFunc(s.items, func(x *planned) bool { return done[x] })
	s.sent += len(sent)
	if noted := s.note(ctx, sent); err == nil {
		err = noted
	}
	return err
}

// note writes that dead letters were replayed.
func (s *replayRun) note(ctx context.Context, sent []*planned) error {
	entries := make([]StateEntry, len(sent))
	now := time.Now()
	for i, x := range sent {
		entries[i] = StateEntry{Kind: StateReplayed, At: now, ID: x.id, PayloadSHA256: x.sha256, Replay: s.id, Run: s.run, By: s.r.cfg.By}
	}
	if err := s.r.log.append(ctx, entries...); err != nil {
		s.unsure = true
		return fmt.Errorf("%d messages were sent that could not be noted as such: %w", len(sent), err)
	}
	return nil
}

// outgoing is a message with the dead letter that it replays.
type outgoing struct {
	letterID *planned
	message  kafkago.Message
}

// message returns the message to send, or notes why there is none.
func (s *replayRun) message(x *planned, o original) (kafkago.Message, bool) {
	source := Source{Topic: s.r.cfg.Topic, Partition: x.partition, Offset: x.offset, Key: o.key, Headers: headersOf(o.headers)}
	value, _, err := s.r.ready(s.opts.Edits, source, o.value)
	if err != nil && (!s.opts.Force || isEditError(err)) {
		s.skipped.add(SkipInvalid, x.id, err.Error())
		return kafkago.Message{}, false
	}
	m := kafkago.Message{Key: o.key, Value: value}
	for _, h := range o.headers {
		switch h.Key {
		case HeaderReplayID, HeaderReplayOf, HeaderReplays, HeaderReplayGroup:
		default:
			m.Headers = append(m.Headers, h)
		}
	}
	for _, h := range [...]struct{ key, value string }{
		{HeaderReplayID, s.id}, {HeaderReplayOf, x.id}, {HeaderReplays, strconv.Itoa(x.count + 1)}, {HeaderReplayGroup, x.group},
	} {
		m.Headers = append(m.Headers, kafkago.Header{Key: h.key, Value: []byte(h.value)})
	}
	return m, true
}

// target returns the partition to write to: the one that the message came from, so that it stays among those of its
// key however its producer chose. Where the topic was created anew with fewer, the key decides.
func target(x *planned, key []byte, partitions int) int {
	if x.partition < partitions {
		return x.partition
	}
	if key == nil {
		return x.partition % partitions
	}
	ids := make([]int, partitions)
	for i := range ids {
		ids[i] = i
	}
	return kafkago.Murmur2Balancer{}.Balance(kafkago.Message{Key: key}, ids...)
}

// write writes messages to a partition, in order, as few requests as their size allows, and returns the dead letters
// whose messages are certainly written. What the brokers refuse for its size alone is left out.
func (s *replayRun) write(ctx context.Context, partition int, messages []outgoing) (sent []*planned, err error) {
	for len(messages) > 0 {
		n, size := 1, kafka.BatchSize(messages[0].message)
		for n < len(messages) {
			if size += kafka.BatchSize(messages[n].message); size > s.size {
				break
			}
			n++
		}
		wrote, err := s.writeBatch(ctx, partition, messages[:n])
		if sent = append(sent, wrote...); err != nil {
			return sent, err
		}
		messages = messages[n:]
	}
	return sent, nil
}

func (s *replayRun) writeBatch(ctx context.Context, partition int, messages []outgoing) ([]*planned, error) {
	for tries := 1; ; tries++ {
		if time.Since(s.looked) > lookFor {
			if _, err := s.hold(ctx, nil); err != nil {
				return nil, err
			}
		}
		records := make([]kafkago.Record, len(messages))
		letters := make([]*planned, len(messages))
		for i, m := range messages {
			letters[i] = m.letterID
			records[i] = kafkago.Record{
				Key: kafkago.NewBytes(m.message.Key), Value: kafkago.NewBytes(m.message.Value), Headers: m.message.Headers,
			}
		}
		err := s.r.cfg.Cluster.ProduceOnce(ctx, s.r.cfg.Topic, partition, records...)
		var unsure *kafka.UnsureError
		var refused kafkago.Error
		switch {
		case err == nil:
			return letters, nil
		case errors.As(err, &unsure):
			s.unsure = true
			return nil, err
		case kafka.TooLarge(err) && len(messages) > 1:
			half := len(messages) / 2
			first, err := s.writeBatch(ctx, partition, messages[:half])
			if err != nil {
				return first, err
			}
			second, err := s.writeBatch(ctx, partition, messages[half:])
			return append(first, second...), err
		case kafka.TooLarge(err):
			s.skipped.add(SkipRefused, letters[0].id, "with the headers of a replay the message is larger than the topic takes: raise its max.message.bytes")
			return nil, nil
		case errors.As(err, &refused) && !refused.Temporary(), tries == sendTries:
			return nil, s.r.cfg.Cluster.Refusal(kafka.Write, s.r.cfg.Topic, err)
		}
		kafka.Pause(ctx, tries)
		s.looked = time.Time{}
	}
}
