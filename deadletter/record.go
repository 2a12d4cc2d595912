package deadletter

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// SchemaVersion is the version of the record format that this package writes. Readers accept every
// version up to it.
const SchemaVersion = 1

// Code says what happened to the message. GENESYS_API_{status} codes are made by [CodeForStatus].
type Code string

// The closed set of codes beside GENESYS_API_{status}.
const (
	CodeValidationFailed   Code = "VALIDATION_FAILED"
	CodePayloadTooLarge    Code = "PAYLOAD_TOO_LARGE"
	CodeActionFailed       Code = "ACTION_FAILED"
	CodePermissionDenied   Code = "PERMISSION_DENIED"
	CodeTokenFailed        Code = "TOKEN_FAILED"
	CodeMaxRetriesExceeded Code = "MAX_RETRIES_EXCEEDED"
	CodeNetworkError       Code = "NETWORK_ERROR"
	CodeCircuitOpen        Code = "CIRCUIT_OPEN"
	CodeInternalError      Code = "INTERNAL_ERROR"
)

// CodeForStatus returns GENESYS_API_{status}.
func CodeForStatus(status int) Code { return Code("GENESYS_API_" + strconv.Itoa(status)) }

// Class says whose move it is: a contract breach (producer), a permanent refusal, a transient failure, an
// unknown outcome, or a fault of ours.
type Class string

// The closed set of classes.
const (
	ClassContract  Class = "contract"
	ClassPermanent Class = "permanent"
	ClassTransient Class = "transient"
	ClassUnknown   Class = "unknown"
	ClassInternal  Class = "internal"
)

// Outcome says what is known of the action's execution.
type Outcome string

// The closed set of outcomes. OutcomeNone is for faults of ours.
const (
	OutcomeNotSent  Outcome = "not_sent"
	OutcomeRejected Outcome = "rejected"
	OutcomeAnswered Outcome = "answered"
	OutcomeExecuted Outcome = "executed"
	OutcomeUnknown  Outcome = "unknown"
	OutcomeNone     Outcome = ""
)

// Violation is one broken rule of the payload's schema.
type Violation struct {
	Path     string `json:"path"` // RFC 6901 pointer into the payload
	Keyword  string `json:"keyword"`
	Message  string `json:"message"`
	Expected string `json:"expected,omitempty"`
	Got      string `json:"got,omitempty"` // a type or a length, never the value
}

// Attempt is one request at the API.
type Attempt struct {
	N         int       `json:"n"`
	At        time.Time `json:"at"`
	Status    int       `json:"status,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	Error     string    `json:"error,omitempty"`
	WaitMS    int64     `json:"wait_ms,omitempty"` // the wait that followed it, in milliseconds
}

// Header is one Kafka header of the source message. A nil Value is Kafka's null, which is not the empty value.
type Header struct {
	Key   string
	Value []byte
	Size  int // bytes of a value that was left out so that the record fits its topic; 0 where it was not
}

// Source locates the original message and keeps what came with its payload.
type Source struct {
	Topic     string
	Partition int
	Offset    int64
	Timestamp time.Time
	Key       []byte // nil where the message had no key; empty is a key
	Headers   []Header
}

// ID returns the record's id: "topic/partition/offset".
func (s Source) ID() string {
	return s.Topic + "/" + strconv.Itoa(s.Partition) + "/" + strconv.FormatInt(s.Offset, 10)
}

// Action names the Data Action that was, or would have been, invoked.
type Action struct {
	ID  string `json:"id"`
	API string `json:"api"`
	URL string `json:"url"`
}

// Processor names the worker that wrote the record.
type Processor struct {
	Version string `json:"version"`
	Group   string `json:"group"`
	Host    string `json:"host"`
}

// Replay tells of earlier replays of the message; nil where there was none.
type Replay struct {
	ID    string `json:"id,omitempty"`
	Count int    `json:"count"`
	Of    string `json:"of,omitempty"` // id of the dead letter that was replayed
}

// Record is the durable description of one message that could not be delivered: the value of a
// dead-letter record. Its wire form is versioned and published as JSON Schema ([JSONSchema]); [Encode] and
// [Decode] translate. Do not hand a Record to json.Marshal: its rewriting of embedded JSON would change the
// payload's bytes.
type Record struct {
	Code           Code
	Message        string          // for people: what happened and what to do
	Details        json.RawMessage // structured evidence (an object), e.g. last status and body; nil for none
	Class          Class
	Outcome        Outcome
	APICode        string // the API's own error code; only for the fingerprint, evidence belongs in Details
	Status         int    // the last answer's status, 0 if none; only for the fingerprint, as APICode
	FailedAt       time.Time
	Violations     []Violation
	ViolationCount int // all violations found, of which Violations holds at most 32
	Attempts       []Attempt
	AttemptCount   int
	Source         Source
	Payload        []byte // the source value, byte for byte unless cut or redacted; nil for a tombstone
	Action         Action
	RequestID      string
	Processor      Processor
	Replay         *Replay
	TraceID        string
	Cut            *Cut      // identity of what was left out, and which parts so that the record fits its topic; nil where it has all
	Redacted       *Redacted // what was removed on purpose; nil where nothing was

	// fingerprint is the one a record was first written with. Where it is set it wins, because violations
	// that it was made of may have been cut, and an older version may have made it differently.
	fingerprint string
}

// Restorable reports whether the record alone gives back the message: payload, key and headers, byte for byte.
// Where it does not, only the source coordinates lead to the message, while its topic keeps it, and
// [Record.SourcePayload] tells whether what is found there is the same payload.
func (r Record) Restorable() bool {
	if r.Redacted != nil {
		return false
	}
	return r.Cut == nil || r.Cut.KeySHA256 == "" && r.Cut.PayloadSHA256 == "" &&
		!slices.ContainsFunc(r.Cut.Parts, func(p Part) bool { return p != PartDetails })
}

// SourcePayload returns size and SHA-256 (hex) of the whole source payload, also where the record holds only
// some of it; 0 and "" for a tombstone.
func (r Record) SourcePayload() (size int, sha256 string) {
	switch {
	case r.payloadCut():
		return r.Cut.PayloadSize, r.Cut.PayloadSHA256
	case r.payloadRedacted():
		return r.Redacted.PayloadSize, r.Redacted.PayloadSHA256
	case r.Payload == nil:
		return 0, ""
	default:
		return len(r.Payload), hash(r.Payload)
	}
}
