package schema

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// claim is what a schema demands of a value, in the form in which [prover] can see it met. It may demand more than
// the schema does, and never less: a value that meets it is valid, and of one that does not nothing is known.
type claim struct {
	forms   forms               // that are let through; none where the schema says what a claim cannot
	texts   []func(string) bool // of a string: length, enum, pattern, format
	numbers []func(numeral) bool

	minItems, maxItems int
	items              *claim // nil: nothing is demanded of items
	distinct           bool   // uniqueItems: all of them must be seen to differ
	unique             bool   // x-unique: else the payload may have to be changed

	members  map[string]demand
	others   *claim // members that have no name here; nil: nothing is demanded of them
	required uint64 // bits of the members that must be there
	defaults uint64 // bits of those that are filled in where they are not
}

// demand is what is demanded of one member.
type demand struct {
	claim *claim // nil: nothing
	bit   uint64 // its own in required and defaults; 0 where it is in neither
}

// forms is a set of the ways in which a value can be written.
type forms uint8

const (
	formNull forms = 1 << iota
	formBool
	formString
	formObject
	formArray
	formDigits  // a number written with digits alone
	formDecimal // any other, even where its value is an integer
	anyForm     = 1<<iota - 1
)

var formsOfType = map[any]forms{
	"null": formNull, "boolean": formBool, "string": formString, "object": formObject, "array": formArray,
	"integer": formDigits, "number": formDigits | formDecimal,
}

// claims makes the claims of one schema. Like the editor and the viewer it takes the schemas that apply to one value
// together, and goes round where a schema refers to itself.
type claims struct {
	made map[string]*claim
}

// claim returns what root demands of a payload, or nil where no payload can be proven valid.
func (l *loader) claim(root *node) *claim {
	b := claims{made: map[string]*claim{}}
	if c := b.of([]*node{root}); c.forms != 0 {
		return c
	}
	return nil
}

func (b *claims) of(nodes []*node) *claim {
	all := closure(nodes)
	key := setKey(all)
	if c, ok := b.made[key]; ok {
		return c
	}
	c := &claim{forms: anyForm, maxItems: unlimited}
	b.made[key] = c
	for _, n := range all {
		if n.is == nil && !n.pass {
			c.forms = 0
		}
		for _, name := range slices.Sorted(maps.Keys(n.is)) {
			if !c.say(name, n.is[name]) {
				c.forms = 0
			}
		}
	}
	if c.forms&formArray != 0 {
		b.items(c, all)
	}
	if c.forms&formObject != 0 {
		b.members(c, all)
	}
	return c
}

// say adds what a keyword demands, and reports whether a claim can hold all of it. Of the keywords with schemas in
// them, closure has followed allOf, and items and members take the others; whatever is not known here, cannot be held.
func (c *claim) say(keyword string, value any) bool {
	switch keyword {
	case "allOf", "properties", "additionalProperties", "required":
		return true
	case "items":
		_, tuple := value.([]any)
		return !tuple
	case "type":
		return c.sayTypes(value)
	case "enum":
		values, _ := value.([]any)
		return c.sayOneOf(values)
	case "const":
		return c.sayOneOf([]any{value})
	case "pattern", "format", "minLength", "maxLength":
		return c.sayText(keyword, value)
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		return c.sayNumber(keyword, value)
	case "minItems", "maxItems", "uniqueItems", "x-unique":
		return c.sayArray(keyword, value)
	case "x-literal":
		if value == true {
			c.forms &^= formDecimal
		}
		return true
	}
	return keywords[keyword].annotation || isExtension(keyword)
}

func (c *claim) sayTypes(value any) bool {
	names, many := value.([]any)
	if !many {
		names = []any{value}
	}
	var let forms
	for _, name := range names {
		let |= formsOfType[name]
	}
	c.forms &= let
	return true
}

// sayOneOf takes the strings: numbers are compared by value, objects and arrays whatever their order of names.
func (c *claim) sayOneOf(values []any) bool {
	var texts []string
	for _, v := range values {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	c.forms &= formString
	c.texts = append(c.texts, func(s string) bool { return slices.Contains(texts, s) })
	return true
}

func (c *claim) sayText(keyword string, value any) bool {
	var met func(string) bool
	switch keyword {
	case "pattern":
		text, _ := value.(string)
		re, err := regexp.Compile(text) // as the library does
		if err != nil {
			return false
		}
		met = re.MatchString
	case "format":
		name, _ := value.(string)
		met = formats[name].check
	default:
		n, ok := count(value)
		if !ok {
			return false
		}
		if met = func(s string) bool { return utf8.RuneCountInString(s) >= n }; keyword == "maxLength" {
			met = func(s string) bool { return utf8.RuneCountInString(s) <= n }
		}
	}
	c.texts = append(c.texts, met)
	return met != nil
}

func (c *claim) sayNumber(keyword string, value any) bool {
	literal, _ := value.(json.Number) // in draft-04 the exclusive ones are booleans
	at, ok := read(literal.String())
	if !ok {
		return false
	}
	met := func(n numeral) bool { return n.above(at) }
	switch keyword {
	case "minimum":
		met = func(n numeral) bool { return n.above(at) || n.equals(at) }
	case "maximum":
		met = func(n numeral) bool { return at.above(n) || at.equals(n) }
	case "exclusiveMaximum":
		met = at.above
	}
	c.numbers = append(c.numbers, met)
	return true
}

func (c *claim) sayArray(keyword string, value any) bool {
	switch keyword {
	case "uniqueItems":
		c.distinct = c.distinct || value == true
		return true
	case "x-unique":
		c.unique = c.unique || value == true
		return true
	}
	n, ok := count(value)
	if keyword == "minItems" {
		c.minItems = max(c.minItems, n)
	} else {
		c.maxItems = min(c.maxItems, n)
	}
	return ok
}

// count reads a limit of a size, where it is written with digits alone.
func count(value any) (n int, ok bool) {
	literal, _ := value.(json.Number)
	n, err := strconv.Atoi(literal.String())
	return n, err == nil
}

// items takes together what is demanded of the items.
func (b *claims) items(c *claim, all []*node) {
	var inner []*node
	for _, n := range all {
		for _, e := range n.each("items") {
			inner = append(inner, e.to)
		}
	}
	if len(inner) > 0 {
		c.items = b.of(inner)
	}
}

// members takes together what is demanded of each member. Where one that is required cannot be proven, its object
// cannot be either.
func (b *claims) members(c *claim, all []*node) {
	var others []*node
	properties, required := map[string][]*node{}, map[string]bool{}
	for _, n := range all {
		for _, e := range n.each("properties") {
			properties[e.name] = append(properties[e.name], e.to)
		}
		for _, e := range n.each("additionalProperties") {
			others = append(others, e.to)
		}
		names, _ := n.is["required"].([]any)
		for _, name := range names {
			text, _ := name.(string)
			required[text] = true
		}
	}
	if len(others) > 0 {
		c.others = b.of(others)
	}
	c.members = make(map[string]demand, len(properties))
	next := uint64(1)
	for name := range required {
		properties[name] = append(properties[name], nil...) // there, if only by name
	}
	for name, given := range properties {
		var d demand
		if about := describing(all, name); len(about) > 0 {
			d.claim = b.of(about)
		}
		filled := withDefault(given) != nil
		if filled || required[name] {
			d.bit, next = next, next<<1
		}
		if filled {
			c.defaults |= d.bit
		}
		if required[name] {
			c.required |= d.bit
		}
		if required[name] && d.claim != nil && d.claim.forms == 0 || next == 0 { // or out of bits
			c.forms &^= formObject
		}
		c.members[name] = d
	}
}
