package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// outliner makes the shapes of one schema. The schemas that apply to one value have one shape together; since a
// schema can refer to itself, so can a shape.
type outliner struct {
	loader *loader
	made   map[string]*outline
}

// shape returns the shape of what the validator accepts.
func (v *Validator) shape() *outline {
	b := outliner{loader: v.loader, made: map[string]*outline{}}
	return b.of([]*node{v.root})
}

func (b *outliner) of(nodes []*node) *outline {
	all := closure(nodes)
	if len(all) == 0 {
		return anyShape
	}
	key := setKey(all)
	if s, ok := b.made[key]; ok {
		return s
	}
	s := &outline{types: allKinds, length: anySize, count: anySize, canEmpty: true}
	b.made[key] = s
	for _, n := range all {
		b.scalars(s, n)
		if n.has("required") || n.has("minProperties") {
			s.canEmpty = false
		}
	}
	if s.values != nil {
		s.types &= kindsOf(s.values)
	}
	if len(b.loader.problems) == 0 { // what the linter refuses may be endless
		s.rule = sync.OnceValue(func() *rule {
			r, _ := b.loader.compile(all)
			return r
		})
	}
	b.members(s, all)
	b.items(s, all)
	return s
}

// scalars adds what one schema says of the value itself.
func (b *outliner) scalars(s *outline, n *node) {
	if n.is == nil {
		if !n.pass {
			s.types = 0
		}
		return
	}
	s.types &= typesOf(n.is["type"])
	if values := compared(n); values != nil {
		if s.values == nil {
			s.values = values
		} else {
			s.values = slices.DeleteFunc(slices.Clone(s.values), func(v any) bool {
				return !slices.ContainsFunc(values, func(other any) bool { return same(v, other) })
			})
		}
	}
	s.min = tighter(s.min, boundOf(n, "minimum", "exclusiveMinimum"), looserMinimum)
	s.min = tighter(s.min, boundOf(n, "exclusiveMinimum", ""), looserMinimum)
	s.max = tighter(s.max, boundOf(n, "maximum", "exclusiveMaximum"), looserMaximum)
	s.max = tighter(s.max, boundOf(n, "exclusiveMaximum", ""), looserMaximum)
	s.multiples = withText(s.multiples, n.is["multipleOf"])
	s.patterns = withText(s.patterns, n.is["pattern"])
	s.formats = withText(s.formats, n.is["format"])
	s.length = s.length.within(n, "minLength", "maxLength")
	s.count = s.count.within(n, "minItems", "maxItems")
	s.unique = s.unique || n.is["uniqueItems"] == true
	for _, name := range wholeKeywords {
		if n.has(name) && !slices.Contains(s.opaque, name) {
			s.opaque = append(s.opaque, name)
		}
	}
	if isTuple(n) {
		s.opaque = append(s.opaque, "items")
	}
}

// typesOf reads the keyword type; without it every type is accepted.
func typesOf(value any) kinds {
	one := func(name any) kinds {
		for _, n := range kindNames {
			if n.name == name {
				return n.kind
			}
		}
		return 0
	}
	switch v := value.(type) {
	case string:
		return one(v)
	case []any:
		var all kinds
		for _, name := range v {
			all |= one(name)
		}
		return all
	default:
		return allKinds
	}
}

func kindsOf(values []any) (all kinds) {
	for _, v := range values {
		all |= kindOf(v)
	}
	return all
}

// boundOf reads a limit; in draft-04 flag is a boolean beside it.
func boundOf(n *node, keyword, flag string) *bound {
	number, ok := n.is[keyword].(json.Number)
	if !ok {
		return nil
	}
	return newBound(number, flag == "" || n.is[flag] == true)
}

func withText(list []string, value any) []string {
	text := fmt.Sprint(value)
	if value == nil || slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// within narrows a size to the limits of n.
func (s size) within(n *node, least, most string) size {
	if v, ok := limit(n, least); ok {
		s.min = max(s.min, v)
	}
	if v, ok := limit(n, most); ok {
		s.max = min(s.max, v)
	}
	return s
}

func (b *outliner) members(s *outline, all []*node) {
	names, required := map[string]bool{}, map[string]bool{}
	open := true
	for _, n := range all {
		for _, e := range n.each("properties") {
			names[e.name] = true
		}
		list, _ := n.is["required"].([]any)
		for _, name := range list {
			if name, ok := name.(string); ok {
				names[name], required[name] = true, true
			}
		}
		open = open && n.child("additionalProperties", "") == nil
	}
	if !open {
		s.others = func(name string) *outline { return b.of(describing(all, name)) }
	}
	if len(names) == 0 {
		return
	}
	s.members = map[string]*part{}
	for name := range names {
		m := &part{shape: b.of(describing(all, name)), required: required[name], always: required[name]}
		s.members[name] = m
		var own []*node
		for _, n := range all {
			if to := n.child("properties", name); to != nil {
				own = append(own, to)
			}
		}
		if withDefault(own) != nil {
			m.always, s.canEmpty = true, false
			m.required = false // its absence is no fault: it is filled in
		}
	}
	for name, m := range s.members {
		m.source = "/" + escapePointer.Replace(name)
	}
}

func (b *outliner) items(s *outline, all []*node) {
	var inner []*node
	for _, n := range all {
		if isTuple(n) {
			return
		}
		for _, e := range n.each("items") {
			inner = append(inner, e.to)
		}
	}
	if len(inner) > 0 {
		s.items = b.of(inner)
	}
}
