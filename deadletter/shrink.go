package deadletter

import (
	"encoding/base64"
	"slices"
	"unicode/utf8"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

const (
	// longValue is the size in bytes up to which PartHeaders leaves header values, and PartKey a key, alone:
	// what stands in for them is not smaller.
	longValue = 32
	// shortKey is the size up to which PartAll leaves a key, however it is escaped.
	shortKey = 8
	// The attempts that PartDetails leaves: how it began and how it ended.
	firstAttempts, lastAttempts = 3, 10
	// shortMessage is what PartContext leaves of the message, in bytes.
	shortMessage = 200
	// leastPayload is the smallest beginning of a payload, in bytes, that is worth keeping.
	leastPayload = 32
)

// messageAllCut replaces the message where PartAll was cut.
const messageAllCut = "cut to fit the topic"

// steps make a record smaller, each one further than the last, and report whether there was something to cut.
// They change nothing that the record shares with its caller.
var steps = []struct {
	part Part
	cut  func(Record) (Record, bool)
}{
	{PartHeaders, cutHeaders},
	{PartDetails, cutDetails},
	{PartKey, func(r Record) (Record, bool) { return cutKey(r, longValue) }},
	{PartContext, cutContext},
	{PartAll, cutAll},
}

// fitted is a record as it is sent.
type fitted struct {
	record  Record
	message kafkago.Message
	size    int // bytes, as a batch of its own
}

// form is what the writer hands on.
func (f fitted) form() kafka.Form {
	form := kafka.Form{Message: f.message, Size: f.size}
	if f.record.Cut != nil {
		for _, part := range f.record.Cut.Parts {
			form.Cut = append(form.Cut, string(part))
		}
	}
	return form
}

// fit cuts as little of a record as it takes to be a batch of at most limit bytes. Where even the smallest
// form is larger, it returns that.
func fit(r Record, limit int) fitted {
	if len(r.Payload) <= limit { // no form of the payload is smaller than itself
		m := r.KafkaMessage()
		if size := kafka.BatchSize(m); size <= limit {
			return fitted{r, m, size}
		}
	}
	whole := r
	r.Cut, r.fingerprint = r.Cut.clone(), r.Fingerprint()
	r, m := cutPayload(r, whole, limit)
	for _, step := range steps {
		if kafka.BatchSize(m) <= limit {
			break
		}
		cut, changed := step.cut(r)
		if !changed {
			continue
		}
		cut.Cut.note(step.part)
		// What this step freed may hold the payload's beginning.
		r, m = cutPayload(cut, whole, limit)
	}
	return fitted{r, m, kafka.BatchSize(m)}
}

// cutPayload leaves as much of the beginning of the whole record's payload as fits, and a short payload whole
// until all is cut.
func cutPayload(r, whole Record, limit int) (Record, kafkago.Message) {
	payload := whole.Payload
	if r.payloadRemoved() {
		payload = payload[:0]
	}
	if short := len(payload) <= leastPayload && !r.allCut(); !short && len(payload) > 0 && !r.payloadCut() {
		r.Cut.PayloadSize, r.Cut.PayloadSHA256 = whole.SourcePayload()
		r.Cut.note(PartPayload)
	}
	if !r.payloadCut() {
		return r, r.KafkaMessage()
	}
	r.Payload = []byte{}
	m := r.KafkaMessage()
	// The name of the payload's field, and what the lengths around it grow by.
	const field = len(`"base64":"",`) + 12
	room := limit - kafka.BatchSize(m) - field
	if room < leastPayload {
		return r, m
	}
	begin := beginning(payload, room)
	switch {
	case len(begin) == len(payload) && !whole.payloadCut(): // later cuts made room for all of it
		r.Cut.uncutPayload()
	case len(begin) < leastPayload:
		return r, m
	}
	r.Payload = begin
	return r, r.KafkaMessage()
}

// beginning returns as much of the beginning of b as takes at most room bytes in a record.
func beginning(b []byte, room int) []byte {
	if utf8.Valid(b) {
		return textBeginning(b, room)
	}
	begin := b[:min(len(b), base64.StdEncoding.DecodedLen(room/4*4))]
	if utf8.Valid(begin) { // then it is written as text
		return textBeginning(begin, room)
	}
	return begin
}

// textBeginning cuts valid UTF-8 between two characters, counting what each takes in a JSON string.
func textBeginning(b []byte, room int) []byte {
	for i, c := range string(b) {
		n := utf8.RuneLen(c)
		switch {
		case c == '"' || c == '\\':
			n = 2
		case c < ' ' || c == 0x7f || c == '\u2028' || c == '\u2029' || c == utf8.RuneError:
			n = 6 // at most: some have a short form
		}
		if room -= n; room < 0 {
			return b[:i]
		}
	}
	return b
}

func cutHeaders(r Record) (cut Record, changed bool) {
	var headers []Header
	for _, h := range r.Source.Headers {
		if len(h.Value) > longValue {
			h.Size, h.Value, changed = len(h.Value), nil, true
		}
		headers = append(headers, h)
	}
	r.Source.Headers = headers
	return r, changed
}

func cutDetails(r Record) (cut Record, changed bool) {
	changed = len(r.Details) > 0
	r.Details = nil
	r.AttemptCount = max(r.AttemptCount, len(r.Attempts))
	if n := len(r.Attempts); n > firstAttempts+lastAttempts {
		r.Attempts = slices.Concat(r.Attempts[:firstAttempts], r.Attempts[n-lastAttempts:])
		changed = true
	}
	return r, changed
}

func cutKey(r Record, longest int) (cut Record, changed bool) {
	if len(r.Source.Key) <= longest {
		return r, false
	}
	r.Cut.KeySHA256 = hash(r.Source.Key)
	r.Source.Key = nil
	return r, true
}

func cutContext(r Record) (cut Record, changed bool) {
	r.ViolationCount = max(r.ViolationCount, len(r.Violations))
	r.Violations, r.Attempts, r.Source.Headers = nil, nil, nil
	r.Action, r.Processor, r.RequestID, r.TraceID = Action{}, Processor{}, "", ""
	if len(r.Message) > shortMessage {
		r.Message = string(textBeginning([]byte(r.Message), shortMessage)) + "…"
	}
	return r, true
}

func cutAll(r Record) (cut Record, changed bool) {
	r, _ = cutKey(r, shortKey)
	r.Message = messageAllCut
	r.ViolationCount, r.AttemptCount = 0, 0
	if r.Replay != nil {
		r.Replay = &Replay{Count: r.Replay.Count}
	}
	if r.payloadRedacted() { // the rules may be long: none of what they left is kept, and that is said
		r.Redacted = &Redacted{Payload: []string{""}, PayloadSize: r.Redacted.PayloadSize, PayloadSHA256: r.Redacted.PayloadSHA256}
	} else {
		r.Redacted = nil
	}
	return r, true
}
