package deadletter

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The words of a redaction's rules that are no JSON pointers.
const (
	redactPayload = "payload"
	redactKey     = "key"
	redactHeader  = "header:" // and the header's name, or * for every header
	// anyStep is the step of a pointer that stands for every position of an array and every member of an object.
	anyStep = "*"
)

// RedactedText stands in a redacted record where a value of the payload or of a header was.
const RedactedText = "***"

// Redacted tells what was removed from a record on purpose, and keeps the identity of the payload.
type Redacted struct {
	// Payload holds the rules, as JSON pointers, that met something in the payload. The empty pointer means
	// that none of the payload is left: it was to be left out, or is not JSON, in which no pointer leads
	// anywhere.
	Payload []string
	// Source holds the rules that met the key ("key") or headers ("header:NAME").
	Source []string
	// PayloadSize and PayloadSHA256 (hex) are those of the source payload. Zero where Payload is empty.
	PayloadSize   int
	PayloadSHA256 string
}

// Redaction removes from records what its rules name. A nil Redaction removes nothing. It is safe for
// concurrent use.
type Redaction struct {
	pointers []pointerRule
	headers  []string // names, lower case
	key      bool
	payload  bool
}

// pointerRule is a JSON pointer with * for any position or member.
type pointerRule struct {
	text  string
	steps []string // unescaped
}

// NewRedaction returns a redaction of what the rules name: JSON pointers into the payload, in which * stands
// for every position of an array and every member of an object; "payload" for all of it; "key"; and
// "header:NAME", or "header:*" for every header. Names of headers are compared without regard to case. Without
// rules it returns nil. The error says which rule is none, and what is.
func NewRedaction(rules []string) (*Redaction, error) {
	if len(rules) == 0 {
		return nil, nil
	}
	x := &Redaction{}
	for i, rule := range rules {
		if err := x.add(rule); err != nil {
			return nil, fmt.Errorf("redact: rule %d, %q: %w", i+1, rule, err)
		}
	}
	return x, nil
}

var errNoRule = errors.New("is none: want a JSON pointer such as /contact/external_id, payload, key or header:NAME")

func (x *Redaction) add(rule string) error {
	switch {
	case !utf8.ValidString(rule):
		return errors.New("is not UTF-8, as every name in JSON is")
	case rule == redactKey:
		x.key = true
	case rule == redactPayload:
		x.payload = true
	case strings.HasPrefix(rule, redactHeader):
		name := strings.TrimPrefix(rule, redactHeader)
		if name == "" {
			return errors.New("lacks the header's name: want header:NAME, or header:* for every header")
		}
		x.headers = append(x.headers, strings.ToLower(name))
	case strings.HasPrefix(rule, "/"):
		steps, ok := pointerSteps(rule)
		if !ok {
			return errors.New("is no JSON pointer: in names, ~ is written ~0 and / is written ~1")
		}
		x.pointers = append(x.pointers, pointerRule{rule, steps})
	default:
		return errNoRule
	}
	return nil
}

// Apply returns the record without what the rules name; r is left as it is. Values in the payload and of headers
// become "***"; of the key only the hash is left. Where pointers are given, a payload that is not JSON is left
// out whole. Paths of violations end at a removed value, because the rest may be names that the payload brought.
// Size and hash of the payload stay those of the source. Text that has come from elsewhere, such as an API's
// answer, is the caller's to leave out.
func (x *Redaction) Apply(r Record) Record {
	if x == nil {
		return r
	}
	var gone Redacted
	if payload, met := x.redactPayload(r.Payload); len(met) > 0 {
		gone.Payload = met
		gone.PayloadSize, gone.PayloadSHA256 = len(r.Payload), hash(r.Payload)
		r.Payload = payload
	}
	r.Violations = x.redactPaths(r.Violations, slices.Contains(gone.Payload, ""))
	if x.key && r.Source.Key != nil {
		gone.Source = append(gone.Source, redactKey)
		r.Cut = r.Cut.clone()
		r.Cut.KeySHA256 = hash(r.Source.Key)
		r.Source.Key = nil
	}
	var met []string
	r.Source.Headers, met = x.redactHeaders(r.Source.Headers)
	gone.Source = append(gone.Source, met...)
	if len(gone.Payload)+len(gone.Source) > 0 {
		r.Redacted = &gone
	}
	return r
}

// Covers reports whether the value at a JSON pointer into the payload is removed, or is inside one that is.
func (x *Redaction) Covers(pointer string) bool {
	if x == nil {
		return false
	}
	_, covered := x.visible(pointer, x.payload)
	return covered
}

// redactHeaders returns the headers without the values of those that are named, and which rules named them. Null
// holds nothing and stays.
func (x *Redaction) redactHeaders(headers []Header) (left []Header, met []string) {
	if len(x.headers) == 0 {
		return headers, nil
	}
	for _, h := range headers {
		for _, name := range x.headers {
			if h.Value == nil || (name != anyStep && name != strings.ToLower(h.Key)) {
				continue
			}
			h.Value, h.Size = []byte(RedactedText), 0
			if rule := redactHeader + name; !slices.Contains(met, rule) {
				met = append(met, rule)
			}
			break
		}
		left = append(left, h)
	}
	return left, met
}
