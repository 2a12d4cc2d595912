package schema

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// maxFlat bounds how many members a flattened schema is followed into: those that refer to each other may
	// have no end.
	maxFlat = 10_000
	// maxFlatDepth bounds how deep: that of payloads.
	maxFlatDepth = 64
)

// Field is a field of a payload that the schema names.
type Field struct {
	Pointer  string // RFC 6901
	Name     string // the names on the way to it, joined by "_": what a flat mapping calls it
	Accepts  string // what it may be, in words
	Required bool   // a payload without it is refused
}

// Fields returns the fields that a flat mapping sends: those that the schema names and that are not objects
// with fields of their own, in the order of their pointers.
func (v *Validator) Fields() []Field {
	_, f := flatShape(v.shape())
	slices.SortFunc(f.fields, func(a, b Field) int { return cmp.Compare(a.Pointer, b.Pointer) })
	return f.fields
}

// flattener makes the shape of a flattened payload.
type flattener struct {
	out    *outline
	fields []Field
	open   []openObject
	way    []*outline
	visits int
}

// openObject is an object that passes on fields that the schema does not name.
type openObject struct {
	prefix string
	of     *outline
}

func flatShape(root *outline) (*outline, *flattener) {
	f := &flattener{out: &outline{types: kindObject, length: anySize, count: anySize, members: map[string]*part{}}}
	f.out.others = f.other
	f.object(root, "", "", true, true)
	return f.out, f
}

// object adds the members of an object; always and required say whether it is there itself.
func (f *flattener) object(s *outline, name, pointer string, always, required bool) {
	if slices.Contains(f.way, s) || len(f.way) >= maxFlatDepth || f.visits >= maxFlat {
		f.open = append(f.open, openObject{name, anyShape})
		return
	}
	f.way = append(f.way, s)
	defer func() { f.way = f.way[:len(f.way)-1] }()
	for _, keyword := range s.opaque {
		if !slices.Contains(f.out.opaque, keyword) {
			f.out.opaque = append(f.out.opaque, keyword)
		}
	}
	if other := s.other(anyName); other.types != 0 {
		f.open = append(f.open, openObject{name, other})
	}
	for _, key := range s.sortedMembers() {
		m := s.members[key]
		f.visits++
		f.member(m.shape, joined(name, key), pointer+m.source, always && m.always, required && m.required)
	}
}

func joined(name, key string) string {
	if name == "" {
		return key
	}
	return name + "_" + key
}

func (f *flattener) member(s *outline, name, pointer string, always, required bool) {
	asText := kindArray
	if s.types&kindObject != 0 && s.canEmpty {
		asText |= kindObject // an empty one is sent as text
	}
	if leaf := s.leaf(asText); leaf.types != 0 {
		sure := s.types&kindObject == 0
		f.fields = append(f.fields, Field{pointer, name, s.String(), required && sure})
		if _, twice := f.out.members[name]; !twice {
			f.out.members[name] = &part{shape: leaf, required: required && sure, always: always && sure, source: pointer}
		}
	}
	if s.types&kindObject != 0 {
		sure := s.types == kindObject
		f.object(s, name, pointer, always && sure, required && sure)
	}
}

// other says what the schema accepts of a property that it does not name.
func (f *flattener) other(name string) *outline {
	for _, o := range f.open {
		if name == anyName || o.prefix == "" || strings.HasPrefix(name, o.prefix+"_") {
			return o.of.leaf(structures)
		}
	}
	return &outline{length: anySize, count: anySize}
}

// pickedShape makes the shape of what a map sends.
func pickedShape(root *outline, sources map[string]Source) *outline {
	out := &outline{types: kindObject, length: anySize, count: anySize, members: map[string]*part{}}
	out.others = func(string) *outline { return unsentShape }
	for name, from := range sources {
		if from.Pointer == "" {
			out.members[name] = &part{shape: textShape, always: from.Always}
			continue
		}
		found, _ := root.follow(from.Pointer)
		if found.shape.types == 0 {
			continue // it never is there
		}
		out.members[name] = &part{shape: found.shape.leaf(structures), always: found.always, required: found.required, source: from.Pointer}
	}
	return out
}

// followed is where a pointer leads.
type followed struct {
	shape            *outline // types is 0 where nothing can be there
	named            bool     // by the schema
	always, required bool
}

// follow goes along a pointer. Where nothing can be there, why says at which name, and what was meant.
func (s *outline) follow(pointer string) (at followed, why string) {
	tokens, _ := pointerTokens(pointer)
	at = followed{shape: s, named: true, always: s.types == kindObject, required: s.types == kindObject}
	for i, token := range tokens {
		around := at.shape
		at = at.into(token, i == len(tokens)-1)
		if at.shape.types == 0 {
			return at, astrayIn(around, token, pointer)
		}
	}
	return at, ""
}

// into goes one step.
func (at followed) into(token string, last bool) followed {
	s := at.shape
	next := followed{shape: &outline{length: anySize, count: anySize}}
	index, isIndex := arrayIndex(token)
	m := s.members[token]
	switch {
	case s.types&kindObject != 0 && m != nil:
		next = followed{m.shape, at.named, at.always && m.always, at.required && m.required}
	case s.types&kindObject != 0 && s.other(token).types != 0:
		next = followed{shape: s.other(token)}
	case s.types&kindArray != 0 && isIndex && index < s.count.max:
		sure := index < s.count.min && s.types == kindArray
		next = followed{orAny(s.items), at.named && s.items != nil, at.always && sure, at.required && sure}
	}
	if m != nil && s.types != kindObject {
		next.always, next.required = false, false
	}
	if !last && next.shape.types&^structures != 0 { // it may be something that holds nothing
		next.always, next.required = false, false
	}
	return next
}

// astrayIn says why nothing can be where a pointer leads.
func astrayIn(around *outline, token, pointer string) string {
	switch {
	case around.types&structures == 0:
		return fmt.Sprintf("the schema has no %s: %q would be inside a value that is %s", pointer, token, around.types)
	case around.types&kindObject == 0:
		return fmt.Sprintf("the schema has no %s: %q is not a position in an array that it allows", pointer, token)
	}
	text := fmt.Sprintf("the schema has no %s, and accepts no field that it does not name", pointer)
	if near := nearest(token, around.members); near != "" {
		return text + fmt.Sprintf("; did you mean %q?", near)
	}
	if names := slices.Sorted(maps.Keys(around.members)); len(names) > 0 && len(names) <= 12 {
		text += "; it names " + strings.Join(names, ", ")
	}
	return text
}

// Pointer says of a pointer into payloads what the schema knows of it: named is false where it says nothing of
// what is there, and astray, where nothing can be there, says why.
func (v *Validator) Pointer(pointer string) (named bool, astray string) {
	at, why := v.shape().follow(pointer)
	return at.named, why
}
