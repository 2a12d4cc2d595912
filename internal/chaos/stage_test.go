package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

// stage is everything around the workers of one run.
type stage struct {
	*kafkatest.Broker
	traffic *traffic
	topic   string
	network *cuttable        // of the embedded broker; nil where it is real
	nodes   *kafkatest.Nodes // of a real cluster; nil where there are fewer than three
	api     *genesystest.Server
	proxy   *proxy
	ledger  *ledger
	stuck   atomic.Bool // the calls of one key hang

	partitions int
	timeout    time.Duration // of a request
	began      time.Time
	t          *testing.T
}

func newStage(t *testing.T, seed uint64, change ...func(*stage)) *stage {
	t.Helper()
	s := &stage{t: t, traffic: &traffic{seed: seed}, began: time.Now(), partitions: 6, timeout: 2 * time.Second}
	for _, f := range change {
		f(s)
	}
	if os.Getenv("SLUICE_TEST_BROKERS") == "" {
		s.network = newCuttable()
		s.Broker = kafkatest.TCP(t, kfake.ListenFn(s.network.listen))
	} else {
		s.Broker = kafkatest.Real(t)
		if os.Getenv("SLUICE_TEST_KAFKA") != "" && len(s.Brokers()) >= 3 {
			s.nodes = s.Nodes(t)
		}
	}
	s.topic = fmt.Sprintf("chaos-%d-%d", seed, rand.Uint32())
	for _, name := range []string{s.topic, s.deadLetters(), s.results()} {
		s.create(name)
	}
	s.ledger = newLedger(s.traffic)
	s.api = genesystest.New(genesystest.Options{Seed: seed, Keep: -1, Behaviour: s.behaviour(), OnExecute: s.ledger.executed})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.api.Start(l)
	t.Cleanup(s.api.Close)
	s.proxy = newProxy(t, l.Addr().String())
	return s
}

func (s *stage) deadLetters() string { return s.topic + ".dlq" }
func (s *stage) results() string     { return s.topic + ".results" }

// create makes a topic that outlives the loss of one broker without losing what it has acknowledged.
func (s *stage) create(name string) {
	s.t.Helper()
	t := kafka.Topic{Name: name, Partitions: s.partitions, Replication: -1, Config: map[string]string{"max.message.bytes": "4194304"}}
	if s.nodes != nil {
		t.Config["min.insync.replicas"] = "2"
	}
	_, err := s.Cluster.CreateTopic(s.t.Context(), t)
	require.NoError(s.t, err)
}

// env configures a worker.
func (s *stage) env() []string {
	return []string{
		"SLUICE_KAFKA_BROKERS=" + strings.Join(s.Brokers(), ","), "SLUICE_TOPIC=" + s.topic, "SLUICE_GROUP=" + s.topic,
		"SLUICE_RESULTS_TOPIC=" + s.results(), fmt.Sprintf("SLUICE_CONCURRENCY=%d", concurrency), "SLUICE_LOG_FORMAT=json",
		"GENESYS_BASE_URL=" + s.proxy.url(), "GENESYS_TIMEOUT=" + s.timeout.String(),
		"GENESYS_CLIENT_ID=id", "GENESYS_CLIENT_SECRET=secret", "GENESYS_DATA_ACTION_ID=action",
	}
}

// behaviour is that of the traffic, but for the key that is stuck.
func (s *stage) behaviour() genesystest.Behaviour {
	usual := s.traffic.behaviour(*flagLatency)
	return func(c genesystest.Call) genesystest.Answer {
		if n, ok := number(c.ID); ok && s.stuck.Load() && s.traffic.key(n) == stuckKey {
			return genesystest.Answer{Hang: true}
		}
		return usual(c)
	}
}

// awaitCommits waits for so many commits of the one partition.
func (s *stage) awaitCommits(n int) {
	s.t.Helper()
	var last kafkago.OffsetFetchPartition
	for deadline := time.Now().Add(time.Minute); n >= 0; time.Sleep(20 * time.Millisecond) {
		require.True(s.t, time.Now().Before(deadline), "the worker does not commit")
		res, err := s.Client().OffsetFetch(s.t.Context(), &kafkago.OffsetFetchRequest{
			GroupID: s.topic, Topics: map[string][]int{s.topic: {0}},
		})
		require.NoError(s.t, err)
		if got := res.Topics[s.topic][0]; got.CommittedOffset != last.CommittedOffset || got.Metadata != last.Metadata {
			last = got
			n--
		}
	}
}

