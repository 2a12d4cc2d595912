package demo

import (
	"context"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

const (
	// backlog is how many messages the worker may be behind before the producer waits: some seconds' work,
	// and no more than the broker may hold in memory.
	backlog = 20_000
	// chunk is how many messages are written at once, at most.
	chunk = 500
	// beat is how often the producer looks how many messages are due.
	beat = 20 * time.Millisecond
	// endingRate is the pace, in messages a second, of the good messages that keep the API proven while poison
	// is still retried: more than one in the second after which the breaker would open.
	endingRate = 3
	// writeTimeout bounds one write to a broker in the same process.
	writeTimeout = 30 * time.Second
)

// produce sends the messages, until all are sent or ctx ends.
func (s *Stage) produce(ctx context.Context, ended func() int64) error {
	w := &kafkago.Writer{
		Addr: s.cluster.Addr(), Transport: s.cluster.Transport(), Topic: Topic, Balancer: &kafkago.Hash{},
		RequiredAcks: kafkago.RequireAll, BatchTimeout: time.Millisecond, BatchSize: chunk, Completion: s.acknowledged,
	}
	defer func() { _ = w.Close() }() // nothing is buffered: every write has been waited for
	pace := newPace(s.opts, s.traffic.Ending())
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for sent := int64(0); s.opts.Messages == 0 || sent < s.opts.Messages; {
		due := min(pace.due(time.Now(), sent, ended()), chunk)
		if due > 0 {
			if err := s.write(ctx, w, sent, sent+due); err != nil {
				return err
			}
			sent += due
			if due == chunk && ctx.Err() == nil {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
	return nil
}

// write sends the messages from one number to below another. A stop does not interrupt it: of a write cut
// off nobody could say whether it arrived.
func (s *Stage) write(ctx context.Context, w *kafkago.Writer, from, to int64) error {
	msgs := make([]kafkago.Message, 0, to-from)
	for n := from; n < to; n++ {
		msgs = append(msgs, s.traffic.Message(n))
	}
	s.ledger.Expect(to)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if err := w.WriteMessages(ctx, msgs...); err != nil {
		return fmt.Errorf("produce to the embedded broker: %w", err)
	}
	return nil
}

// acknowledged hears where the broker has put messages.
func (s *Stage) acknowledged(msgs []kafkago.Message, err error) {
	if err != nil {
		return // WriteMessages returns it
	}
	for _, m := range msgs {
		s.ledger.Produced(m.WriterData.(int64), m.Partition, m.Offset) //nolint:forcetypeassert // as Message makes it
	}
}

// pace says how many messages are due.
type pace struct {
	opts   Options
	ending int64 // number of the first of the last messages

	since time.Time // when the rate was last begun
	from  int64     // and the number of the message then
	slow  bool      // whether that is the slow rate of the ending
}

func newPace(opts Options, ending int64) *pace {
	return &pace{opts: opts, ending: opts.Messages - ending}
}

// due returns how many messages are to be sent now, of which so many are sent and ended so far.
func (p *pace) due(now time.Time, sent, ended int64) int64 {
	room := max(0, backlog-(sent-ended))
	left := room
	if p.opts.Messages > 0 {
		left = min(room, p.opts.Messages-sent)
		switch waits := ended < sent; {
		case sent < p.ending:
			left = min(left, p.ending-sent)
		case p.slow && !waits:
			p.slow, p.ending = false, p.opts.Messages+1 // all before them have ended: nothing to prove any more
			p.begin(now, sent)
		case !p.slow && sent == p.ending && waits:
			p.slow = true
			p.begin(now, sent)
		}
	}
	return min(left, p.byRate(now, sent, room))
}

// byRate returns how many messages the rate allows.
func (p *pace) byRate(now time.Time, sent, room int64) int64 {
	rate := p.opts.Rate
	if p.slow && (rate == 0 || rate > endingRate) {
		rate = endingRate
	}
	if rate == 0 {
		return room
	}
	if p.since.IsZero() || room == 0 {
		p.begin(now, sent) // what was not sent while the worker was behind is not made up for in a burst
	}
	return p.from + int64(now.Sub(p.since).Seconds()*float64(rate)) - sent
}

func (p *pace) begin(now time.Time, sent int64) { p.since, p.from = now, sent }
