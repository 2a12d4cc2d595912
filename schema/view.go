package schema

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// view is what the schema looks at in a value. The decoder builds that and no more, so that neither memory nor
// the library's time grows with what nobody asked about, or with the part of an array beyond its maxItems.
//
// A view says what may be left out without changing one verdict. So wherever a keyword looks at a value as a
// whole, or in alternatives (anyOf, not, if, contains, ...), it is [wholeView].
type view struct {
	whole     bool
	members   map[string]*view // the members that are looked at; nil where only their presence is
	closed    bool             // additionalProperties is false: other members are violations
	others    *view            // the members that additionalProperties describes
	otherRule *rule            // for those of them that are checked one by one
	items     *view
	itemRule  *rule // for the items that are checked one by one; nil where the array must be seen in one piece
	itemsSeen int   // items that can make a difference
	minItems  int
	maxItems  int // -1 without
	runesSeen int // code points of a string that can make a difference
}

var wholeView = &view{whole: true}

// viewer makes the views of one schema. The schemas that apply to one value (through $ref and allOf) have one
// view together; since a schema can refer to itself, so can a view.
type viewer struct {
	loader *loader
	made   map[string]*view
	err    error
}

func (l *loader) view(root *node) (*view, error) {
	b := viewer{loader: l, made: map[string]*view{}}
	v := b.of([]*node{root})
	return v, b.err
}

func (b *viewer) of(nodes []*node) *view {
	all := closure(nodes)
	key := setKey(all)
	if v, ok := b.made[key]; ok {
		return v
	}
	if needsWhole(all) {
		b.made[key] = wholeView
		return wholeView
	}
	v := &view{maxItems: -1}
	b.made[key] = v
	for _, n := range all {
		v.runesSeen = max(v.runesSeen, runesSeen(n))
		v.closed = v.closed || n.is["additionalProperties"] == false
	}
	b.members(v, all)
	b.items(v, all)
	return v
}

// wholeKeywords look at a value as a whole, at all its members, or in alternatives.
var wholeKeywords = []string{
	"anyOf", "oneOf", "not", "if", "dependencies", "contains", "additionalItems",
	"patternProperties", "propertyNames", "minProperties", "maxProperties",
}

func needsWhole(all []*node) bool {
	for _, n := range all {
		for _, name := range wholeKeywords {
			if n.has(name) {
				return true
			}
		}
		if isTuple(n) || !scalarsOnly(n) {
			return true
		}
	}
	return false
}

// scalarsOnly reports whether what n compares values with are scalars: then no part of an object or an array
// can be equal to any of them, and a string's beginning decides.
func scalarsOnly(n *node) bool {
	for _, value := range compared(n) {
		switch value.(type) {
		case map[string]any, []any:
			return false
		}
	}
	return true
}

// compared returns the values of enum and const.
func compared(n *node) []any {
	values, _ := n.is["enum"].([]any)
	if value, ok := n.is["const"]; ok {
		values = append(values[:len(values):len(values)], value)
	}
	return values
}

func runesSeen(n *node) int {
	if n.has("pattern") || n.has("format") {
		return unlimited
	}
	seen := 0
	for _, value := range compared(n) {
		if s, ok := value.(string); ok {
			seen = max(seen, utf8.RuneCountInString(s)+1)
		}
	}
	if limit, ok := limit(n, "maxLength"); ok {
		seen = max(seen, plusOne(limit))
	}
	if limit, ok := limit(n, "minLength"); ok {
		seen = max(seen, limit)
	}
	return seen
}

func (b *viewer) members(v *view, all []*node) {
	names, others := map[string]bool{}, []*node(nil)
	for _, n := range all {
		for _, e := range n.each("properties") {
			names[e.name] = true
		}
		required, _ := n.is["required"].([]any)
		for _, name := range required {
			names[fmt.Sprint(name)] = true
		}
		if _, ok := n.is["additionalProperties"].(map[string]any); ok {
			others = append(others, n.child("additionalProperties", ""))
		}
	}
	v.members = make(map[string]*view, len(names))
	for name := range names {
		if about := describing(all, name); len(about) > 0 {
			v.members[name] = b.of(about)
		} else {
			v.members[name] = nil
		}
	}
	if len(others) > 0 {
		v.others, v.otherRule = b.of(others), b.rule(others)
	}
}

// describing returns what the schemas of an object say about its member name: each by properties, else by
// additionalProperties.
func describing(all []*node, name string) (about []*node) {
	for _, n := range all {
		if to := n.child("properties", name); to != nil {
			about = append(about, to)
		} else if to := n.child("additionalProperties", ""); to != nil {
			about = append(about, to)
		}
	}
	return about
}

// knows reports whether key is a name that the schema itself gives.
func (v *view) knows(key string) bool {
	_, known := v.members[key]
	return known
}

func (b *viewer) items(v *view, all []*node) {
	var inner []*node
	unique := false
	for _, n := range all {
		for _, e := range n.each("items") {
			inner = append(inner, e.to)
		}
		unique = unique || n.is["uniqueItems"] == true
		if limit, ok := limit(n, "maxItems"); ok && (v.maxItems < 0 || limit < v.maxItems) {
			v.maxItems = limit
		}
		if limit, ok := limit(n, "minItems"); ok {
			v.minItems = max(v.minItems, limit)
		}
	}
	switch {
	case v.maxItems >= 0:
		v.itemsSeen = max(plusOne(v.maxItems), v.minItems)
	case unique || len(inner) > 0:
		v.itemsSeen = unlimited
	default:
		v.itemsSeen = v.minItems
	}
	switch {
	case unique:
		v.items = wholeView
	case len(inner) > 0:
		v.items = b.of(inner)
		v.itemRule = b.rule(inner)
	}
}

func (b *viewer) rule(nodes []*node) *rule {
	r, err := b.loader.compile(nodes)
	if err != nil && b.err == nil {
		b.err = err
	}
	return r
}

// limit reads a keyword whose value is a number of things; one too large for an int limits nothing here.
func limit(n *node, keyword string) (int, bool) {
	number, ok := n.is[keyword].(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(number.String())
	if err != nil {
		return unlimited, true
	}
	return i, true
}

func plusOne(n int) int {
	if n == unlimited {
		return n
	}
	return n + 1
}
