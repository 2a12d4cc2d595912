package schema

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// edits is what the rewriter has to do at a value and inside it: drop duplicates (x-unique), look at how a
// number is written (x-literal), fill in defaults. nil means nothing, and the value is stepped over.
type edits struct {
	unique   bool
	literal  bool
	defaults []member
	members  map[string]*edits
	items    *edits
}

// member is a member to be added to an object that lacks it.
type member struct {
	name string
	text []byte // "name":value, as it will stand in the payload
	from *node
}

// editor makes the edits of one schema. It goes through properties, items (one schema for all), $ref within the
// loaded files, and allOf: the ways on which a schema certainly applies. What stands in an alternative (anyOf,
// if, ...) applies or not depending on the payload, and is left alone.
type editor struct {
	made map[string]*edits
}

func (l *loader) edits(root *node) *edits {
	b := editor{made: map[string]*edits{}}
	e := b.of([]*node{root})
	return prune(e, map[*edits]bool{}, b.useful())
}

func (b *editor) of(nodes []*node) *edits {
	all := closure(nodes)
	key := setKey(all)
	if e, ok := b.made[key]; ok {
		return e
	}
	e := &edits{members: map[string]*edits{}}
	b.made[key] = e
	inner, items := map[string][]*node{}, []*node(nil)
	for _, n := range all {
		e.unique = e.unique || n.is["x-unique"] == true
		e.literal = e.literal || n.is["x-literal"] == true
		for _, to := range n.each("properties") {
			inner[to.name] = append(inner[to.name], to.to)
		}
		if !isTuple(n) {
			for _, to := range n.each("items") {
				items = append(items, to.to)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(inner)) {
		e.members[name] = b.of(inner[name])
		if n := withDefault(inner[name]); n != nil {
			e.defaults = append(e.defaults, n.defaultMember(name))
		}
	}
	if len(items) > 0 {
		e.items = b.of(items)
	}
	return e
}

// withDefault returns the first schema among those that apply to a member that has a default.
func withDefault(nodes []*node) *node {
	for _, n := range closure(nodes) {
		if _, ok := n.is["default"]; ok {
			return n
		}
	}
	return nil
}

// defaultMember writes the default of n as the schema file does, but for white space.
func (n *node) defaultMember(name string) member {
	_, start, end, _ := locate(n.doc.raw, n.at+"/default")
	text := bytes.NewBuffer(append(quote(name), ':'))
	_ = json.Compact(text, n.doc.raw[start:end])
	return member{name, text.Bytes(), n}
}

// useful returns the edits that do something, themselves or somewhere inside.
func (b *editor) useful() map[*edits]bool {
	useful := map[*edits]bool{}
	for before := -1; len(useful) > before; {
		before = len(useful)
		for _, e := range b.made {
			inside := useful[e.items]
			for _, inner := range e.members {
				inside = inside || useful[inner]
			}
			if inside || e.unique || e.literal || len(e.defaults) > 0 {
				useful[e] = true
			}
		}
	}
	return useful
}

// prune takes away what is not useful, so that the rewriter steps over it.
func prune(e *edits, done, useful map[*edits]bool) *edits {
	if e == nil || !useful[e] {
		return nil
	}
	if done[e] {
		return e
	}
	done[e] = true
	e.items = prune(e.items, done, useful)
	for name, inner := range e.members {
		if e.members[name] = prune(inner, done, useful); e.members[name] == nil {
			delete(e.members, name)
		}
	}
	return e
}

// splice is one change: raw[start:end] becomes text.
type splice struct {
	start, end int
	text       []byte
}

// rewriter goes over a payload that decode has accepted. It changes bytes, not a tree, so that what no rule is
// about stays as sent: unknown fields, the writing of numbers, the order of keys, white space.
type rewriter struct {
	raw     []byte
	refused bool // already: only what else is wrong matters, no change will be made
	path    []step
	splices []splice
	found   []Violation
}

// value applies e to the value at i and returns the offset after it.
func (r *rewriter) value(i int, e *edits) int {
	if e == nil {
		end, _ := skipValue(r.raw, i)
		return end
	}
	switch r.raw[i] {
	case '{':
		return r.object(i, e)
	case '[':
		return r.array(i, e)
	}
	end, _ := skipValue(r.raw, i)
	if e.literal && isWrittenAsFraction(r.raw[i:end]) {
		r.found = append(r.found, Violation{
			Path: pointerOf(r.path), Keyword: KeywordLiteral, Expected: "digits only", Got: "integer with a fraction or an exponent",
			Message: "must be written as an integer, without a decimal point or an exponent",
		})
	}
	return end
}

func (r *rewriter) object(i int, e *edits) int {
	var missing []member
	if !r.refused {
		missing = slices.Clone(e.defaults)
	}
	first, end := i+1, i+1
	for {
		quoted, _, start, more := nextMember(r.raw, end)
		if !more {
			break
		}
		key := unquote(quoted)
		if len(missing) > 0 {
			missing = slices.DeleteFunc(missing, func(m member) bool { return m.name == string(key) })
		}
		inner := e.members[string(key)]
		if inner == nil {
			end, _ = skipValue(r.raw, start)
			continue
		}
		r.path = append(r.path, step{key: string(key), item: -1})
		end = r.value(start, inner)
		r.path = r.path[:len(r.path)-1]
	}
	for n, m := range missing {
		text := m.text
		if end > first || n > 0 {
			text = append([]byte{','}, text...)
		}
		r.splices = append(r.splices, splice{end, end, text})
	}
	return skipSpace(r.raw, end) + 1
}

func (r *rewriter) array(i int, e *edits) int {
	var seen keySet
	end := i + 1
	for n := 0; ; n++ {
		start, more := nextItem(r.raw, end)
		if !more {
			break
		}
		before, mark := end, len(r.splices)
		r.path = append(r.path, step{item: n})
		end = r.value(start, e.items)
		r.path = r.path[:len(r.path)-1]
		if e.unique && !r.refused && !seen.add(canonical(r.raw[start:end])) { // the comma and the space in front go too
			r.splices = append(r.splices[:mark], splice{before, end, nil})
		}
	}
	return skipSpace(r.raw, end) + 1
}

// apply returns the payload with the changes made, or raw itself where there are none.
func (r *rewriter) apply() []byte {
	if len(r.splices) == 0 {
		return r.raw
	}
	out, last := make([]byte, 0, len(r.raw)+64), 0
	for _, s := range r.splices {
		out = append(append(out, r.raw[last:s.start]...), s.text...)
		last = s.end
	}
	return append(out, r.raw[last:]...)
}

// isWrittenAsFraction reports whether literal is an integer that is not written as one. What is no integer at
// all, the library refuses by its type.
func isWrittenAsFraction(literal []byte) bool {
	if c := literal[0]; c != '-' && (c < '0' || c > '9') || !bytes.ContainsAny(literal, ".eE") {
		return false
	}
	_, exponent := decimal(string(literal))
	return exponent >= 0
}
