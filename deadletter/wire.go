package deadletter

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// wire is a record's JSON form, in the order in which it is written. What each field means is said once, in
// dead-letter.schema.json, which is published.
type wire struct {
	SchemaVersion int    `json:"schema_version"`
	ID            string `json:"id"`
	StructuredError
	Class          Class       `json:"class"`
	Outcome        Outcome     `json:"outcome,omitempty"`
	Fingerprint    string      `json:"fingerprint"`
	FailedAt       time.Time   `json:"failed_at"`
	Violations     []Violation `json:"violations,omitempty"`
	ViolationCount int         `json:"violation_count,omitempty"`
	Attempts       []Attempt   `json:"attempts,omitempty"`
	AttemptCount   int         `json:"attempt_count,omitempty"`
	Source         wireSource  `json:"source"`
	Payload        wirePayload `json:"payload"`
	Action         *Action     `json:"action,omitempty"`
	RequestID      string      `json:"request_id,omitempty"`
	Processor      *Processor  `json:"processor,omitempty"`
	Replay         *Replay     `json:"replay,omitempty"`
	TraceID        string      `json:"trace_id,omitempty"`
	Cut            []Part      `json:"cut,omitempty"`
}

type wireSource struct {
	Topic     string       `json:"topic,omitempty"` // absent only where PartAll was cut: the id has it
	Partition int          `json:"partition"`
	Offset    int64        `json:"offset"`
	Timestamp *time.Time   `json:"timestamp,omitempty"`
	Key       *string      `json:"key,omitempty"` // neither key, key_base64 nor key_sha256: a null key
	KeyBase64 *string      `json:"key_base64,omitempty"`
	KeySHA256 string       `json:"key_sha256,omitempty"`
	Headers   []wireHeader `json:"headers,omitempty"`
	Redacted  []string     `json:"redacted,omitempty"` // rules that met key or headers
}

type wireHeader struct {
	Key         *string `json:"key,omitempty"`
	KeyBase64   *string `json:"key_base64,omitempty"`
	Value       *string `json:"value,omitempty"` // neither value, value_base64 nor size: a null value
	ValueBase64 *string `json:"value_base64,omitempty"`
	Size        int     `json:"size,omitempty"` // only where the value was cut
}

func toWire(r Record) wire {
	w := wire{
		SchemaVersion:   SchemaVersion,
		ID:              r.Source.ID(),
		StructuredError: r.Structured(),
		Class:           r.Class,
		Outcome:         r.Outcome,
		Fingerprint:     r.Fingerprint(),
		FailedAt:        instant(r.FailedAt),
		Violations:      r.Violations,
		ViolationCount:  max(r.ViolationCount, len(r.Violations)),
		Attempts:        toWireAttempts(r.Attempts),
		AttemptCount:    max(r.AttemptCount, len(r.Attempts)),
		Source:          recordSource(r),
		Payload:         encodePayload(r),
		RequestID:       r.RequestID,
		Replay:          r.Replay,
		TraceID:         r.TraceID,
	}
	if r.Action != (Action{}) {
		w.Action = &r.Action
	}
	if r.Processor != (Processor{}) {
		w.Processor = &r.Processor
	}
	if r.Cut != nil {
		w.Cut = r.Cut.Parts
	}
	return w
}

// recordSource returns the source as it stands in a dead letter, of which some may be cut.
func recordSource(r Record) wireSource {
	var keySHA256 string
	if r.keyCut() {
		keySHA256 = r.Cut.KeySHA256
	}
	s := toWireSource(r.Source, keySHA256)
	if r.allCut() {
		s.Topic = ""
	}
	if r.Redacted != nil {
		s.Redacted = r.Redacted.Source
	}
	return s
}

// toWireSource returns a source's wire form. A hash, where there is one, stands in for the key.
func toWireSource(source Source, keySHA256 string) wireSource {
	s := wireSource{Topic: source.Topic, Partition: source.Partition, Offset: source.Offset, KeySHA256: keySHA256}
	if t := instant(source.Timestamp); !t.IsZero() {
		s.Timestamp = &t
	}
	if keySHA256 == "" {
		s.Key, s.KeyBase64 = encodeBytes(source.Key)
	}
	for _, h := range source.Headers {
		var w wireHeader
		w.Key, w.KeyBase64 = encodeBytes([]byte(h.Key))
		w.Value, w.ValueBase64 = encodeBytes(h.Value)
		w.Size = h.Size
		s.Headers = append(s.Headers, w)
	}
	return s
}

// toWireAttempts returns the attempts with times that encode.
func toWireAttempts(attempts []Attempt) []Attempt {
	var as []Attempt
	for _, a := range attempts {
		a.At = instant(a.At)
		as = append(as, a)
	}
	return as
}

