package worker_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
	"github.com/sluice-kafka/sluice/worker"
)

// world is one simulation: a broker, an API, worker processes, and the ledger of every message.
type world struct {
	*kafkatest.Broker
	t        *testing.T
	scenario *scenario
	story    *story
	tally    *tally
	down     atomic.Bool // the brokers are
	slots    []*process  // by slot; nil: nobody runs there
	all      []*process
	ending   sync.WaitGroup // processes that are not gone yet

	mu        sync.Mutex // guards what follows
	byName    map[string]*process
	log       map[int][]*simMessage // by partition and offset
	byID      map[string]*simMessage
	groups    map[string][]*simMessage // by order group
	unended   int
	troubles  []*interval // of Kafka
	api       []*trouble  // of the API, at present
	healthy   int         // counts the times at which the API's troubles began or ended
	commits   int
	accepted  map[int]int // number of the last commit that was accepted, by partition
	violated  string
	violation *simMessage
	more      int // violations after the first
}

// simMessage is one message and what is known of it.
type simMessage struct {
	id        string
	fate      fate
	partition int
	offset    int64
	key       []byte
	produced  time.Time
	group     string // its order group; "": none
	place     int    // in its group

	tries     int
	atAPI     *process // who has a request for it out
	executed  int
	ended     bool      // the API's acceptance was told, or its dead letter is durable
	endedBy   *process  // who was told last
	endedAt   time.Time // and when
	kept      bool      // an accepted commit tells of its end
	unlucky   int       // failures told that were not its own
	throttled int
	byHand    bool   // an operator has ended it
	spell     *spell // of its last failure
	convicted bool   // its last answer came while its process knew that the API does not serve
	unknown   membership
	failed    membership // who met its first failure
	failedAt  time.Time
}

// membership is a process in one of its generations.
type membership struct {
	p          *process
	generation int32
}

// process is one worker process, from its start to its end.
type process struct {
	*worker.Worker
	w       *world
	name    string
	network *network
	stop    context.CancelFunc
	gone    chan struct{}
	killed  context.Context
	kill    context.CancelFunc
	client  *simClient

	generation int32 // guarded by the world's lock, as is what follows
	joined     time.Time
	leaving    bool
	crashedAt  time.Time
	opened     time.Time // when its breaker last left closed
	sent       []covered // by its last commit
	spell      *spell    // of failures that lasts; nil: the API serves
	slowest    time.Duration
	served     int // successes since the API's last trouble ended
}

// metadataTTL is how old a process's view of the cluster may be: what a worker has by default.
const metadataTTL = 5 * time.Second

func newWorld(t *testing.T, s *scenario) *world {
	opts := []kfake.Opt{kfake.GroupMinSessionTimeout(time.Second)}
	if s.brokers > 1 {
		opts = append(opts, kfake.NumBrokers(s.brokers), kfake.Ports(9092, 9093, 9094))
	}
	b := kafkatest.Virtual(t, opts...)
	cfg := b.Config()
	cfg.MetadataTTL = metadataTTL
	var err error
	b.Cluster, err = kafka.New(cfg)
	require.NoError(t, err)
	t.Cleanup(b.Close)
	w := &world{
		Broker: b, t: t, scenario: s, story: &story{began: time.Now()}, tally: &tally{},
		slots: make([]*process, s.slots), byName: map[string]*process{}, log: map[int][]*simMessage{},
		byID: map[string]*simMessage{}, groups: map[string][]*simMessage{}, accepted: map[int]int{},
	}
	w.CreateTopic(t, topic, s.partitions, nil)
	w.CreateTopic(t, topic+".dlq", s.partitions, nil)
	w.observeBroker()
	w.story.tell("", nil, "seed %d: %s", s.seed, s)
	return w
}

// run plays the scenario and waits until every message has ended.
func (w *world) run() {
	began := time.Now()
	for _, h := range w.scenario.plan {
		time.Sleep(time.Until(began.Add(h.at)))
		w.story.tell("", nil, "%s", h.name)
		h.do(w)
	}
	w.story.tell("", nil, "all is well from here on")
	if !slices.ContainsFunc(w.slots, func(p *process) bool { return p != nil }) {
		w.join(0)
	}
	w.awaitEnds()
	w.awaitCommits()
	for slot := range w.slots {
		w.leave(slot)
	}
	w.ending.Wait()
	w.requireWritten()
	time.Sleep(time.Minute) // for what kafka-go has under way
	w.tally.counts[tallyVirtual].Store(int64(time.Since(began)))
}

