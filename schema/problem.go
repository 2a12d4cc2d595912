package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Position is a place in a schema file: line and column count from 1, the column in code points.
type Position struct {
	File         string // as it was opened; "" for a schema given as bytes
	Line, Column int
}

// String returns file:line:column, as compilers print it.
func (p Position) String() string {
	if p.File == "" {
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Problem is one reason why a schema is refused.
type Problem struct {
	Position Position
	Pointer  string // RFC 6901 pointer into the schema file
	Message  string // names the thing and what to do
}

// String returns the problem on one line.
func (p Problem) String() string {
	at := p.Pointer
	if at == "" {
		at = "schema"
	}
	return fmt.Sprintf("%s: %s: %s", p.Position, at, p.Message)
}

// LintError is returned by [Compile] and [Load] for a schema that sluice refuses. It holds every problem that
// was found, by file and position, so that they can be mended in one go.
type LintError struct {
	Problems []Problem
}

// Error lists the problems, one a line.
func (e *LintError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return "schema refused:\n" + strings.Join(lines, "\n")
}

func sortProblems(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Position.File, b.Position.File),
			cmp.Compare(a.Position.Line, b.Position.Line),
			cmp.Compare(a.Position.Column, b.Position.Column),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(problems)
}
