package schema

import (
	"cmp"
	"maps"
	"slices"
)

// lintDefaults refuses a default that breaks its own schema, among those that are filled in: sluice would make
// an invalid payload of a valid one, after the check.
func (l *loader) lintDefaults(e *edits) {
	byID := func(a, b *node) int { return cmp.Compare(a.id, b.id) }
	for _, n := range slices.SortedFunc(maps.Keys(filled(e)), byID) {
		rule, err := l.compile([]*node{n})
		if err != nil {
			l.problem(n.doc, n.at, "%s", err)
			continue
		}
		var r report
		r.check(rule, n.is["default"], "", nil)
		if len(r.found) > 0 {
			l.problem(n.doc, n.at+"/default", "breaks the schema that it is the default of: it %s", r.found[0].Message)
		}
	}
}

// filled returns the schemas whose defaults e fills in.
func filled(e *edits) map[*node]bool {
	nodes, done := map[*node]bool{}, map[*edits]bool{}
	var add func(e *edits)
	add = func(e *edits) {
		if e == nil || done[e] {
			return
		}
		done[e] = true
		for _, m := range e.defaults {
			nodes[m.from] = true
		}
		add(e.items)
		for _, inner := range e.members {
			add(inner)
		}
	}
	add(e)
	return nodes
}
