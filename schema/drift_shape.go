package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kinds is a set of types; a number that is an integer is told from one that is not.
type kinds uint8

const (
	kindString kinds = 1 << iota
	kindInteger
	kindFraction
	kindBoolean
	kindNull
	kindObject
	kindArray

	allKinds   = kindString | kindInteger | kindFraction | kindBoolean | kindNull | kindObject | kindArray
	structures = kindObject | kindArray
)

var kindNames = []struct {
	name string
	kind kinds
}{
	{"string", kindString}, {"number", kindInteger | kindFraction}, {"integer", kindInteger}, {"boolean", kindBoolean},
	{"object", kindObject}, {"array", kindArray}, {"null", kindNull},
}

func (k kinds) String() string {
	whole := map[kinds]string{0: "nothing", allKinds: "anything", allKinds &^ structures: "any scalar"}
	if text, ok := whole[k]; ok {
		return text
	}
	var names []string
	for _, n := range kindNames {
		if k&n.kind == n.kind {
			names = append(names, n.name)
			k &^= n.kind
		}
	}
	if k&kindFraction != 0 {
		names = append(names, "fraction")
	}
	return strings.Join(names, " or ")
}

func kindOf(v any) kinds {
	switch v := v.(type) {
	case nil:
		return kindNull
	case bool:
		return kindBoolean
	case string:
		return kindString
	case json.Number:
		if b := newBound(v, false); b != nil && b.at.IsInt() {
			return kindInteger
		}
		return kindFraction
	case []any:
		return kindArray
	default:
		return kindObject
	}
}

// outline is what schemas say of one value, as far as it can be compared.
type outline struct {
	types     kinds
	values    []any // of enum and const; nil without
	min, max  *bound
	multiples []string
	length    size
	patterns  []string
	formats   []string
	count     size
	unique    bool
	items     *outline
	members   map[string]*part
	others    func(name string) *outline // for members that are not named; nil: anything
	canEmpty  bool                       // an object without members is accepted
	unsent    bool                       // types is 0 because the mapping sends nothing, rather than by a refusal
	opaque    []string
	rule      func() *rule // to try values out; nil, or returns nil, where that cannot be done
}

// part is one of an object.
type part struct {
	shape    *outline
	required bool // its absence is refused
	always   bool // it is there: required, or filled in by a default
	source   string
}

var (
	anyShape    = &outline{types: allKinds, length: anySize, count: anySize, canEmpty: true}
	unsentShape = &outline{unsent: true, length: anySize, count: anySize}
	textShape   = &outline{types: kindString, length: anySize, count: anySize}
)

func (s *outline) other(name string) *outline {
	if s.others == nil {
		return anyShape
	}
	return s.others(name)
}

// takes reports whether a value is accepted, as far as can be told.
func (s *outline) takes(v any) bool {
	if s.rule != nil {
		if r := s.rule(); r != nil {
			found, ok := r.run(v)
			return ok && len(found) == 0
		}
	}
	return s.types&kindOf(v) != 0 && (s.values == nil || slices.ContainsFunc(s.values, func(one any) bool { return same(one, v) }))
}

// anything reports whether the shape excludes nothing.
func (s *outline) anything() bool { return s.types == allKinds && !s.limited() }

// limited reports whether something beside the type limits the value.
func (s *outline) limited() bool {
	return s.values != nil || s.min != nil || s.max != nil || s.length != anySize || s.count != anySize ||
		len(s.multiples)+len(s.patterns)+len(s.formats)+len(s.opaque)+len(s.members) > 0 || s.unique || s.items != nil || s.others != nil
}

// nothing says why members that are not named do not come.
func (s *outline) nothing() string {
	if s.unsent {
		return "never sent"
	}
	return "not a field"
}

// String says what the shape accepts, in a few words.
func (s *outline) String() string {
	if s.values != nil {
		return valuesText(s.values)
	}
	text := s.types.String()
	if s.types&kindString != 0 {
		text += sizeText(s.length, "character")
	}
	if s.min != nil {
		text += ", from " + s.min.text
	}
	if s.max != nil {
		text += ", up to " + s.max.text
	}
	for _, f := range s.formats {
		text += ", " + f
	}
	return text
}

func sizeText(s size, thing string) string {
	switch {
	case s == anySize:
		return ""
	case s.max == unlimited:
		return fmt.Sprintf(", at least %d %ss", s.min, thing)
	case s.min == 0:
		return fmt.Sprintf(", at most %d %ss", s.max, thing)
	default:
		return fmt.Sprintf(", %d to %d %ss", s.min, s.max, thing)
	}
}

// valuesText lists the first of some values.
func valuesText(values []any) string {
	const most = 6
	var parts []string
	for _, v := range values[:min(len(values), most)] {
		raw, _ := json.Marshal(v) // it was decoded from JSON
		text := string(raw)
		if r := []rune(text); len(r) > 40 {
			text = string(r[:40]) + "…"
		}
		parts = append(parts, text)
	}
	text := strings.Join(parts, ", ")
	if more := len(values) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// same reports whether two decoded values are equal; 1 and 1.0 are.
func same(a, b any) bool {
	return string(appendCanonical(nil, a)) == string(appendCanonical(nil, b))
}

// leaf returns what a value is sent as by a mapping that knows scalars only: an object or an array, of the
// kinds in asText, as a string.
func (s *outline) leaf(asText kinds) *outline {
	if s.types&structures == 0 {
		return s
	}
	flat := *s
	flat.types &^= structures
	flat.members, flat.others, flat.items, flat.rule = nil, nil, nil, nil
	flat.values = slices.DeleteFunc(slices.Clone(s.values), func(v any) bool { return kindOf(v)&structures != 0 })
	if s.values == nil || len(flat.values) < len(s.values) {
		flat.values = nil
	}
	if s.types&asText != 0 {
		flat.types |= kindString
		flat.length, flat.patterns, flat.formats, flat.values = anySize, nil, nil, nil
	}
	flat.count, flat.unique = anySize, false
	return &flat
}

// sortedMembers returns the names of an object's members.
func (s *outline) sortedMembers() []string { return slices.Sorted(maps.Keys(s.members)) }
