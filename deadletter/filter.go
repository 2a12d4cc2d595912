package deadletter

import (
	"slices"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Filter selects dead letters. Every criterion that is set must hold; of a list, any one value, but of
// Headers and Where all. The zero Filter selects all.
//
// IDs, Codes, Classes, Fingerprints, Keys, Since and Until are decided by what Kafka shows of a record, its
// headers and its key, without parsing it; the others need the record.
type Filter struct {
	IDs          []string // "topic/partition/offset"
	Codes        []Code
	Classes      []Class
	Fingerprints []string
	Keys         [][]byte  // of the source message, whole; one whose key was cut is found by the key's hash
	Since        time.Time // failed at or after; zero for no bound
	Until        time.Time // failed before; zero for no bound

	Paths   []string    // pointers of violations; "*" stands for any array position
	Groups  []string    // of the worker that wrote the record
	Headers []NameValue // of the source message
	Where   []NameValue // fields of the payload by JSON pointer, where "*" stands for any array position

	// Skip leaves out what it returns true for, such as what was dealt with. It is given a record's id and its
	// payload's SHA-256 in hex, which is empty for a tombstone, and called for every record that the other
	// criteria admit and that tells what it is about. If nil, nothing is left out. It must be quick.
	Skip func(id, payloadSHA256 string) bool

	// Limit is the most entries to return: 0 for no bound in [Reader.Scan], for [DefaultLimit] in [Reader.Newest].
	Limit int
}

// NameValue is a name and the value that it must have.
type NameValue struct{ Name, Value string }

// inRecord reports whether the filter looks at what only the parsed record tells.
func (f Filter) inRecord() bool {
	return len(f.Paths)+len(f.Groups)+len(f.Headers)+len(f.Where) > 0
}

// inPayload reports whether the filter looks into the payload.
func (f Filter) inPayload() bool { return len(f.Where) > 0 }

// facts are what a filter looks at first. An empty one is not known.
type facts struct {
	id, fingerprint string
	code            Code
	class           Class
	failedAt        time.Time
}

// headerFacts reads the facts from a message's headers, which spares parsing what they exclude.
func headerFacts(headers []kafkago.Header) facts {
	var x facts
	for _, h := range headers {
		switch h.Key {
		case HeaderID:
			x.id = string(h.Value)
		case HeaderCode:
			x.code = Code(h.Value)
		case HeaderClass:
			x.class = Class(h.Value)
		case HeaderFingerprint:
			x.fingerprint = string(h.Value)
		case HeaderFailedAt:
			// A time that does not parse stays unknown, and the record itself decides.
			x.failedAt, _ = time.Parse(time.RFC3339Nano, string(h.Value))
		}
	}
	return x
}

func recordFacts(r Record) facts {
	return facts{id: r.Source.ID(), fingerprint: r.Fingerprint(), code: r.Code, class: r.Class, failedAt: r.FailedAt}
}

// complete reports whether the facts are all known, so that nobody has to parse the record for them.
func (x facts) complete() bool {
	return x.id != "" && x.fingerprint != "" && x.code != "" && x.class != "" && !x.failedAt.IsZero()
}

// admits reports whether the filter may select a dead letter of which x is known, or, where x is all there is
// to know, whether it does.
func (f Filter) admits(x facts, all bool) bool {
	if x.failedAt.IsZero() {
		if all && (!f.Since.IsZero() || !f.Until.IsZero()) {
			return false
		}
	} else if x.failedAt.Before(f.Since) || !f.Until.IsZero() && !x.failedAt.Before(f.Until) {
		return false
	}
	return oneOf(f.IDs, x.id, all) && oneOf(f.Codes, x.code, all) &&
		oneOf(f.Classes, x.class, all) && oneOf(f.Fingerprints, x.fingerprint, all)
}

func oneOf[T ~string](wanted []T, value T, all bool) bool {
	if len(wanted) == 0 || value == "" && !all {
		return true
	}
	return slices.Contains(wanted, value)
}

// admitsKey reports whether the filter selects a dead letter by the key it has on its topic.
func (f Filter) admitsKey(key []byte) bool {
	return len(f.Keys) == 0 || key != nil && slices.ContainsFunc(f.Keys, func(wanted []byte) bool {
		return string(key) == string(wanted) || strings.HasPrefix(string(key), hashKeyPrefix) && string(key) == hashKey(hash(wanted))
	})
}

// admitsRecord reports whether the filter selects a record, by what only the record tells.
func (f Filter) admitsRecord(r Record) bool {
	return (len(f.Groups) == 0 || slices.Contains(f.Groups, r.Processor.Group)) &&
		(len(f.Paths) == 0 || slices.ContainsFunc(r.Violations, f.violates)) &&
		all(f.Headers, func(h NameValue) bool { return hasHeader(r.Source.Headers, h) }) &&
		(len(f.Where) == 0 || hasFields(r.Payload, f.Where))
}

func (f Filter) violates(v Violation) bool {
	return slices.ContainsFunc(f.Paths, func(pattern string) bool { return matchPointer(pattern, v.Path) })
}

// matchPointer reports whether a JSON pointer is the one wanted, or differs only in array positions for
// which that has "*".
func matchPointer(pattern, pointer string) bool {
	if pattern == pointer {
		return true
	}
	wanted, tokens := strings.Split(pattern, "/"), strings.Split(pointer, "/")
	if len(wanted) != len(tokens) {
		return false
	}
	for i, w := range wanted {
		if w != tokens[i] && (w != "*" || !isPosition(tokens[i])) {
			return false
		}
	}
	return true
}

func hasHeader(headers []Header, wanted NameValue) bool {
	return slices.ContainsFunc(headers, func(h Header) bool {
		return h.Key == wanted.Name && h.Value != nil && string(h.Value) == wanted.Value
	})
}

func all[T any](list []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(list, func(x T) bool { return !holds(x) })
}
