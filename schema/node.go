package schema

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
)

// document is one schema file.
type document struct {
	name  string // slash-separated, relative to the folder of the schema that was loaded; "" for bytes
	shown string // as problems name it
	raw   []byte
	root  any
	nodes map[string]*node // by pointer
}

// node is one schema: an object of keywords, or a boolean.
type node struct {
	id       int // in the order of finding; names the schema in what the library is given
	doc      *document
	at       string         // pointer in doc
	is       map[string]any // nil for a boolean schema
	pass     bool           // the boolean schema's value
	base     string         // the URI against which $ref and $id are read
	resource *node          // where a fragment's pointer begins: the root, or the nearest $id around
	sub      []edge         // sorted by keyword, then name or position
	ref      *node          // the target of $ref, beside which nothing else counts
}

// edge leads to a schema inside another one.
type edge struct {
	keyword string
	name    string // the member's name for maps, else ""
	to      *node
}

// has reports whether n says anything by the keyword: beside $ref all else is ignored.
func (n *node) has(keyword string) bool {
	if n.ref != nil {
		return false
	}
	_, ok := n.is[keyword]
	return ok
}

// each yields the edges of a keyword.
func (n *node) each(keyword string) (edges []edge) {
	for _, e := range n.sub {
		if e.keyword == keyword {
			edges = append(edges, e)
		}
	}
	return edges
}

// child returns the schema at the end of the edge (keyword, name), or nil.
func (n *node) child(keyword, name string) *node {
	for _, e := range n.sub {
		if e.keyword == keyword && e.name == name {
			return e.to
		}
	}
	return nil
}

// addNode makes the node for the schema value at the pointer at, and those inside it. A value that cannot be
// a schema makes a boolean one; the metaschema has complained about it by then.
func (l *loader) addNode(doc *document, at string, value any, around *node) *node {
	if n, ok := doc.nodes[at]; ok {
		return n
	}
	n := &node{id: len(l.nodes), doc: doc, at: at, pass: true}
	if around != nil {
		n.base, n.resource = around.base, around.resource
	} else {
		n.base, n.resource = (&url.URL{Scheme: "file", Path: "/" + doc.name}).String(), n
		l.ids[n.base] = n
	}
	doc.nodes[at] = n
	l.nodes = append(l.nodes, n)
	switch v := value.(type) {
	case bool:
		n.pass = v
	case map[string]any:
		n.is = v
		l.addName(n)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if k := keywords[name]; k.in(l.draft) {
				l.addInner(n, name, k.shape, v[name])
			}
		}
	}
	return n
}

// addInner makes the nodes that are inside one keyword's value.
func (l *loader) addInner(n *node, keyword string, s shape, value any) {
	add := func(name string, value any, path ...string) {
		at := n.at
		for _, token := range append([]string{keyword}, path...) {
			at += "/" + escapePointer.Replace(token)
		}
		n.sub = append(n.sub, edge{keyword, name, l.addNode(n.doc, at, value, n)})
	}
	switch v := value.(type) {
	case bool:
		if s == shapeSchema || s == shapeItems {
			add("", v)
		}
	case []any:
		for i, item := range v {
			if s == shapeList || s == shapeItems {
				add("", item, strconv.Itoa(i))
			}
		}
	case map[string]any:
		if s == shapeSchema || s == shapeItems {
			add("", v)
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if _, names := v[name].([]any); s == shapeMap || s == shapeDepends && !names {
				add(name, v[name], name)
			}
		}
	}
}

// closure returns the schemas that all apply to a value to which those in nodes apply: through $ref and allOf.
func closure(nodes []*node) (all []*node) {
	seen := map[*node]bool{}
	var add func(n *node)
	add = func(n *node) {
		if seen[n] {
			return
		}
		seen[n] = true
		if n.ref != nil {
			add(n.ref)
			return
		}
		all = append(all, n)
		for _, e := range n.each("allOf") {
			add(e.to)
		}
	}
	for _, n := range nodes {
		add(n)
	}
	slices.SortFunc(all, func(a, b *node) int { return a.id - b.id })
	return all
}

// setKey names a set of nodes, which is sorted, for use in a map.
func setKey(nodes []*node) string {
	var key []byte
	for _, n := range nodes {
		key = strconv.AppendInt(append(key, ' '), int64(n.id), 10)
	}
	return string(key)
}
