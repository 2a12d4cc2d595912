package schema

import "fmt"

// MaxViolations is the number of violations that an [Error] lists; Count tells how many there were.
const MaxViolations = 32

// Violation is one broken rule. It never holds the offending value: Got is a type or a length.
type Violation struct {
	Path     string `json:"path"`    // RFC 6901 pointer into the payload, "" for the whole document; at most 512 bytes, then the nearest value around
	Keyword  string `json:"keyword"` // the schema keyword, or the strict-decoding rule, that was broken
	Message  string `json:"message"`
	Expected string `json:"expected,omitempty"`
	Got      string `json:"got,omitempty"`
	Byte     int    `json:"-"` // strict decoding only: where in the payload's bytes, counted from 1; 0 if nowhere
}

// Error is returned by [Validator.Validate] for a payload that is not acceptable.
type Error struct {
	Violations []Violation // sorted by path, then keyword; at most [MaxViolations]
	Count      int         // all that were found; checking may stop early once there are more than are listed
}

// Error names the first violation and how many there are.
func (e *Error) Error() string {
	if len(e.Violations) == 0 {
		return "payload invalid"
	}
	v := e.Violations[0]
	where := v.Path
	if where == "" {
		where = "document"
	}
	if e.Count > 1 {
		return fmt.Sprintf("payload invalid: %s: %s (and %d more)", where, v.Message, e.Count-1)
	}
	return fmt.Sprintf("payload invalid: %s: %s", where, v.Message)
}
