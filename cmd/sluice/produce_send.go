package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"golang.org/x/time/rate"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/term"
)

const (
	produceBatch = 2_000   // messages that are sent together, at most
	produceBytes = 1 << 20 // of them, where the topic does not set a lower limit
	// produceGrace is how long after an interruption a batch under way may still be acknowledged: without that
	// nobody could say what became of it.
	produceGrace = 5 * time.Second
)

// producer sends lines as messages.
type producer struct {
	cluster  *kafka.Cluster
	topic    string
	limit    int // bytes that the topic takes in a batch; 0: not known
	writer   *kafkago.Writer
	headers  []kafkago.Header
	key      []string // reference tokens of the pointer; nil: no key
	limiter  *rate.Limiter
	abort    context.Context // ends the wait for acknowledgements at once
	progress *term.Progress
	total    int64 // bytes of the input; 0: not known
	began    time.Time

	batch    []kafkago.Message // whose WriterData is the line's number
	size     int               // bytes in it
	sent     int               // acknowledged
	lastLine int               // up to which all are
	unsure   []int             // lines that were not acknowledged before an interruption
	without  int               // sent without a key though one was asked for
}

func newProducer(cluster *kafka.Cluster, topic string, limit int, headers []kafkago.Header, o produceOptions) *producer {
	p := &producer{
		cluster: cluster, topic: topic, limit: limit, headers: headers, began: time.Now(),
		writer: &kafkago.Writer{
			Addr: cluster.Addr(), Topic: topic, Transport: cluster.Transport(), RequiredAcks: kafkago.RequireAll,
			Balancer: kafkago.Murmur2Balancer{}, // Kafka's own: a key goes where every other producer puts it
			// WriteMessages is given whole batches and must not wait for more, nor divide them.
			BatchSize: produceBatch, BatchTimeout: time.Millisecond, BatchBytes: 2 * longestLine,
		},
	}
	if o.key != "" {
		for token := range strings.SplitSeq(o.key[1:], "/") {
			p.key = append(p.key, unescapePointer.Replace(token))
		}
	}
	if o.rate > 0 {
		const atOnce = 0.05 // seconds' worth of messages
		p.limiter = rate.NewLimiter(rate.Limit(o.rate), max(1, int(o.rate*atOnce)))
	}
	return p
}

// sendAll sends the lines. Lines that are there are sent together; none waits for one that is still to come.
func (p *producer) sendAll(ctx context.Context, l *lines) error {
	defer p.close()
	for {
		one, err := l.next()
		if errors.Is(err, io.EOF) {
			return p.flush(ctx, l)
		}
		if err == nil {
			err = p.add(ctx, l, one)
		}
		if err == nil && l.waits() {
			err = p.flush(ctx, l)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// close ends the writer, but where a batch is under way that is not waited for any more: it would wait. Nothing
// is buffered otherwise.
func (p *producer) close() {
	if p.unsure == nil {
		_ = p.writer.Close()
	}
}

// add puts a line into the batch, and sends what there is where it is full.
func (p *producer) add(ctx context.Context, l *lines, one document) error {
	m := kafkago.Message{Value: one.raw, Headers: p.headers, WriterData: one.line}
	if p.key != nil && len(one.raw) == one.size {
		m.Key = lookup(one.raw, p.key)
	}
	size := kafka.BatchSize(m) + one.size - len(one.raw)
	if one.size > len(one.raw) || p.limit > 0 && size > p.limit {
		if err := p.flush(ctx, l); err != nil {
			return err
		}
		return p.tooLarge(l, one)
	}
	if p.limiter != nil && !p.limiter.Allow() {
		if err := p.flush(ctx, l); err != nil {
			return err
		}
		if err := p.limiter.Wait(ctx); err != nil {
			return err
		}
	}
	if len(p.batch) == produceBatch || p.size+size > p.batchBytes() {
		if err := p.flush(ctx, l); err != nil {
			return err
		}
	}
	if p.key != nil && m.Key == nil {
		p.without++
	}
	p.batch = append(p.batch, m)
	p.size += size
	return nil
}

func (p *producer) batchBytes() int {
	if p.limit > 0 {
		return min(p.limit, produceBytes)
	}
	return produceBytes
}

// flush sends the batch, and waits for its acknowledgement beyond an interruption.
func (p *producer) flush(ctx context.Context, l *lines) error {
	if len(p.batch) == 0 {
		return nil
	}
	writing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(p.abort, cancel)()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(produceGrace, cancel) })()
	err := p.writer.WriteMessages(writing, p.batch...)
	if err != nil {
		err = p.failed(l, err)
	} else {
		p.sent += len(p.batch)
		p.lastLine = lineOf(p.batch[len(p.batch)-1])
	}
	p.batch, p.size = p.batch[:0], 0
	p.show(l)
	return err
}

// show draws how far the work is.
func (p *producer) show(l *lines) {
	if p.total > 0 {
		p.progress.Set(l.bytes, p.total)
		return
	}
	perSecond := float64(p.sent) / time.Since(p.began).Seconds()
	p.progress.Tell(fmt.Sprintf("%s, %s/s", plural(int64(p.sent), "message"), grouped(int64(perSecond))))
}

func lineOf(m kafkago.Message) int { return m.WriterData.(int) } //nolint:forcetypeassert // as add makes it

// keyless tells of messages in which the key was not found.
func (p *producer) keyless() string {
	if p.without == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d without a key: nothing at the pointer)", p.without)
}

// lookup returns the value at a pointer as a key: a string's characters, any other scalar as written; nil
// where there is none.
func lookup(doc []byte, path []string) []byte {
	raw := json.RawMessage(doc)
	for _, token := range path {
		var object map[string]json.RawMessage
		var array []json.RawMessage
		switch {
		case json.Unmarshal(raw, &object) == nil:
			raw = object[token]
		case json.Unmarshal(raw, &array) == nil:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(array) {
				return nil
			}
			raw = array[i]
		default:
			return nil
		}
	}
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null" || raw[0] == '{' || raw[0] == '[':
		return nil
	case json.Unmarshal(raw, &text) == nil:
		return []byte(text)
	default:
		return raw
	}
}
