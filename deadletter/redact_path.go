package deadletter

import (
	"slices"
	"strings"
)

// pointerSteps returns the steps of a JSON pointer, unescaped, and whether it is one.
func pointerSteps(pointer string) (steps []string, ok bool) {
	if pointer == "" {
		return nil, true
	}
	if pointer[0] != '/' {
		return nil, false
	}
	for step := range strings.SplitSeq(pointer[1:], "/") {
		bare := strings.NewReplacer("~0", "", "~1", "").Replace(step)
		if strings.Contains(bare, "~") {
			return nil, false
		}
		steps = append(steps, unescape.Replace(step))
	}
	return steps, true
}

var unescape = strings.NewReplacer("~0", "~", "~1", "/")

// redactPaths returns the violations with paths that end where something was removed; all says that it was the
// whole payload.
func (x *Redaction) redactPaths(violations []Violation, all bool) []Violation {
	violations = slices.Clone(violations)
	for i := range violations {
		violations[i].Path, _ = x.visible(violations[i].Path, all)
	}
	return violations
}

// visible returns as much of a pointer into the payload as may be told, and whether it leads to, or into, what is
// removed. What follows the removed value is a single step, "***".
func (x *Redaction) visible(pointer string, all bool) (told string, covered bool) {
	raw := strings.Split(pointer, "/")[1:]
	if pointer == "" {
		raw = nil
	}
	steps := make([]string, len(raw))
	for i, step := range raw {
		steps[i] = unescape.Replace(step)
	}
	end := -1
	if all {
		end = 0
	}
	for _, p := range x.pointers {
		if n := covers(p.steps, steps); n >= 0 && (end < 0 || n < end) {
			end = n
		}
	}
	switch {
	case end < 0:
		return pointer, false
	case end == len(raw):
		return pointer, true
	case end == 0:
		return "/" + RedactedText, true
	default:
		return "/" + strings.Join(raw[:end], "/") + "/" + RedactedText, true
	}
}

// covers returns how many steps of a path lead to the value that a rule removes, by the same reading as the
// redactor's; -1 where the path leads elsewhere.
func covers(rule, path []string) int {
	switch {
	case len(rule) == 0:
		return 0
	case len(path) == 0:
		return -1
	}
	best := -1
	if rule[0] == path[0] || rule[0] == anyStep {
		best = covers(rule[1:], path[1:])
	}
	if best < 0 && isPosition(path[0]) && rule[0] != anyStep && !isPosition(rule[0]) {
		best = covers(rule, path[1:])
	}
	if best < 0 {
		return -1
	}
	return best + 1
}
