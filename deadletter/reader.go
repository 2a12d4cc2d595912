package deadletter

import (
	"cmp"
	"context"
	"errors"
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
	PayloadSHA256 string    // hex, of the whole source payload even where it was cut, as the record states it; empty for a tombstone
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
// It holds one fetched batch of a few MiB at a time, and what it takes to tell repeats, at most 64 MiB.
func (r *Reader) Scan(ctx context.Context, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		n := 0
		err := r.newScan(f).run(ctx, func(l *letter) bool {
			n++
			return yield(l.entry(), nil) && n != f.Limit
		})
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

// Export calls visit for the dead letters that the filter selects, each once, with its value exactly as it
// stands on the topic: partition by partition, in order of offset, as it stands when the export starts. Of
// repeats the first counts. The value is valid only during the call. An error of visit ends it.
func (r *Reader) Export(ctx context.Context, f Filter, visit func(e Entry, stored []byte) error) (Scanned, error) {
	s := r.newScan(f)
	var failed error
	err := s.run(ctx, func(l *letter) bool {
		if l.repeat {
			return true
		}
		failed = visit(l.entry(), l.value)
		return failed == nil && (f.Limit == 0 || s.scanned.Matched < int64(f.Limit))
	})
	return s.scanned, cmp.Or(failed, err)
}

// entry decodes a letter.
func entry(l *letter) Entry {
	e := Entry{Partition: l.partition, Offset: l.offset, Time: l.time, PayloadSHA256: l.glance.payloadSHA256}
	if e.Record, e.Err = Decode(l.value); e.Err != nil {
		e.Record = Record{Code: l.code, Class: l.class, FailedAt: l.failedAt, fingerprint: l.fingerprint}
		if topic, p, offset, err := ParseID(l.id); err == nil {
			e.Source = Source{Topic: topic, Partition: p, Offset: offset}
		}
	}
	return e
}
