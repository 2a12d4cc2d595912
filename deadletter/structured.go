package deadletter

import "encoding/json"

// statusError is the status of every structured error.
const statusError = "error"

// StructuredError is the one shape in which sluice tells a machine of a failure: the head of every
// dead-letter record, and what `sluice validate` and `sluice invoke` print. Make it with
// [NewStructuredError].
type StructuredError struct {
	Status  string          `json:"status"` // always "error"
	Code    Code            `json:"code"`
	Message string          `json:"message"`           // for people: what happened and what to do
	Details json.RawMessage `json:"details,omitempty"` // an object; left out where there is no evidence
}

// NewStructuredError returns the structured error of a code. Details that are no JSON object, or would not
// survive inside one, are kept as its property "raw", so that encoding cannot fail.
func NewStructuredError(code Code, message string, details json.RawMessage) StructuredError {
	return StructuredError{Status: statusError, Code: code, Message: message, Details: object(details)}
}

// Structured returns the record's head alone.
func (r Record) Structured() StructuredError { return NewStructuredError(r.Code, r.Message, r.Details) }

// object returns details as a JSON object.
func object(details json.RawMessage) json.RawMessage {
	if len(details) == 0 {
		return nil
	}
	if embeddable(details) && firstByte(details) == '{' {
		return details
	}
	// A string marshals whatever its bytes are; invalid UTF-8 becomes U+FFFD.
	wrapped, _ := marshal(map[string]string{"raw": string(details)})
	return wrapped
}