func (w *world) awaitEnds() {
	s := w.scenario
	// Messages that are never answered take minutes each, and may stand in one queue.
	patience := 3*time.Hour + time.Duration(len(w.byID))*4*s.latency
	seconds := 0
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) {
		w.mu.Lock()
		left, violated := w.unended, w.violated != ""
		var first *simMessage
		for _, m := range w.byID {
			if !m.ended && (first == nil || m.produced.Before(first.produced)) {
				first = m
			}
		}
		switch {
		case left == 0 || violated:
			w.mu.Unlock()
			return
		case time.Now().After(deadline):
			w.violate(first, "%d messages have not ended %s after everything was well; %s", left, patience, w.holders())
		}
		w.mu.Unlock()
		if seconds++; seconds%600 == 0 {
			w.attend()
		}
	}
}

// holders tells what the running workers are doing.
func (w *world) holders() (text string) {
	for _, p := range w.slots {
		if p != nil {
			s := p.Snapshot()
			text += fmt.Sprintf("%s: joined %t, %d in flight, %d at the API, %d ending, breaker %s, %d held, partitions %v; ",
				p.name, s.Joined, s.InFlight, s.AtAPI, s.Ending, s.Breaker.State, s.Held, s.Partitions)
		}
	}
	return text
}

// awaitCommits waits until what the group has committed tells of every message's end. It asks the group: a worker is
// not told of commits whose answers were lost, or that were taken in part.
func (w *world) awaitCommits() {
	for deadline := time.Now().Add(recovery); ; time.Sleep(time.Second) {
		left := w.uncommitted()
		w.mu.Lock()
		if len(left) > 0 && time.Now().After(deadline) {
			w.violate(left[0], "its end is not committed %s after the last message's end", recovery)
		}
		violated := w.violated != ""
		w.mu.Unlock()
		if len(left) == 0 || violated {
			return
		}
	}
}

// uncommitted returns the messages whose ends the group's positions do not tell.
func (w *world) uncommitted() (left []*simMessage) {
	var partitions []int
	for id := range w.scenario.partitions {
		partitions = append(partitions, id)
	}
	res, err := w.Client().OffsetFetch(w.t.Context(), &kafkago.OffsetFetchRequest{
		GroupID: w.scenario.cfg.Group, Topics: map[string][]int{topic: partitions},
	})
	require.NoError(w.t, err)
	require.NoError(w.t, res.Error)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range res.Topics[topic] {
		require.NoError(w.t, p.Error)
		ended, err := worker.Carried(p.Metadata, p.CommittedOffset)
		require.NoError(w.t, err)
		for _, m := range w.log[p.Partition] {
			if m.offset >= p.CommittedOffset && !ended(m.offset) {
				left = append(left, m)
			}
		}
	}
	return left
}

