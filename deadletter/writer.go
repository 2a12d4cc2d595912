package deadletter

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// The wait before a failed write is repeated doubles from the first to the second.
const (
	minWait = 100 * time.Millisecond
	maxWait = 5 * time.Second
)

// WriterConfig holds the settings of a [Writer]. Topic and Cluster are required.
type WriterConfig struct {
	Topic   string
	Cluster *kafka.Cluster
	// MaxBytes bounds a record, as a batch of its own, in bytes. If zero, only the topic's
	// max.message.bytes does.
	MaxBytes int
	// Logger receives a summary of failures. If nil, nobody does.
	Logger *zap.Logger
	// OnFailure is called for every failed try that will be repeated: a counter. It must be quick and safe
	// for concurrent use. If nil, failures are only logged.
	OnFailure func()
}

// Writer writes records so that nothing is lost. It is safe for concurrent use, and concurrent writes to one
// partition share requests. Idle, it has no goroutine.
type Writer struct {
	cfg   WriterConfig
	log   *zap.Logger
	lanes *lanes
	limit *limit
	storm storm
	cuts  seldom

	mu     sync.Mutex
	closed bool
	writes sync.WaitGroup
}

// NewWriter returns a Writer. It does not connect: a topic that does not exist yet is waited for by Write.
func NewWriter(cfg WriterConfig) (*Writer, error) {
	if cfg.Topic == "" || cfg.Cluster == nil {
		return nil, errors.New("dead-letter writer: needs a topic and a cluster")
	}
	if cfg.MaxBytes < 0 {
		return nil, fmt.Errorf("dead-letter writer: MaxBytes must not be negative (got %d)", cfg.MaxBytes)
	}
	log := cfg.Logger
	if log == nil {
		log = zap.NewNop()
	}
	log = log.With(zap.String("topic", cfg.Topic))
	l := &limit{cluster: cfg.Cluster, topic: cfg.Topic, most: unlimited, bytes: unlimited}
	if cfg.MaxBytes > 0 {
		l.most = cfg.MaxBytes
	}
	client := cfg.Cluster.Client()
	client.Timeout = produceTimeout
	return &Writer{
		cfg: cfg, log: log, limit: l, storm: storm{log: log},
		lanes: &lanes{client: client, topic: cfg.Topic, limit: l, queues: make(map[int][]*letter)},
	}, nil
}

// Write returns nil once every in-sync replica has the record. Errors of the topic, the brokers and the
// network are retried until ctx ends; a record that is refused is cut step by step (see [Part]) until it is
// accepted, and the smallest form fits where max.message.bytes is 1 KiB. So the only errors are ctx's own,
// wrapped together with the last failure, and [ErrClosed].
//
// Where ctx ends during a request, the record may be written all the same; written again it is a duplicate,
// which readers tell by its id. The record must not be changed before Write returns, nor the bytes it refers
// to after an error.
func (w *Writer) Write(ctx context.Context, r Record) error {
	if !w.enter() {
		return ErrClosed
	}
	defer w.writes.Done()
	f := fit(r, w.limit.get(ctx, limitAge))
	var failure error
	for tries := 0; ; {
		err := w.send(ctx, f)
		switch {
		case err == nil:
			w.written(f, tries)
			return nil
		case ctx.Err() != nil:
			return w.gaveUp(ctx, r, tries, failure)
		case aboutRecord(err):
			if smaller := fit(r, w.limit.below(ctx, f.size)); smaller.size < f.size {
				f = smaller
				continue
			}
			// Not even the smallest form is taken, so it is the topic. Begin again with the whole record, or
			// the form that is taken once the topic is mended would be the smallest.
			f = fit(r, w.limit.get(ctx, limitAge))
		}
		failure = err
		tries++
		w.storm.failed(tries == 1, err)
		if w.cfg.OnFailure != nil {
			w.cfg.OnFailure()
		}
		pause(ctx, tries)
	}
}

// Close refuses further writes and waits for those under way, which end when the topic takes them or their
// contexts end, and for requests that writes have given up on, at most twenty seconds more.
func (w *Writer) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.writes.Wait()
	w.lanes.runs.Wait()
	w.limit.asks.Wait()
	return nil
}

func (w *Writer) enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.writes.Add(1)
	return true
}

// send makes one try and waits for its end or ctx's.
func (w *Writer) send(ctx context.Context, f fitted) error {
	partitions, err := w.cfg.Cluster.Partitions(ctx, w.cfg.Topic)
	if err != nil {
		return err
	}
	if len(partitions) == 0 {
		return fmt.Errorf("topic %q: %w", w.cfg.Topic, kafka.ErrNoTopic)
	}
	ids := make([]int, len(partitions))
	for i, p := range partitions {
		ids[i] = p.ID
	}
	// The Java client's choice: a dead-letter topic with as many partitions as its source then keeps a key
	// in the partition of the same number.
	partition := kafkago.Murmur2Balancer{}.Balance(f.message, ids...)
	x := &letter{message: f.message, size: f.size, result: make(chan error, 1)}
	w.lanes.add(partition, x)
	select {
	case err := <-x.result:
		return err
	case <-ctx.Done():
		x.abandoned.Store(true)
		return ctx.Err()
	}
}

// written notes the end of a write that took some failed tries before.
func (w *Writer) written(f fitted, tries int) {
	if tries > 0 {
		w.storm.ended(true)
	}
	if f.record.Cut == nil {
		return
	}
	if held, ok := w.cuts.pass(); ok {
		w.log.Warn("dead letter cut to fit its topic: raise max.message.bytes to keep it whole",
			zap.String("id", f.record.Source.ID()), zap.Any("cut", f.record.Cut.Parts), zap.Int("bytes", f.size),
			zap.Int("cut_and_not_logged", held))
	}
}

// gaveUp returns the error of a write whose context ended after some failed tries.
func (w *Writer) gaveUp(ctx context.Context, r Record, tries int, failure error) error {
	if tries == 0 {
		return fmt.Errorf("write dead letter %s to topic %q: %w", r.Source.ID(), w.cfg.Topic, context.Cause(ctx))
	}
	w.storm.ended(false)
	return fmt.Errorf("write dead letter %s to topic %q: %w after %d failed tries, the last: %w",
		r.Source.ID(), w.cfg.Topic, context.Cause(ctx), tries, failure)
}

// pause waits before the next try. The wait is spread, so that records which failed together do not come
// back together.
func pause(ctx context.Context, tries int) {
	d := min(maxWait, minWait<<min(tries-1, 10))
	timer := time.NewTimer(d/2 + rand.N(d/2))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
