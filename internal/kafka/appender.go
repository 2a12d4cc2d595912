package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// ErrClosed is returned by [Appender.Append] after Close.
var ErrClosed = errors.New("the writer is closed")

// The wait before a failed request is repeated doubles from the first to the second.
const (
	minWait = 100 * time.Millisecond
	maxWait = 5 * time.Second
)

// AppenderConfig holds the settings of an [Appender]. What, Topic and Cluster are required.
type AppenderConfig struct {
	// What names one record in logs and errors, such as "dead letter". Its plural ends in s.
	What    string
	Topic   string
	Cluster *Cluster
	// MaxBytes bounds a record, as a batch of its own, in bytes. If zero, only the topic's
	// max.message.bytes does.
	MaxBytes int
	// Logger receives a summary of failures. If nil, nobody does.
	Logger *zap.Logger
	// OnFailure is called for every failed try that will be repeated: a counter. It must be quick and safe
	// for concurrent use. If nil, failures are only logged.
	OnFailure func()
}

// Form is one form of a record: whole, or cut so that it fits its topic.
type Form struct {
	Message kafkago.Message // topic, partition and time are left to the Appender
	Size    int             // BatchSize(Message)
	Cut     []string        // names of what was left out, for the log; nil for the whole record
}

// Appender appends records to a topic so that nothing is lost. It is safe for concurrent use, and concurrent
// appends to one partition share requests. Idle, it has no goroutine.
type Appender struct {
	cfg   AppenderConfig
	log   *zap.Logger
	lanes *lanes
	limit *limit
	storm storm
	cuts  seldom

	mu      sync.Mutex
	closed  bool
	appends sync.WaitGroup
}

// NewAppender returns an Appender. It does not connect: a topic that does not exist yet is waited for by
// Append.
func NewAppender(cfg AppenderConfig) (*Appender, error) {
	if cfg.Topic == "" || cfg.Cluster == nil {
		return nil, fmt.Errorf("%s writer: needs a topic and a cluster", cfg.What)
	}
	if cfg.MaxBytes < 0 {
		return nil, fmt.Errorf("%s writer: MaxBytes must not be negative (got %d)", cfg.What, cfg.MaxBytes)
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
	return &Appender{
		cfg: cfg, log: log, limit: l, storm: storm{what: cfg.What + "s", log: log},
		lanes: &lanes{client: client, topic: cfg.Topic, limit: l, queues: make(map[int][]*parcel)},
	}, nil
}

// Append returns nil once every in-sync replica has the record, which logs and errors call id. Errors of the
// topic, the brokers and the network are retried until ctx ends. A record that is too large, or refused, is
// asked for in a smaller form until it is accepted: fit returns the largest form of at most limit bytes, or
// the smallest there is where even that is larger, and is called by one goroutine at a time. So the only
// errors are ctx's own, wrapped together with the last failure, and [ErrClosed].
//
// Where ctx ends during a request, the record may be written all the same. What a form refers to must not be
// changed before Append returns, nor after an error.
func (a *Appender) Append(ctx context.Context, id string, fit func(limit int) Form) error {
	if !a.enter() {
		return fmt.Errorf("write %s %s to topic %q: %w", a.cfg.What, id, a.cfg.Topic, ErrClosed)
	}
	defer a.appends.Done()
	f := fit(a.limit.get(ctx, limitAge))
	var failure error
	for tries := 0; ; {
		refused := false
		err := a.send(ctx, f)
		switch {
		case err == nil:
			a.appended(id, f, tries)
			return nil
		case ctx.Err() != nil:
			return a.gaveUp(ctx, id, tries, failure)
		case aboutRecord(err):
			if smaller := fit(a.limit.below(ctx, f.Size)); smaller.Size < f.Size {
				f = smaller
				continue
			}
			refused = true
		}
		failure = err
		tries++
		a.storm.failed(tries == 1, err)
		if a.cfg.OnFailure != nil {
			a.cfg.OnFailure()
		}
		Pause(ctx, tries)
		if refused {
			// Not even the smallest form is taken, so it is the topic. Begin again with what the topic takes now,
			// or the form that is taken once it is mended would be the smallest.
			f = fit(a.limit.get(ctx, time.Second))
		}
	}
}

// Close refuses further appends and waits for those under way, which end when the topic takes them or their
// contexts end, and for requests that appends have given up on, at most twenty seconds more.
func (a *Appender) Close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.appends.Wait()
	a.lanes.runs.Wait()
	a.limit.asks.Wait()
}

func (a *Appender) enter() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.appends.Add(1)
	return true
}

// send makes one try and waits for its end or ctx's.
func (a *Appender) send(ctx context.Context, f Form) error {
	if ctx.Err() != nil {
		return ctx.Err() // what is known of the cluster may be answered even so
	}
	partitions, err := a.cfg.Cluster.Partitions(ctx, a.cfg.Topic)
	if err != nil {
		return err
	}
	if len(partitions) == 0 {
		return fmt.Errorf("topic %q: %w", a.cfg.Topic, ErrNoTopic)
	}
	ids := make([]int, len(partitions))
	for i, p := range partitions {
		ids[i] = p.ID
	}
	// The Java client's choice: a topic with as many partitions as the source then keeps a key in the
	// partition of the same number.
	partition := kafkago.Murmur2Balancer{}.Balance(f.Message, ids...)
	x := &parcel{message: f.Message, size: f.Size, result: make(chan error, 1)}
	a.lanes.add(partition, x)
	select {
	case err := <-x.result:
		return err
	case <-ctx.Done():
		x.abandoned.Store(true)
		return ctx.Err()
	}
}

// appended notes the end of an append that took some failed tries before.
func (a *Appender) appended(id string, f Form, tries int) {
	if tries > 0 {
		a.storm.ended(true)
	}
	if f.Cut == nil {
		return
	}
	if held, ok := a.cuts.pass(); ok {
		a.log.Warn(a.cfg.What+" cut to fit its topic: raise max.message.bytes to keep it whole",
			zap.String("id", id), zap.Strings("cut", f.Cut), zap.Int("bytes", f.Size), zap.Int("cut_and_not_logged", held))
	}
}

// gaveUp returns the error of an append whose context ended after some failed tries.
func (a *Appender) gaveUp(ctx context.Context, id string, tries int, failure error) error {
	if tries == 0 {
		return fmt.Errorf("write %s %s to topic %q: %w", a.cfg.What, id, a.cfg.Topic, context.Cause(ctx))
	}
	a.storm.ended(false)
	return fmt.Errorf("write %s %s to topic %q: %w after %d failed tries, the last: %w",
		a.cfg.What, id, a.cfg.Topic, context.Cause(ctx), tries, failure)
}

// Pause waits before a request that has failed so many times, at least once, is made again, or until ctx
// ends. The wait is spread, so that requests which failed together do not come back together.
func Pause(ctx context.Context, tries int) {
	d := min(maxWait, minWait<<min(tries-1, 10))
	Sleep(ctx, d/2+rand.N(d/2))
}

// Sleep waits, and reports whether ctx still lives.
func Sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