// requireWritten holds the dead-letter topic against what the workers were told is durable.
func (w *world) requireWritten() {
	written := map[string]bool{}
	for _, msg := range w.ReadAll(w.t, topic+".dlq") {
		rec, err := deadletter.Decode(msg.Value)
		require.NoError(w.t, err)
		written[rec.Source.ID()] = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, m := range w.byID {
		skipped := m.fate == tombstone && w.scenario.cfg.Tombstones == worker.TombstonesSkip
		if m.ended && m.executed == 0 && !written[id] && !skipped {
			w.violate(m, "it was neither executed nor is it in the dead-letter topic")
		}
		if m.fate == good && m.ended && m.executed == 0 {
			w.tally.count(tallyWrongful)
		}
	}
}

// produce writes messages and enters them in the ledger.
func (w *world) produce(msgs []*simMessage) {
	var records []kafkago.Message
	w.mu.Lock()
	for _, m := range msgs {
		m.offset = int64(len(w.log[m.partition]))
		m.id = deadletter.Source{Topic: topic, Partition: m.partition, Offset: m.offset}.ID()
		m.produced = time.Now()
		w.log[m.partition] = append(w.log[m.partition], m)
		w.byID[m.id] = m
		w.unended++
		w.tally.count(tallyMessages)
		switch {
		case w.scenario.cfg.Order == worker.OrderPartition:
			m.group = fmt.Sprintf("partition %d", m.partition)
		case w.scenario.cfg.Order == worker.OrderKey && m.key != nil:
			m.group = fmt.Sprintf("partition %d key %q", m.partition, m.key)
		}
		if m.group != "" {
			m.place = len(w.groups[m.group])
			w.groups[m.group] = append(w.groups[m.group], m)
		}
		value := fmt.Appendf(nil, `{"id":%q}`, m.id)
		switch m.fate {
		case invalid:
			value = []byte("invalid")
		case panics:
			value = []byte("panic")
		case tombstone:
			value = nil
			if w.scenario.cfg.Tombstones == worker.TombstonesSkip {
				w.end(nil, m) // there is nothing to be done
			}
		case good, refused, misfit, forbidden, failing, hangs, actionFailed, fates:
		}
		w.story.tell("", m, "is produced: %s, %s", m.fate, m.group)
		records = append(records, kafkago.Message{Partition: m.partition, Key: m.key, Value: value})
	}
	w.mu.Unlock()
	w.Produce(w.t, topic, records...)
}

// join starts a worker process in a slot where none runs.
func (w *world) join(slot int) {
	if w.slots[slot] != nil {
		return
	}
	w.tally.count(tallyJoins)
	p := &process{w: w, name: fmt.Sprintf("w%d.%d", slot, len(w.all)), gone: make(chan struct{})}
	p.killed, p.kill = context.WithCancel(context.Background())
	p.network = &network{dialer: w.Net.DialContext, down: &w.down, conns: map[*simConn]struct{}{}}
	p.client = &simClient{w: w, p: p}
	kcfg := w.Config()
	kcfg.ClientID, kcfg.Dial, kcfg.MetadataTTL = p.name, p.network.dial, metadataTTL
	cluster, err := kafka.New(kcfg)
	require.NoError(w.t, err)
	log := zap.New(storyCore{p})
	writer, err := deadletter.NewWriter(deadletter.WriterConfig{Topic: topic + ".dlq", Cluster: cluster, Logger: log})
	require.NoError(w.t, err)
	cfg := w.scenario.cfg
	cfg.Logger, cfg.Observer = log, p
	p.Worker, err = worker.New(cfg, cluster, validator{}, p.client, simWriter{p, writer})
	require.NoError(w.t, err)
	var ctx context.Context
	ctx, p.stop = context.WithCancel(context.Background())
	w.mu.Lock()
	w.byName[p.name] = p
	w.mu.Unlock()
	w.slots[slot] = p
	w.all = append(w.all, p)
	w.ending.Go(func() {
		if err := p.Run(ctx); err != nil {
			w.mu.Lock()
			w.violate(nil, "%s ended with an error: %v", p.name, err)
			w.mu.Unlock()
		}
		w.story.tell(p.name, nil, "is gone")
		close(p.gone)
		writer.Close()
		cluster.Close()
		p.network.set(func(n *network) { n.cut = true })
		p.network.reset()
		p.kill()
	})
}

// leave stops a process as SIGTERM does. Its slot is free once it is gone.
func (w *world) leave(slot int) {
	p := w.slots[slot]
	if p == nil {
		return
	}
	w.tally.count(tallyLeaves)
	w.story.tell(p.name, nil, "is told to leave")
	w.mu.Lock()
	p.leaving = true
	w.mu.Unlock()
	began := time.Now()
	p.stop()
	<-p.gone
	w.slots[slot] = nil
	cfg := w.scenario.cfg
	drain := cfg.Drain
	if drain == 0 {
		drain = cfg.RequestTimeout + 5*time.Second
	}
	// The drain, the last commit, and the join that a member may be in the middle of.
	if took, bound := time.Since(began), 2*drain+time.Minute; took > bound {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.violate(nil, "%s took %s to leave, more than %s", p.name, took, bound)
	}
}

// abort stops a process as two signals do.
func (w *world) abort(slot int) {
	p := w.slots[slot]
	if p == nil {
		return
	}
	w.story.tell(p.name, nil, "is told to leave at once")
	p.stop()
	p.Abort()
	<-p.gone
	w.slots[slot] = nil
}

// crash ends a process as kill -9 does: at this instant its connections are gone, it is told nothing any more,
// and nothing it says is heard.
func (w *world) crash(slot int) {
	p := w.slots[slot]
	if p == nil {
		return
	}
	w.tally.count(tallyCrashes)
	w.mu.Lock()
	p.crashedAt = time.Now()
	w.story.tell(p.name, nil, "is killed")
	w.mu.Unlock()
	p.network.set(func(n *network) { n.cut = true })
	p.network.reset()
	p.kill()
	p.stop()
	p.Abort()
	w.slots[slot] = nil
}

// pause stops sending by hand.
func (w *world) pause(slot int) func() {
	p := w.slots[slot]
	if p == nil {
		return func() {}
	}
	w.tally.count(tallyPauses)
	p.Pause()
	return p.Resume
}

// storyCore puts a worker's log into the story.
type storyCore struct{ p *process }

func (storyCore) Enabled(l zapcore.Level) bool        { return l >= zapcore.InfoLevel }
func (c storyCore) With([]zapcore.Field) zapcore.Core { return c }
func (storyCore) Sync() error                         { return nil }
func (c storyCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return ce.AddCore(e, c)
}

func (c storyCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if c.p.killed.Err() != nil {
		return nil //nolint:nilerr // the dead tell nothing
	}
	encoder := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(encoder)
	}
	var m *simMessage
	if id, ok := encoder.Fields["id"].(string); ok {
		c.p.w.mu.Lock()
		m = c.p.w.byID[id]
		c.p.w.mu.Unlock()
	}
	c.p.w.story.tell(c.p.name, m, "logs %s: %s %v", e.Level, e.Message, encoder.Fields)
	return nil
}