// instant returns t in UTC, or the zero time where RFC 3339 cannot write it: its years have four digits,
// while a Kafka timestamp, which any producer may set, reaches far beyond.
func instant(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

func fromWire(w wire) (Record, error) {
	source, err := fromWireSource(w)
	if err != nil {
		return Record{}, err
	}
	payload, err := decodePayload(w.Payload)
	if err != nil {
		return Record{}, err
	}
	r := Record{
		Code:           w.Code,
		Message:        w.Message,
		Class:          w.Class,
		Outcome:        w.Outcome,
		FailedAt:       instant(w.FailedAt),
		Violations:     w.Violations,
		ViolationCount: max(w.ViolationCount, len(w.Violations)),
		Attempts:       toWireAttempts(w.Attempts),
		AttemptCount:   max(w.AttemptCount, len(w.Attempts)),
		Source:         source,
		Payload:        payload,
		RequestID:      w.RequestID,
		Replay:         w.Replay,
		TraceID:        w.TraceID,
		fingerprint:    w.Fingerprint,
	}
	if string(w.Details) != "null" {
		r.Details = object(w.Details)
	}
	if w.Action != nil {
		r.Action = *w.Action
	}
	if w.Processor != nil {
		r.Processor = *w.Processor
	}
	cut := Cut{Parts: w.Cut, KeySHA256: w.Source.KeySHA256}
	if w.Payload.Truncated {
		cut.PayloadSize, cut.PayloadSHA256 = w.Payload.Size, w.Payload.SHA256
	}
	if len(cut.Parts) > 0 || cut.KeySHA256 != "" || cut.PayloadSHA256 != "" {
		r.Cut = &cut
	}
	r.Redacted = redactedFromWire(w)
	return r, nil
}

func fromWireSource(w wire) (Source, error) {
	topic, partition, offset, err := ParseID(w.ID)
	if err != nil {
		return Source{}, fieldError("id", "is not topic/partition/offset")
	}
	if partition != w.Source.Partition || offset != w.Source.Offset || (w.Source.Topic != "" && w.Source.Topic != topic) {
		return Source{}, fieldError("source", "is not what the id says")
	}
	w.Source.Topic = topic // absent where all was cut
	return w.Source.source()
}

// source is the inverse of toWireSource.
func (w wireSource) source() (Source, error) {
	s := Source{Topic: w.Topic, Partition: w.Partition, Offset: w.Offset}
	if w.Timestamp != nil {
		s.Timestamp = instant(*w.Timestamp)
	}
	var err error
	if s.Key, err = decodeBytes(w.Key, w.KeyBase64); err != nil {
		return Source{}, fieldError("source/key_base64", "is not base64")
	}
	if w.KeySHA256 != "" && s.Key != nil {
		return Source{}, fieldError("source", "has both the key and, as if it were cut, its hash")
	}
	for _, h := range w.Headers {
		key, errKey := decodeBytes(h.Key, h.KeyBase64)
		value, errValue := decodeBytes(h.Value, h.ValueBase64)
		if errKey != nil || errValue != nil {
			return Source{}, fieldError("source/headers", "hold what is not base64")
		}
		if h.Size < 0 || (h.Size > 0 && value != nil) {
			return Source{}, fieldError("source/headers", "have a size that is negative or beside a value")
		}
		s.Headers = append(s.Headers, Header{Key: string(key), Value: value, Size: h.Size})
	}
	return s, nil
}

// redactedFromWire returns what was redacted, nil where nothing was.
func redactedFromWire(w wire) *Redacted {
	gone := Redacted{Payload: w.Payload.Redacted, Source: w.Source.Redacted}
	if len(gone.Payload) > 0 {
		gone.PayloadSize, gone.PayloadSHA256 = w.Payload.Size, w.Payload.SHA256
	}
	if len(gone.Payload)+len(gone.Source) == 0 {
		return nil
	}
	return &gone
}

// ParseID splits a record's id, "topic/partition/offset". The error says what an id looks like.
func ParseID(id string) (topic string, partition int, offset int64, err error) {
	rest, last, ok := cutLast(id)
	topic, middle, ok2 := cutLast(rest)
	p, errP := strconv.ParseInt(middle, 10, 32)
	offset, errO := strconv.ParseInt(last, 10, 64)
	canonical := strconv.FormatInt(p, 10) == middle && strconv.FormatInt(offset, 10) == last
	if !ok || !ok2 || topic == "" || errP != nil || errO != nil || p < 0 || p > math.MaxInt32 || offset < 0 || !canonical {
		return "", 0, 0, fieldError("id", "is not topic/partition/offset, such as payloads/3/1042")
	}
	return topic, int(p), offset, nil
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}
