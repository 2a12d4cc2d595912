package deadletter

import (
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Filter selects dead letters. Every criterion that is set must hold; of a list, any one value. The zero
// Filter selects all.
type Filter struct {
	IDs          []string // "topic/partition/offset"
	Codes        []Code
	Classes      []Class
	Fingerprints []string
	Since        time.Time // failed at or after; zero for no bound
	Until        time.Time // failed before; zero for no bound
	// Limit is the most entries to return: 0 for no bound in [Reader.Scan], for [DefaultLimit] in [Reader.Newest].
	Limit int
}

// facts are what a filter looks at. An empty one is not known.
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
