package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/term"
)

// removedPayload stands for a payload of which nothing was kept, and reports whether that is so.
func (s *sheet) removedPayload(r deadletter.Record) bool {
	if r.Redacted == nil || !slices.Contains(r.Redacted.Payload, "") {
		return false
	}
	size, sha256 := r.SourcePayload()
	s.section("Payload", "redacted")
	s.line("  %s", s.style.Dim(fmt.Sprintf("(removed on purpose; it had %s, SHA-256 %s)", plural(int64(size), "byte"), sha256)))
	return true
}

// redacted says what was removed from a record on purpose, and where it still is.
func (s *sheet) redacted(r deadletter.Record) {
	if r.Redacted == nil {
		return
	}
	names := slices.Clone(r.Redacted.Source)
	for _, pointer := range r.Redacted.Payload {
		if pointer == "" {
			pointer = "the whole payload"
		}
		names = append(names, pointer)
	}
	s.field("redacted", s.style.Yellow(term.Visible(strings.Join(names, ", ")))+
		": removed on purpose (SLUICE_DEAD_LETTER_REDACT); the message itself has it, while its topic keeps it")
}

// markedRedactions bounds the places that are marked: each of them is searched for.
const markedRedactions = 100

// redactedMarks marks the places of a payload where something was removed.
func redactedMarks(r deadletter.Record) []mark {
	if r.Redacted == nil || len(r.Redacted.Payload) == 0 {
		return nil
	}
	var root any
	if json.Unmarshal(r.Payload, &root) != nil {
		return nil
	}
	var found []mark
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch v := value.(type) {
		case map[string]any:
			for name, member := range v {
				walk(at+"/"+escapePointer.Replace(name), member)
			}
		case []any:
			for i, item := range v {
				walk(at+"/"+strconv.Itoa(i), item)
			}
		case string:
			if v == deadletter.RedactedText && len(found) < markedRedactions {
				found = append(found, mark{pointer: at, text: "redacted"})
			}
		}
	}
	walk("", root)
	return found
}

// escapePointer escapes a name in a JSON pointer (RFC 6901, section 3).
var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")
