package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/xeipuuv/gojsonschema"
)

// report gathers violations.
type report struct {
	found []Violation
	more  int // certain, but not among found
}

// full reports whether there are more violations than can be listed, so that looking on tells nobody anything.
func (r *report) full() bool { return len(r.found) > MaxViolations }

// check runs a rule on a tree that stands at the pointer base in the payload.
func (r *report) check(rule *rule, tree any, base string, sizes map[string]int) {
	errs, ok := rule.run(tree)
	if !ok {
		r.found = append(r.found, Violation{
			Path: base, Keyword: KeywordInternal, Message: "could not be checked: the validator failed on it",
		})
	}
	for _, e := range errs {
		if e.Type() == "number_all_of" { // the library lists what the parts of an allOf find as well
			continue
		}
		r.found = append(r.found, translate(e, base, sizes))
	}
}

// run is the one call into the library for payloads. A panic in it is the payload's end, not the worker's:
// ok is false.
func (r *rule) run(tree any) (errs []gojsonschema.ResultError, ok bool) {
	defer func() {
		if recover() != nil {
			errs, ok = nil, false
		}
	}()
	result, err := r.schema.Validate(gojsonschema.NewRawLoader(tree))
	if err != nil {
		return nil, false
	}
	return result.Errors(), true
}

// checkRest runs the values that did not go into the tree one by one, until enough is found.
func (r *report) checkRest(rest []remainder, sizes map[string]int) {
	for _, tail := range rest {
		for i, item := range tail.items {
			if r.full() {
				return
			}
			errs, ok := tail.rule.run(item)
			if len(errs) > 0 || !ok {
				r.check(tail.rule, item, tail.pointer(i), sizes)
			}
		}
	}
}

// err returns the report as an [Error], or nil if nothing was found.
func (r *report) err() error {
	if len(r.found) == 0 {
		return nil
	}
	slices.SortFunc(r.found, func(a, b Violation) int {
		return cmp.Or(
			strings.Compare(a.Path, b.Path),
			strings.Compare(a.Keyword, b.Keyword),
			strings.Compare(a.Message, b.Message),
		)
	})
	for i := range r.found {
		r.found[i].Path = cutPath(r.found[i].Path)
	}
	r.found = slices.Compact(r.found) // the same rule reached twice, through anyOf or allOf
	e := &Error{Violations: r.found, Count: len(r.found) + r.more}
	if len(e.Violations) > MaxViolations {
		e.Violations = slices.Clip(e.Violations[:MaxViolations])
	}
	return e
}
