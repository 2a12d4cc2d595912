package deadletter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Encode returns the record's JSON, on one line without a line break. It cannot fail: text that is not
// UTF-8 becomes U+FFFD, times that RFC 3339 cannot write are left out or zero, details that are no object are
// wrapped in one. Payload, key and headers are kept byte for byte whatever they are.
func Encode(r Record) []byte {
	b, err := marshal(toWire(r))
	if err != nil {
		// Every value of wire marshals by construction; FuzzDecode and the property test hold that.
		panic(fmt.Sprintf("deadletter: encode: %v", err))
	}
	return b
}

// Decode reads a record of any version up to [SchemaVersion]. It returns a *[VersionError] for a newer one
// and a *[DecodeError] for bytes that are no dead letter, or one that was altered. Fields it does not know
// are ignored. The record does not refer to value's memory.
func Decode(value []byte) (Record, error) {
	if value == nil {
		return Record{}, fieldError("", "the value is null")
	}
	var w wire
	if err := json.Unmarshal(value, &w); err != nil {
		// A newer version may have given a field another type; then its version is what is worth saying.
		var head struct {
			SchemaVersion int `json:"schema_version"`
		}
		if json.Unmarshal(value, &head) == nil && head.SchemaVersion > SchemaVersion {
			return Record{}, &VersionError{Version: head.SchemaVersion}
		}
		return Record{}, syntaxError(err)
	}
	switch {
	case w.SchemaVersion > SchemaVersion:
		return Record{}, &VersionError{Version: w.SchemaVersion}
	case w.SchemaVersion < 1:
		return Record{}, fieldError("schema_version", "is missing or below 1")
	case w.Status != statusError:
		return Record{}, fieldError("status", `is not "error"`)
	}
	return fromWire(w)
}

// syntaxError describes why JSON was refused without quoting it, as encoding/json's and time's own words
// would: they hold values.
func syntaxError(err error) error {
	var typ *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &typ):
		return fieldError(typ.Field, fmt.Sprintf("is of the wrong type (at byte %d)", typ.Offset))
	case errors.As(err, &syntax):
		return fieldError("", fmt.Sprintf("invalid JSON (at byte %d)", syntax.Offset))
	default:
		return fieldError("", "a time in it is not RFC 3339")
	}
}

// marshal is json.Marshal without the rewriting of <, > and & that would change embedded JSON.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
