package schema

import (
	"maps"
	"slices"
	"strings"
)

// lint looks at every schema that was found. What it refuses are the things that the library would compile in
// silence and then not enforce, or on which it would dial out or overflow the stack.
func (l *loader) lint() {
	for _, n := range l.nodes {
		for _, name := range slices.Sorted(maps.Keys(n.is)) {
			l.lintKeyword(n, name)
		}
	}
	l.lintLoops()
	l.lintReach()
	l.problems = sortProblems(l.problems)
}

func (l *loader) lintKeyword(n *node, name string) {
	at := n.at + "/" + escapePointer.Replace(name)
	k, known := keywords[name]
	if l.ignoredBesideRef(n, name) {
		l.problem(n.doc, at, "is ignored beside $ref: put the $ref into allOf and %q beside it", name)
		return
	}
	switch {
	case name == "x-unique":
		l.lintOurs(n, at, name, "array")
	case name == "x-literal":
		l.lintOurs(n, at, name, "integer")
	case isExtension(name):
	case !known:
		l.unknownKeyword(n, at, name)
	case !k.in(l.draft):
		l.problem(n.doc, at, "%s has no keyword %q", l.draft, name)
	case name == "$schema" && n.at != "":
		l.problem(n.doc, at, "counts only at the top of a file")
	case name == "format":
		l.lintFormat(n, at)
	case minimumOf[name] != "":
		l.lintLimits(n, at, minimumOf[name], name)
	case (name == "then" || name == "else") && n.is["if"] == nil:
		l.problem(n.doc, at, "has no effect without \"if\"")
	case name == "additionalItems" && !isTuple(n):
		l.problem(n.doc, at, "has no effect without \"items\" as a list of schemas")
	}
}

// ignoredBesideRef reports whether a keyword stands beside $ref, where the drafts up to -07 ignore it.
// A default is an annotation, but sluice acts on it, so it must not be overlooked either.
func (l *loader) ignoredBesideRef(n *node, name string) bool {
	if n.ref == nil || name == "$ref" {
		return false
	}
	ours := name == "default" || name == "x-unique" || name == "x-literal"
	return ours || !keywords[name].annotation && !isExtension(name)
}

// minimumOf pairs the limits of sizes, by the upper one.
var minimumOf = map[string]string{"maxLength": "minLength", "maxItems": "minItems", "maxProperties": "minProperties"}

// lintLimits refuses limits between which nothing is; the library does too, without saying where.
func (l *loader) lintLimits(n *node, at, least, most string) {
	low, okLow := limit(n, least)
	high, okHigh := limit(n, most)
	if okLow && okHigh && low > high {
		l.problem(n.doc, at, "is less than %q: no value can have both", least)
	}
}

func (l *loader) unknownKeyword(n *node, at, name string) {
	if near := nearest(name, keywords); near != "" {
		l.problem(n.doc, at, "unknown keyword %q: did you mean %q? (a note of your own begins with x-)", name, near)
		return
	}
	l.problem(n.doc, at, "unknown keyword %q: it would not be enforced; a note of your own begins with x-", name)
}

func (l *loader) lintFormat(n *node, at string) {
	name, ok := n.is["format"].(string)
	if _, known := formats[name]; known || !ok {
		return
	}
	if near := nearest(name, formats); near != "" {
		l.problem(n.doc, at, "unknown format %q: did you mean %q?", name, near)
		return
	}
	l.problem(n.doc, at, "unknown format %q: it would not be checked; sluice knows %s", name,
		strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
}

// lintOurs checks one of our own annotations: a boolean, on a schema whose type it is about.
func (l *loader) lintOurs(n *node, at, name, typ string) {
	if _, ok := n.is[name].(bool); !ok {
		l.problem(n.doc, at, "must be true or false")
		return
	}
	if types, ok := n.is["type"].([]any); n.is["type"] == typ || ok && slices.Contains(types, any(typ)) {
		return
	}
	l.problem(n.doc, at, "is for \"type\": %q, which must stand beside it", typ)
}

// lintReach refuses x-unique and x-literal where the rewriter does not come: a rule that is written down and
// does nothing is worse than none.
func (l *loader) lintReach() {
	if len(l.nodes) == 0 {
		return
	}
	applied, rewritten := map[*node]bool{}, map[*node]bool{}
	var apply, rewrite func(n *node)
	apply = func(n *node) {
		if applied[n] {
			return
		}
		applied[n] = true
		if n.ref != nil {
			apply(n.ref)
			return
		}
		for _, e := range n.sub {
			if e.keyword != "definitions" {
				apply(e.to)
			}
		}
	}
	rewrite = func(n *node) {
		if rewritten[n] {
			return
		}
		rewritten[n] = true
		for _, inner := range closure([]*node{n}) {
			rewritten[inner] = true
			for _, e := range inner.sub {
				if e.keyword == "properties" || e.keyword == "items" && !isTuple(inner) {
					rewrite(e.to)
				}
			}
		}
	}
	apply(l.nodes[0])
	rewrite(l.nodes[0])
	for _, n := range l.nodes {
		for _, name := range []string{"x-unique", "x-literal"} {
			if n.is[name] == true && applied[n] && !rewritten[n] && n.ref == nil {
				l.problem(n.doc, n.at+"/"+name,
					"has no effect here: sluice follows it through properties, items, allOf and $ref only")
			}
		}
	}
}

// lintLoops refuses schemas that lead back to themselves without going into the payload: checking would not end.
func (l *loader) lintLoops() {
	state := map[*node]int{} // 1: on the way, 2: done
	var way []*node
	var visit func(n *node)
	visit = func(n *node) {
		switch state[n] {
		case 1:
			l.reportLoop(way[slices.Index(way, n):])
			return
		case 2:
			return
		}
		state[n] = 1
		way = append(way, n)
		if n.ref != nil {
			visit(n.ref)
		} else {
			for _, e := range n.sub {
				if keywords[e.keyword].inPlace {
					visit(e.to)
				}
			}
		}
		way = way[:len(way)-1]
		state[n] = 2
	}
	for _, n := range l.nodes {
		visit(n)
	}
}

// reportLoop names the last $ref of a loop: without one there is none.
func (l *loader) reportLoop(loop []*node) {
	for _, n := range slices.Backward(loop) {
		if n.ref != nil {
			l.problem(n.doc, n.at+"/$ref", "leads back to itself without going into the payload: a $ref loop that never ends; take one $ref out of it")
			return
		}
	}
}

func isTuple(n *node) bool {
	_, ok := n.is["items"].([]any)
	return ok
}
