package deadletter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// StateLog is the log beside a dead-letter topic of what became of its records: who replays them, how that
// ended, who has resolved them. It is safe for concurrent use.
type StateLog struct {
	topic, of string
	cluster   *kafka.Cluster
	reader    *Reader
}

// NewStateLog returns the state log of a dead-letter topic. It does not connect.
func NewStateLog(deadLetterTopic string, cluster *kafka.Cluster) (*StateLog, error) {
	if deadLetterTopic == "" || cluster == nil {
		return nil, errors.New("state log: needs a dead-letter topic and a cluster")
	}
	topic := StateTopic(deadLetterTopic)
	reader, err := NewReader(ReaderConfig{Topic: topic, Cluster: cluster})
	if err != nil {
		return nil, err
	}
	return &StateLog{topic: topic, of: deadLetterTopic, cluster: cluster, reader: reader}, nil
}

// Topic returns the log's topic.
func (l *StateLog) Topic() string { return l.topic }

// Ensure sees to it that the log's topic exists, and reports whether it created it. Where it may not create it,
// a missing one is an error that wraps [kafka.ErrNoTopic].
func (l *StateLog) Ensure(ctx context.Context, create bool) (created bool, err error) {
	if create {
		return l.cluster.EnsureLog(ctx, l.topic, l.of)
	}
	_, err = l.cluster.Partitions(ctx, l.topic)
	return false, err
}

// Load reads the log as it stands when it is called. Where there is none, nothing has happened to any dead letter.
// The errors are ctx's, those of brokers that cannot be read, and *[StateVersionError].
func (l *StateLog) Load(ctx context.Context) (*State, error) {
	s := newState()
	if err := l.read(ctx, s); err != nil && !errors.Is(err, kafka.ErrNoTopic) {
		return nil, err
	}
	return s, nil
}

// read takes in what the log has beyond what s knows.
func (l *StateLog) read(ctx context.Context, s *State) error {
	next, err := l.scan(ctx, s.next, func(offset int64, e StateEntry, ok bool) {
		if ok {
			s.apply(offset, e)
		} else {
			s.Unreadable++
		}
	})
	s.next = next
	if err != nil {
		return fmt.Errorf("read the state log, topic %q: %w", l.topic, err)
	}
	return nil
}

// scan hands the entries from an offset on to visit, and returns the offset to go on from.
func (l *StateLog) scan(ctx context.Context, from int64, visit func(offset int64, e StateEntry, ok bool)) (next int64, err error) {
	const partition = 0
	if _, err := l.cluster.Partitions(ctx, l.topic); err != nil {
		return from, err
	}
	offsets, err := l.reader.offsets(ctx, []kafkago.OffsetRequest{kafkago.FirstOffsetOf(partition), kafkago.LastOffsetOf(partition)})
	if err != nil {
		return from, err
	}
	at := offsets[partition]
	if at.LastOffset < from {
		return from, errors.New("it has become shorter: somebody has deleted the topic and created it anew; begin again")
	}
	span := span{partition: partition, start: max(from, at.FirstOffset), end: at.LastOffset}
	_, err = l.reader.read(ctx, span, func(int64) {}, func(rec *kafkago.Record) (bool, error) {
		value, err := kafkago.ReadAll(rec.Value)
		if err != nil {
			return false, err
		}
		e, ok, err := decodeState(value)
		if err == nil {
			visit(rec.Offset, e, ok)
		}
		return err == nil, err
	})
	if err != nil {
		return from, err
	}
	return at.LastOffset, nil
}

// History returns what happened to one dead letter, oldest first, as far as the log still has it. The last entry is
// where it stands: how a replayed message ended comes after that it was replayed, also where the worker noted the one
// before the replay had noted the other.
func (l *StateLog) History(ctx context.Context, id, payloadSHA256 string) ([]StateEntry, error) {
	var all []StateEntry
	var replays []string
	_, err := l.scan(ctx, 0, func(_ int64, e StateEntry, ok bool) {
		if !ok || e.ID != id || e.ofReplay() {
			return
		}
		switch {
		case e.isEnd() && slices.Contains(replays, e.Replay):
			all = append(all, e)
		case !e.isEnd() && e.PayloadSHA256 == payloadSHA256:
			at := len(all)
			for e.Kind == StateReplayed && at > 0 && all[at-1].isEnd() && all[at-1].Replay == e.Replay {
				at--
			}
			all, replays = slices.Insert(all, at, e), append(replays, e.Replay)
		}
	})
	if err != nil && !errors.Is(err, kafka.ErrNoTopic) {
		return nil, fmt.Errorf("read the state log, topic %q: %w", l.topic, err)
	}
	return all, nil
}

// The bounds of one request.
const (
	appendRecords = 500
	appendBytes   = 512 << 10
)

// appendFor is how long it is tried to write entries.
const appendFor = 30 * time.Second

// append writes entries, in order. It tries until every in-sync replica has them, for half a minute or until ctx
// ends: an entry that stands there twice says no more than once. The only other errors are refusals for good.
func (l *StateLog) append(ctx context.Context, entries ...StateEntry) error {
	ctx, cancel := context.WithTimeout(ctx, appendFor)
	defer cancel()
	var batch []kafkago.Message
	size := 0
	for i, e := range entries {
		key, value := e.bytes()
		batch = append(batch, kafkago.Message{Key: key, Value: value})
		if size += len(key) + len(value); len(batch) < appendRecords && size < appendBytes && i < len(entries)-1 {
			continue
		}
		if err := l.appendBatch(ctx, batch); err != nil {
			return err
		}
		batch, size = nil, 0
	}
	return nil
}

func (l *StateLog) appendBatch(ctx context.Context, batch []kafkago.Message) error {
	for tries := 1; ; tries++ {
		records := make([]kafkago.Record, len(batch)) // a request uses them up
		for i, m := range batch {
			records[i] = kafkago.Record{Key: kafkago.NewBytes(m.Key), Value: kafkago.NewBytes(m.Value)}
		}
		err := l.cluster.ProduceOnce(ctx, l.topic, 0, records...)
		var code kafkago.Error
		final := errors.As(err, &code) && !code.Temporary() && code != kafkago.Unknown
		switch {
		case err == nil:
			return nil
		case final:
			return l.cluster.Refusal(kafka.Write, l.topic, err)
		case ctx.Err() != nil:
			return fmt.Errorf("write the state log: %w, after: %w", context.Cause(ctx), err)
		}
		kafka.Pause(ctx, tries)
	}
}

// Note says that somebody resolves dead letters, or reopens them.
type Note struct {
	Kind StateKind // StateResolved or StateReopened
	By   string    // a person's name
	Text string
}

// Record notes something of dead letters: it returns once every in-sync replica has it.
func (l *StateLog) Record(ctx context.Context, n Note, letters ...Entry) error {
	if n.Kind != StateResolved && n.Kind != StateReopened {
		return fmt.Errorf("state log: a person resolves or reopens, and cannot note %q", n.Kind)
	}
	now := time.Now()
	entries := make([]StateEntry, len(letters))
	for i, e := range letters {
		entries[i] = StateEntry{
			Kind: n.Kind, At: now, ID: e.Source.ID(), PayloadSHA256: e.PayloadSHA256,
			By: n.By, Note: strings.TrimSpace(n.Text),
		}
	}
	return l.append(ctx, entries...)
}
