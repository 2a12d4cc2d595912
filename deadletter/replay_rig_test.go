package deadletter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

const (
	sourceTopic = "payloads"
	replayGroup = "sluice"
)

// scene is a source topic with messages, all of which have dead letters.
type scene struct {
	broker  *kafkatest.Broker
	letters []Record
}

// contract refuses what holds "bad", and edits by replacing the first word of an edit by the second.
type contract struct{}

func (contract) Check(_ Source, payload []byte) error {
	if bytes.Contains(payload, []byte("bad")) {
		return errors.New("/word: must not be bad")
	}
	return nil
}

func (contract) Edit(payload []byte, edits []string) ([]byte, error) {
	for _, e := range edits {
		from, to, _ := strings.Cut(e, "=")
		if !bytes.Contains(payload, []byte(from)) {
			return nil, fmt.Errorf("there is no %s", from)
		}
		payload = bytes.ReplaceAll(payload, []byte(from), []byte(to))
	}
	return payload, nil
}

// onScene runs a test in virtual time, with a source topic of three partitions that holds n messages of four keys and
// some without, and a dead letter of each.
func onScene(t *testing.T, n int, test func(t *testing.T, s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, kafkatest.Virtual(t), n)
		test(t, s)
	})
}

func newScene(t *testing.T, b *kafkatest.Broker, n int) *scene {
	t.Helper()
	s := &scene{broker: b}
	b.CreateTopic(t, sourceTopic, 3, nil)
	b.CreateTopic(t, topic, 3, nil)
	var msgs, dead []kafkago.Message
	offsets := map[int]int64{}
	for i := range n {
		m := kafkago.Message{
			Partition: i % 3, Value: fmt.Appendf(nil, `{"n":%d,"word":"good"}`, i),
			Headers: []kafkago.Header{{Key: "h", Value: fmt.Appendf(nil, "%d", i)}, {Key: HeaderReplays, Value: []byte("forged")}, {Key: "null"}},
		}
		if i%5 != 4 {
			m.Key = fmt.Appendf(nil, "key-%d", i%3)
		}
		if i%7 == 6 {
			m.Value = nil
		}
		r := sample(CodeMaxRetriesExceeded)
		r.FailedAt = r.FailedAt.Add(time.Duration(i) * time.Second)
		r.Payload = m.Value
		r.Source = Source{
			Topic: sourceTopic, Partition: m.Partition, Offset: offsets[m.Partition], Timestamp: r.Source.Timestamp, Key: m.Key, Headers: headersOf(m.Headers),
		}
		offsets[m.Partition]++
		s.letters = append(s.letters, r)
		d := r.KafkaMessage()
		d.Partition = m.Partition
		msgs, dead = append(msgs, m), append(dead, d)
	}
	if n > 0 {
		b.Produce(t, sourceTopic, msgs...)
		b.Produce(t, topic, dead...)
	}
	return s
}

// bury writes further dead letters.
func (s *scene) bury(t *testing.T, records ...Record) {
	t.Helper()
	for _, r := range records {
		m := r.KafkaMessage()
		m.Partition = r.Source.Partition
		s.broker.Produce(t, topic, m)
	}
}

func (s *scene) config(t *testing.T, change ...func(*ReplayConfig)) ReplayConfig {
	t.Helper()
	settings := s.broker.Config()
	settings.MetadataTTL = time.Minute
	cfg := ReplayConfig{
		DeadLetterTopic: topic, Topic: sourceTopic, Group: replayGroup, Cluster: s.broker.With(t, settings).Cluster, Contract: contract{},
		By: "ann@desk", CreateTopics: true,
	}
	for _, f := range change {
		f(&cfg)
	}
	return cfg
}

func (s *scene) replayer(t *testing.T, change ...func(*ReplayConfig)) *Replayer {
	t.Helper()
	r, err := NewReplayer(s.config(t, change...))
	require.NoError(t, err)
	return r
}

func (s *scene) state(t *testing.T) *State {
	t.Helper()
	log, err := NewStateLog(topic, s.broker.Connect(t))
	require.NoError(t, err)
	state, err := log.Load(t.Context())
	require.NoError(t, err)
	return state
}

// replayed returns the messages on the source topic that replay something, in the order of each partition.
func (s *scene) replayed(t *testing.T) []kafkago.Message {
	t.Helper()
	var all []kafkago.Message
	for _, m := range s.broker.ReadAll(t, sourceTopic) {
		if isReplay(m.Headers) {
			all = append(all, m)
		}
	}
	return all
}

// audit fails unless every dead letter was replayed once, in its partition and in order, byte for byte.
func (s *scene) audit(t *testing.T, letters []Record) {
	t.Helper()
	want := map[string]Record{}
	for _, r := range letters {
		want[r.Source.ID()] = r
	}
	last := map[int]int64{0: -1, 1: -1, 2: -1}
	for _, m := range s.replayed(t) {
		id := lastHeader(m.Headers, HeaderReplayOf)
		r, ok := want[id]
		require.True(t, ok, "%s is replayed twice, or was not to be", id)
		delete(want, id)
		require.Equal(t, r.Source.Partition, m.Partition)
		require.Greater(t, r.Source.Offset, last[m.Partition], "out of order")
		last[m.Partition] = r.Source.Offset
		require.Equal(t, r.Source.Key, m.Key)
		require.Equal(t, r.Payload, m.Value)
		require.Equal(t, kafkago.Header{Key: "h", Value: r.Source.Headers[0].Value}, m.Headers[0])
		require.Equal(t, "null", m.Headers[1].Key)
		require.Len(t, m.Headers, 6)
		require.Equal(t, "1", lastHeader(m.Headers, HeaderReplays))
		require.Equal(t, "sluice", lastHeader(m.Headers, HeaderReplayGroup))
	}
	require.Empty(t, want, "left out")
}

// worker ends what is replayed, as fail says: with the id of a new dead letter, or well. It stops with the test.
func (s *scene) worker(t *testing.T, fail func(m kafkago.Message) string) {
	t.Helper()
	log, err := NewStateLog(topic, s.broker.Connect(t))
	require.NoError(t, err)
	ends := NewEndLog(log, nil)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		seen := map[place]bool{}
		for kafka.Sleep(ctx, 300*time.Millisecond) {
			for _, m := range s.replayed(t) {
				if at := (place{m.Partition, m.Offset}); !seen[at] {
					seen[at] = true
					ends.Ended(ReplayEnd{Replay: lastHeader(m.Headers, HeaderReplayID), Of: lastHeader(m.Headers, HeaderReplayOf), NewID: fail(m)})
				}
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done; ends.Close() })
}

func endsWell(kafkago.Message) string { return "" }
