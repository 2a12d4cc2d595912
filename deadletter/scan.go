package deadletter

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// mostIdentities bounds how many dead letters a scan tells apart, and so its memory: 64 MiB for their
// hashes. Repeats among those beyond are counted as if they were none.
const mostIdentities = 6 << 20

// Scanned tells what a scan looked at, and what it found.
type Scanned struct {
	Partitions []Range `json:"partitions"`
	Records    int64   `json:"records"`    // that were looked at
	Matched    int64   `json:"matched"`    // dead letters that the filter selects, each counted once
	Repeats    int64   `json:"repeats"`    // of those: the same message with the same payload, dead-lettered again
	Unreadable int64   `json:"unreadable"` // records, of those that the filter may select, that cannot be decoded
	// Unsearched counts the records that Filter.Where cannot look into, since their payload is cut or is no JSON.
	Unsearched int64 `json:"unsearched"`
	// Inexact says that there were so many that repeats were no longer told from others.
	Inexact bool `json:"inexact"`
}

// Range is the part of a partition that was looked at: offsets from From to Until, the last excluded.
type Range struct {
	Partition int   `json:"partition"`
	From      int64 `json:"from"`
	Until     int64 `json:"until"`
}

// scan is one walk over the topic.
type scan struct {
	reader  *Reader
	filter  Filter
	seen    hashSet
	hashes  hashes
	scanned Scanned
	buffer  []byte // a record's value, used again for the next
}

func (r *Reader) newScan(f Filter) *scan {
	return &scan{reader: r, filter: f, seen: hashSet{most: mostIdentities}, hashes: newHashes()}
}

// letter is a message of the dead-letter topic as a scan meets it: parsed only if somebody asks. It and its
// memory are valid until the next.
type letter struct {
	facts
	partition int
	offset    int64
	time      time.Time
	key       []byte // as on the topic
	value     []byte
	glance    glance
	laidOut   bool   // the glance could read it
	repeat    bool   // a letter of the same identity came before
	parsed    *Entry // nil until it is
}

// entry returns the letter parsed.
func (l *letter) entry() Entry {
	if l.parsed == nil {
		e := entry(l)
		l.parsed = &e
	}
	return *l.parsed
}

// run visits the letters that the filter selects, repeats included, until visit returns false.
func (s *scan) run(ctx context.Context, visit func(*letter) bool) error {
	spans, err := s.reader.spans(ctx, s.filter.Since)
	if err != nil {
		return fmt.Errorf("read dead letters of topic %q: %w", s.reader.cfg.Topic, err)
	}
	var p Progress
	for _, at := range spans {
		p.Total += at.end - at.start
		s.scanned.Partitions = append(s.scanned.Partitions, Range{at.partition, at.start, at.end})
	}
	told := func(n int64) {
		p.Scanned += n
		if s.reader.cfg.OnProgress != nil {
			s.reader.cfg.OnProgress(p)
		}
	}
	told(0)
	for _, at := range spans {
		more, err := s.reader.read(ctx, at, told, func(rec *kafkago.Record) (bool, error) {
			s.scanned.Records++
			l, err := s.selected(at.partition, rec)
			if err != nil || l == nil {
				return true, err
			}
			return visit(l), nil
		})
		if err != nil {
			return fmt.Errorf("read dead letters of topic %q, partition %d: %w", s.reader.cfg.Topic, at.partition, err)
		}
		if !more {
			break
		}
	}
	s.scanned.Inexact = s.seen.full()
	return nil
}

// selected returns the letter of a record, or nil if the filter does not select it. The error is one of
// reading it, not of what it holds.
func (s *scan) selected(partition int, rec *kafkago.Record) (*letter, error) {
	head := headerFacts(rec.Headers)
	if !s.filter.admits(head, false) {
		return nil, nil
	}
	key, err := kafkago.ReadAll(rec.Key)
	if err != nil || !s.filter.admitsKey(key) {
		return nil, err
	}
	l := &letter{facts: head, partition: partition, offset: rec.Offset, time: rec.Time, key: key}
	if l.value, err = s.read(rec.Value); err != nil {
		return nil, err
	}
	l.glance, l.laidOut = glanceAt(l.value)
	if !l.laidOut || !head.complete() || s.filter.inRecord() {
		if !s.admitsParsed(l) {
			return nil, nil
		}
	}
	if s.filter.Skip != nil && l.identity() != "" && s.filter.Skip(l.id, l.glance.payloadSHA256) {
		return nil, nil
	}
	if l.repeat = !s.seen.add(s.identity(l)); l.repeat {
		s.scanned.Repeats++
	} else {
		s.scanned.Matched++
	}
	return l, nil
}

// admitsParsed parses a letter, takes over what only that tells, and reports whether the filter selects it.
func (s *scan) admitsParsed(l *letter) bool {
	e := l.entry()
	if e.Err == nil {
		l.facts = recordFacts(e.Record)
	}
	known := l.facts
	if known.failedAt.IsZero() {
		known.failedAt = l.time
	}
	if !s.filter.admits(known, true) {
		return false
	}
	if e.Err != nil {
		s.scanned.Unreadable++
		return !s.filter.inRecord()
	}
	if s.filter.inPayload() && (e.payloadCut() || !embeddable(e.Payload)) {
		s.scanned.Unsearched++
	}
	return s.filter.admitsRecord(e.Record)
}

// read returns a value in memory that the next call uses again; nil for a null.
func (s *scan) read(value kafkago.Bytes) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	n := value.Len()
	if cap(s.buffer) < n {
		s.buffer = make([]byte, n)
	}
	b := s.buffer[:n]
	if _, err := io.ReadFull(value, b); err != nil {
		return nil, err
	}
	return b, nil
}

// identity tells dead letters apart: by the source message and its payload. The payload counts because a
// topic that was deleted and made anew gives the same ids to other messages. A letter that tells nothing of
// its source repeats no other.
func (s *scan) identity(l *letter) uint64 {
	if identity := l.identity(); identity != "" {
		return s.hashes.of(identity)
	}
	return s.hashes.of("", strconv.Itoa(l.partition), strconv.FormatInt(l.offset, 10))
}
