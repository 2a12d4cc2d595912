package deadletter

import (
	"errors"
	"fmt"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

var (
	// ErrNotFound is returned by [Reader.Get] where no dead letter has the id.
	ErrNotFound = errors.New("no such dead letter")
	// ErrClosed is returned, wrapped, by [Writer.Write] after Close.
	ErrClosed = kafka.ErrClosed
)

// VersionError is returned by [Decode] for a record that a newer version of sluice wrote.
type VersionError struct {
	Version int // the record's
}

// Error says which versions are read and what to do.
func (e *VersionError) Error() string {
	return fmt.Sprintf("dead letter has schema_version %d, this sluice reads 1 to %d: use a newer sluice", e.Version, SchemaVersion)
}

// DecodeError is returned by [Decode] for bytes that are no dead letter. Its text never holds what it read.
type DecodeError struct {
	Field  string // where, as a path of the wire form such as "payload/base64"; empty for the whole record
	Reason string
}

// Error says which field is wrong, and how.
func (e *DecodeError) Error() string {
	if e.Field == "" {
		return "not a dead letter: " + e.Reason
	}
	return fmt.Sprintf("not a dead letter: %s %s", e.Field, e.Reason)
}

func fieldError(field, reason string) error { return &DecodeError{Field: field, Reason: reason} }
