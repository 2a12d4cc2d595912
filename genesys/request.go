package genesys

import (
	"encoding/json"
	"time"
)

// Header is one Kafka header, for input mappings that read it.
type Header struct {
	Key   string
	Value []byte
}

// Request is one invocation. Everything beside Payload is there for input mappings and tracing only.
type Request struct {
	Payload   []byte // the validated payload, a JSON object
	ID        string // the message's id, "topic/partition/offset"
	Key       []byte
	Timestamp time.Time
	Headers   []Header
}

// Result is the API's acceptance of one invocation.
type Result struct {
	Status    int
	RequestID string
	// Data is the answer's JSON body, or {"raw": "<text>"} where Content-Type does not say JSON or the
	// body does not parse; empty where the body is.
	Data json.RawMessage
}
