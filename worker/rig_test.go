package worker_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
	"github.com/sluice-kafka/sluice/schema"
	"github.com/sluice-kafka/sluice/worker"
)

const topic = "payloads"

// rig is a broker, an API and a place for dead letters, for one test in a synctest bubble.
type rig struct {
	*kafkatest.Broker
	api  *api
	dead *deadLetters
	logs *observer.ObservedLogs
	log  *zap.Logger
}

func newRig(t *testing.T, partitions int) *rig {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	r := &rig{Broker: kafkatest.Virtual(t), api: &api{}, dead: &deadLetters{}, logs: logs, log: zap.New(core)}
	r.CreateTopic(t, topic, partitions, nil)
	return r
}

// running is a worker that was started.
type running struct {
	*worker.Worker
	cfg    worker.Config
	stop   context.CancelFunc
	done   chan error
	events *events
}

// start runs a worker with the rig's API and dead letters until the test ends or stop is called.
func (r *rig) start(t *testing.T, change ...func(*worker.Config)) *running {
	t.Helper()
	return r.startWith(t, r.api, r.dead, change...)
}

func (r *rig) startWith(t *testing.T, a worker.Attempter, d worker.DeadLetterWriter, change ...func(*worker.Config)) *running {
	t.Helper()
	return r.startAll(t, validator{}, a, d, change...)
}

func (r *rig) startAll(t *testing.T, v worker.Validator, a worker.Attempter, d worker.DeadLetterWriter, change ...func(*worker.Config)) *running {
	t.Helper()
	run := &running{done: make(chan error, 1), events: &events{}}
	cfg := worker.Config{Topic: topic, Group: "sluice", CreateTopics: true, Logger: r.log, Observer: run.events, CommitInterval: time.Second}
	for _, f := range change {
		f(&cfg)
	}
	w, err := worker.New(cfg, r.Connect(t), v, a, d)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	run.Worker, run.stop, run.cfg = w, cancel, cfg
	go func() { run.done <- w.Run(ctx) }()
	t.Cleanup(func() {
		run.stop()
		run.Abort()
		<-run.done
	})
	return run
}

// leave stops the worker and waits until it has left.
func (run *running) leave(t *testing.T) {
	t.Helper()
	run.stop()
	run.left(t)
}

// left waits until the worker, which was told to stop, has left.
func (run *running) left(t *testing.T) {
	t.Helper()
	err := <-run.done
	run.done <- nil // for the next who asks
	require.NoError(t, err)
}

// eventually waits, in virtual time, until the condition holds.
func eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// payload is what the tests send: the message's id, as JSON.
func messages(n, partitions, keys int) []kafkago.Message {
	var msgs []kafkago.Message
	for i := range n {
		key := i % keys
		msgs = append(msgs, kafkago.Message{
			Partition: key % partitions, Key: fmt.Appendf(nil, "key-%d", key), Value: fmt.Appendf(nil, `{"n":%d}`, i),
		})
	}
	return msgs
}

// validator accepts everything but the payload "invalid"; a payload "panic" makes it panic.
type validator struct{}

func (validator) Validate(raw []byte) ([]byte, error) {
	switch string(raw) {
	case "invalid", "":
		return nil, &schema.Error{Violations: []schema.Violation{{Path: "/a", Keyword: "required", Message: "is required"}}, Count: 1}
	case "panic":
		panic("secret payload")
	}
	return raw, nil
}

// call is one request at the fake API.
type call struct {
	payload string
	key     string
	id      string
	n       int // which attempt for this message, from 1
	at      time.Time
}

// api stands in for the API client. It answers what answer says; nil means accepted.
type api struct {
	mu      sync.Mutex
	answer  func(ctx context.Context, c call) error
	reserve func() time.Duration
	calls   []call
	done    []call // accepted
	tries   map[string]int
	at      int
	most    int
}

func (a *api) set(answer func(ctx context.Context, c call) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

func (a *api) Reserve() time.Duration {
	if a.reserve != nil {
		return a.reserve()
	}
	return 0
}

func (a *api) Attempt(ctx context.Context, r genesys.Request) (genesys.Result, error) {
	a.mu.Lock()
	if a.tries == nil {
		a.tries = map[string]int{}
	}
	a.tries[r.ID]++
	c := call{payload: string(r.Payload), key: string(r.Key), id: r.ID, n: a.tries[r.ID], at: time.Now()}
	a.calls = append(a.calls, c)
	a.at++
	a.most = max(a.most, a.at)
	answer := a.answer
	a.mu.Unlock()

	var err error
	if answer != nil {
		err = answer(ctx, c)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at--
	if err != nil {
		return genesys.Result{}, err
	}
	a.done = append(a.done, c)
	return genesys.Result{Status: 202, RequestID: "r"}, nil
}

func (a *api) accepted() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.done)
}

func (a *api) called() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.calls)
}

// slow answers after d, or is cut off.
func slow(d time.Duration) func(context.Context, call) error {
	return func(ctx context.Context, _ call) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return &genesys.Error{Kind: genesys.KindCanceled, Op: genesys.OpInvoke, Err: context.Cause(ctx)}
		}
	}
}

// always answers everything alike.
func always(e genesys.Error) func(context.Context, call) error {
	return func(context.Context, call) error {
		again := e
		again.Op = genesys.OpInvoke
		return &again
	}
}

func status(kind genesys.Kind, code int) genesys.Error {
	return genesys.Error{Kind: kind, Status: code}
}

// deadLetters keeps records in memory.
type deadLetters struct {
	mu      sync.Mutex
	records []deadletter.Record
	block   func(ctx context.Context) error
}

func (d *deadLetters) Write(ctx context.Context, r deadletter.Record) error {
	if d.block != nil {
		if err := d.block(ctx); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.records = append(d.records, r)
	return nil
}

func (d *deadLetters) all() []deadletter.Record {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]deadletter.Record(nil), d.records...)
}

func (d *deadLetters) codes() map[deadletter.Code]int {
	codes := map[deadletter.Code]int{}
	for _, r := range d.all() {
		codes[r.Code]++
	}
	return codes
}

// events keeps what the worker told.
type events struct {
	mu  sync.Mutex
	all []worker.Event
}

func (e *events) Observe(ev worker.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

func (e *events) throttled() (sum time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ev := range e.all {
		if t, ok := ev.(worker.Throttled); ok {
			sum += t.For
		}
	}
	return sum
}

func (e *events) breakerOpened() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, ev := range e.all {
		if b, ok := ev.(worker.BreakerChanged); ok && b.From == "closed" {
			n++
		}
	}
	return n
}

// requireAudit checks that each of n messages was accepted exactly once or dead-lettered, and that no key
// saw its messages out of order.
func (r *rig) requireAudit(t *testing.T, n int) {
	t.Helper()
	seen := map[string]int{}
	last := map[string]int{}
	for _, c := range r.api.done {
		seen[c.payload]++
		var i int
		_, err := fmt.Sscanf(c.payload, `{"n":%d}`, &i)
		require.NoError(t, err)
		if before, ok := last[c.key]; ok && seen[c.payload] == 1 {
			require.Greater(t, i, before, "key %s out of order", c.key)
		}
		last[c.key] = max(last[c.key], i)
	}
	for _, d := range r.dead.all() {
		seen[string(d.Payload)]++
	}
	for i := range n {
		require.Equal(t, 1, seen[fmt.Sprintf(`{"n":%d}`, i)], "message %d", i)
	}
}
