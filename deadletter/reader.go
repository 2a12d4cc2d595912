package deadletter

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// ReaderConfig holds the settings of a [Reader]. Topic and Cluster are required.
type ReaderConfig struct {
	Topic   string
	Cluster *kafka.Cluster
	// OnProgress is told how far a scan is, after each request and at its end. If nil, nobody is.
	OnProgress func(Progress)
}

// Progress tells how far a scan is, in offsets. Offsets without a record count too, so Scanned reaches Total.
type Progress struct {
	Scanned, Total int64
}

// Entry is a dead letter with its own place in the dead-letter topic.
type Entry struct {
	Record
	Partition     int
	Offset        int64
	Time          time.Time // of the dead-letter message itself: when it was written
	PayloadSHA256 string    // hex, of the whole source payload even where it was cut; empty for a tombstone
	// Err says why the message could not be decoded; then Record holds only what its headers tell. It is a
	// *[DecodeError] or a *[VersionError].
	Err error
}

// Reader reads dead letters. It is safe for concurrent use.
type Reader struct {
	cfg    ReaderConfig
	client *kafkago.Client
}

// NewReader returns a Reader. It does not connect.
func NewReader(cfg ReaderConfig) (*Reader, error) {
	if cfg.Topic == "" || cfg.Cluster == nil {
		return nil, errors.New("dead-letter reader: needs a topic and a cluster")
	}
	return &Reader{cfg: cfg, client: cfg.Cluster.Client()}, nil
}

// Scan yields the dead letters that the filter selects, of the topic as it stands when the scan starts:
// partition by partition, each in order of offset, repeats included. A message that cannot be decoded is
// yielded as an entry with Err, if what its headers tell does not exclude it. An error as the second value
// ends the scan: ctx ended, the topic does not exist ([kafka.ErrNoTopic]), or the brokers could not be read.
//
// It holds one fetched batch of a few MiB at a time.
func (r *Reader) Scan(ctx context.Context, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		n := 0
		maybe := func(x facts) bool { return f.admits(x, false) }
		err := r.walk(ctx, f, maybe, func(e Entry) bool {
			n++
			return yield(e, nil) && n != f.Limit
		})
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

// walk visits the dead letters that the filter selects, until visit returns false. Those that maybe refuses
// by their headers are not parsed.
func (r *Reader) walk(ctx context.Context, f Filter, maybe func(facts) bool, visit func(Entry) bool) error {
	spans, err := r.spans(ctx, f.Since)
	if err != nil {
		return fmt.Errorf("read dead letters of topic %q: %w", r.cfg.Topic, err)
	}
	var p Progress
	for _, s := range spans {
		p.Total += s.end - s.start
	}
	told := func(n int64) {
		p.Scanned += n
		if r.cfg.OnProgress != nil {
			r.cfg.OnProgress(p)
		}
	}
	told(0)
	for _, s := range spans {
		more, err := r.read(ctx, s, told, func(rec *kafkago.Record) (bool, error) {
			head := headerFacts(rec.Headers)
			if !maybe(head) {
				return true, nil
			}
			e, err := entry(s.partition, rec, head)
			if err != nil {
				return false, err
			}
			known := head
			if e.Err == nil {
				known = recordFacts(e.Record)
			}
			if known.failedAt.IsZero() {
				known.failedAt = e.Time
			}
			return !f.admits(known, true) || visit(e), nil
		})
		if err != nil {
			return fmt.Errorf("read dead letters of topic %q, partition %d: %w", r.cfg.Topic, s.partition, err)
		}
		if !more {
			return nil
		}
	}
	return nil
}

// entry decodes a message. The error is one of reading it, not of what it holds.
func entry(partition int, rec *kafkago.Record, head facts) (Entry, error) {
	value, err := kafkago.ReadAll(rec.Value)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Partition: partition, Offset: rec.Offset, Time: rec.Time}
	if e.Record, e.Err = Decode(value); e.Err != nil {
		e.Record = Record{Code: head.code, Class: head.class, FailedAt: head.failedAt, fingerprint: head.fingerprint}
		if topic, p, offset, err := ParseID(head.id); err == nil {
			e.Source = Source{Topic: topic, Partition: p, Offset: offset}
		}
		return e, nil
	}
	_, e.PayloadSHA256 = e.SourcePayload()
	return e, nil
}