// tell prints a line of the run's story.
func (s *stage) tell(format string, args ...any) {
	s.t.Logf("%8.1fs  %s", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// produce writes messages, numbered from 0, at most ahead of what has ended by some number, until there are
// enough of them and the faults are over; then a trickle of good ones until all has ended. Poison that is still
// retried when there is nothing else cannot be told from an API that fails everybody, and would be held.
//
// A message whose write failed may be in the topic or not, or in it twice: the audit reads the topic.
func (s *stage) produce(least int, over, settled <-chan struct{}) {
	const ahead, batch = 2_000, 200
	w := &kafkago.Writer{
		Addr: s.Addr(), Topic: s.topic, Transport: s.Transport(), RequiredAcks: kafkago.RequireAll,
		BatchSize: batch, BatchTimeout: 2 * time.Millisecond, MaxAttempts: 100, Balancer: kafkago.Murmur2Balancer{},
	}
	defer func() { _ = w.Close() }()
	n, written := 0, time.Now()
	for (n < least || !isClosed(over)) && s.t.Context().Err() == nil {
		switch {
		case s.ledger.behind(n) <= ahead:
			n = s.write(w, n, batch)
		case time.Since(written) > time.Second: // all that is ahead may stand behind poison
			n = s.write(w, n, 5)
		default:
			time.Sleep(5 * time.Millisecond)
			continue
		}
		written = time.Now()
	}
	s.tell("faults are over, %d messages produced", n)
	s.ledger.beginTail(n)
	for !isClosed(settled) && s.t.Context().Err() == nil {
		n = s.write(w, n, 5)
		time.Sleep(100 * time.Millisecond)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// write produces a number of messages from n on and returns the number after the last.
func (s *stage) write(w *kafkago.Writer, n, count int) int {
	s.ledger.expect(n + count)
	msgs := make([]kafkago.Message, count)
	for i := range msgs {
		msgs[i] = s.traffic.message(n + i)
	}
	if err := w.WriteMessages(s.t.Context(), msgs...); err != nil {
		s.tell("produce: %v", err)
	}
	return n + count
}

// scan calls f for every message of a topic, partition by partition in order of offset. The brokers may still be
// recovering from a fault, so it asks again for a while.
func (s *stage) scan(topic string, f func(m kafkago.Message)) {
	s.t.Helper()
	for p := range s.partitions {
		offset, last, moved := int64(0), int64(-1), time.Now()
		for last < 0 || offset < last {
			next, end, err := s.fetch(topic, p, offset, f)
			if err == nil || next > offset {
				moved = time.Now()
			}
			offset, last = next, end
			require.Less(s.t, time.Since(moved), time.Minute, "read %s/%d: %v", topic, p, err)
			if err != nil {
				time.Sleep(200 * time.Millisecond)
			}
		}
	}
}

// fetch calls f for some messages of a partition from an offset on, and returns the offset after the last of them
// and that after the last there is.
func (s *stage) fetch(topic string, partition int, offset int64, f func(m kafkago.Message)) (next, last int64, err error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	res, err := s.Client().Fetch(ctx, &kafkago.FetchRequest{
		Topic: topic, Partition: partition, Offset: offset, MinBytes: 1, MaxBytes: 4 << 20, MaxWait: 100 * time.Millisecond,
	})
	if err == nil {
		err = res.Error
	}
	for err == nil {
		var r *kafkago.Record
		if r, err = res.Records.ReadRecord(); err == nil && r.Offset >= offset {
			var key, value []byte
			key, _ = kafkago.ReadAll(r.Key) // in memory already
			value, _ = kafkago.ReadAll(r.Value)
			f(kafkago.Message{Topic: topic, Partition: partition, Offset: r.Offset, Key: key, Value: value, Headers: r.Headers, Time: r.Time})
			offset = r.Offset + 1
		}
	}
	if errors.Is(err, io.EOF) {
		return offset, res.HighWatermark, nil
	}
	return offset, -1, err
}
