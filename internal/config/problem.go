package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Where   string // variable, flag, or file:line and path
	Problem string // what is wrong
	Got     string // the offending value, quoted; empty for secrets and where there is none
	Fix     string // what to do

	path  string // the setting, if it is about one
	needs Need   // who is concerned; 0: everybody
}

// String returns "where: problem (got x): what to do".
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p.Where, p.Problem)
	if p.Got != "" {
		fmt.Fprintf(&b, " (got %s)", p.Got)
	}
	if p.Fix != "" {
		fmt.Fprintf(&b, ": %s", p.Fix)
	}
	return b.String()
}

// Error is returned by [Config.Require]. It holds every problem, in the order of the sources and of the
// settings.
type Error struct{ Problems []Problem }

// Error returns one line a problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// flaw is what is wrong with a value, and what to do. It never repeats the value.
type flaw struct{ problem, fix string }

// maxGot bounds how much of an offending value is repeated.
const maxGot = 64

// quoteGot writes an offending value for a problem. What stands before an @ is left out, since a URL or an
// address may carry credentials there.
func quoteGot(value string) string {
	if i := strings.LastIndexByte(value, '@'); i >= 0 {
		value = mask + value[i:]
	}
	if len(value) > maxGot {
		return strconv.Quote(strings.ToValidUTF8(value[:maxGot], "")) + "…"
	}
	return scalar(value)
}

// got writes what a source held; nothing for a secret and for more than one value.
func (r *row) got(e entry) string {
	if text, ok := e.Raw.(string); ok && !r.secret() {
		return quoteGot(text)
	}
	return ""
}
