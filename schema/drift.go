package schema

import (
	"maps"
	"slices"
)

// Refuser says which of two schemas refuses what the other accepts.
type Refuser string

const (
	// RefusedByContract is a message that the schema accepts and the contract refuses.
	RefusedByContract Refuser = "contract"
	// RefusedBySchema is an input that the contract accepts and the schema lets nobody send.
	RefusedBySchema Refuser = "schema"
	// RefusedByNeither is something to know: a property that is never sent, or one that the contract does not
	// name, or a keyword that cannot be compared.
	RefusedByNeither Refuser = "neither"
)

// The kinds of a [Difference] that are not JSON Schema keywords.
const (
	// DriftMissing is a property of the contract that the schema does not name.
	DriftMissing = "missing"
	// DriftUnknown is a property that is sent and that the contract does not name.
	DriftUnknown = "unknown"
	// DriftNotCompared is a keyword whose meaning cannot be compared.
	DriftNotCompared = "not compared"
)

// Difference is one thing that a schema and a contract do not agree on.
type Difference struct {
	Field     string // of the contract: names with "/" between them, "*" for any other; "" is the whole
	Source    string // pointer into the payload that the field is made of; "" where there is none or it is not known
	Kind      string // the keyword that differs (type, required, enum, maximum, ...), or a Drift constant
	Schema    string // what the schema says, in words
	Contract  string // what the contract says
	RefusedBy Refuser
}

// Mapping says how a payload becomes what a contract describes. The zero value is the payload as it is.
type Mapping struct {
	// Flat joins the names of nested objects by "_"; arrays and empty objects become strings.
	Flat bool
	// Sources, if not nil, gives each property's source, by name; what is an object or an array becomes a string.
	Sources map[string]Source
}

// Source is where a property comes from.
type Source struct {
	Pointer string // RFC 6901 pointer into the payload, not empty; or "" for a string from elsewhere,
	Always  bool   // which is there in every message
}

// Drift compares what payloads the validator accepts, mapped, with what the contract accepts: field by field,
// in the order of their names. It compares types, presence, enumerations, limits, patterns, formats and
// further properties, through properties, items, allOf and $ref; of what stands in alternatives (anyOf, not,
// if, ...) it only says that it is there.
func (v *Validator) Drift(c *Contract, m Mapping) []Difference {
	d := &drifter{way: map[[2]*outline]bool{}, scalars: m.Flat || m.Sources != nil}
	local := v.shape()
	switch {
	case m.Sources != nil:
		local = pickedShape(local, m.Sources)
	case m.Flat:
		local, _ = flatShape(local)
	}
	d.value("", "", local, c.root)
	if d.visits > maxVisits {
		const text = "more than can be compared"
		d.add(spot{}, DriftNotCompared, text, text, RefusedByNeither)
	}
	return d.found
}

// maxVisits bounds how many pairs of values are compared: schemas that refer to each other may have no end.
const maxVisits = 20_000

// drifter compares outlines.
type drifter struct {
	way     map[[2]*outline]bool // what is being compared: schemas may refer to themselves
	visits  int
	scalars bool // the mapping sends nothing else
	found   []Difference
}

func (d *drifter) add(at spot, kind, schema, contract string, by Refuser) {
	d.found = append(d.found, Difference{at.field, at.source, kind, schema, contract, by})
}

// spot is where a difference is.
type spot struct{ field, source string }

// value compares what the two say of one value.
func (d *drifter) value(field, source string, l, c *outline) {
	pair := [2]*outline{l, c}
	if d.visits++; d.way[pair] || d.visits > maxVisits {
		return
	}
	d.way[pair] = true
	defer delete(d.way, pair)
	at := spot{field, source}
	taken := c.types
	if d.scalars && field != "" && taken&^structures != 0 {
		taken &^= structures // which nothing is mapped to
	}
	if l.types&^c.types != 0 {
		d.add(at, "type", l.types.String(), c.types.String(), RefusedByContract)
	}
	if taken&^l.types != 0 {
		d.add(at, "type", l.types.String(), c.types.String(), RefusedBySchema)
	}
	d.opaque(at, l, c)
	common := l.types & c.types
	if d.values(at, l, c) {
		return
	}
	if common&(kindInteger|kindFraction) != 0 {
		d.numbers(at, l, c)
	}
	if common&kindString != 0 {
		d.strings(at, l, c)
	}
	if common&kindArray != 0 {
		d.arrays(at, l, c)
	}
	if common&kindObject != 0 {
		d.object(at, l, c)
	}
}

// opaque tells of what cannot be compared.
func (d *drifter) opaque(at spot, l, c *outline) {
	if len(l.opaque)+len(c.opaque) > 0 {
		d.add(at, DriftNotCompared, listed(l.opaque), listed(c.opaque), RefusedByNeither)
	}
}

// object compares the members of an object.
func (d *drifter) object(at spot, l, c *outline) {
	names := maps.Clone(l.members)
	if names == nil {
		names = map[string]*part{}
	}
	maps.Copy(names, c.members)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if d.visits > maxVisits {
			return
		}
		lm, inSchema := l.members[name]
		cm, inContract := c.members[name]
		inner := spot{field: within(at.field, name)}
		switch {
		case inSchema && inContract:
			inner.source = lm.source
			d.both(inner, lm, cm)
		case inContract:
			d.missing(inner, l.other(name), cm)
		default:
			inner.source = lm.source
			d.unknown(inner, lm, c.other(name))
		}
	}
	d.others(at, l.other(anyName), c.other(anyName))
}

// anyName stands for a member that no schema names.
const anyName = "*"

func within(field, name string) string {
	if field == "" {
		return name
	}
	return field + "/" + name
}

// both compares a member that both name.
func (d *drifter) both(at spot, l, c *part) {
	const required, optional = "required", "optional"
	if c.required && !l.always {
		d.add(at, "required", optional, required, RefusedByContract)
	}
	if l.required && !c.required {
		d.add(at, "required", required, optional, RefusedBySchema)
	}
	d.value(at.field, at.source, l.shape, c.shape)
}

// missing is a member that only the contract names; other is what the schema says of members it does not name.
func (d *drifter) missing(at spot, other *outline, c *part) {
	says := c.shape.String()
	if c.required {
		says += ", required"
	}
	switch {
	case c.required:
		text := "not named, may be absent"
		if other.types == 0 {
			text = other.nothing()
		}
		d.add(at, DriftMissing, text, says, RefusedByContract)
	case other.types == 0 && other.unsent:
		d.add(at, DriftMissing, other.nothing(), says, RefusedByNeither)
	case other.types == 0:
		d.add(at, DriftMissing, other.nothing(), says, RefusedBySchema)
	default:
		if by := d.refuser(at, other, c.shape); by != RefusedByNeither {
			d.add(at, DriftMissing, "not named; where sent, "+other.String(), says, by)
		}
	}
}

// refuser returns which side's shape of a member refuses, or may refuse, what the other's lets through; the contract,
// where both do.
func (d *drifter) refuser(at spot, l, c *outline) Refuser {
	if len(c.opaque) > 0 {
		return RefusedByContract
	}
	before := len(d.found)
	d.value(at.field, at.source, l, c)
	found := d.found[before:]
	d.found = d.found[:before]
	for _, by := range []Refuser{RefusedByContract, RefusedBySchema} {
		if slices.ContainsFunc(found, func(f Difference) bool { return f.RefusedBy == by || f.Kind == DriftNotCompared }) {
			return by
		}
	}
	return RefusedByNeither
}

// unknown is a member that only the schema names.
func (d *drifter) unknown(at spot, l *part, other *outline) {
	if other.types == 0 {
		d.add(at, "additionalProperties", l.shape.String(), "takes no such property", RefusedByContract)
		return
	}
	d.add(at, DriftUnknown, l.shape.String(), "not named", RefusedByNeither)
	if !other.anything() {
		d.value(at.field, at.source, l.shape, other)
	}
}

// others compares what the two say of members that neither names.
func (d *drifter) others(at spot, l, c *outline) {
	at = spot{field: within(at.field, anyName)}
	switch {
	case l.unsent:
	case l.types != 0 && c.types == 0:
		d.add(at, "additionalProperties", "passes other fields on", "takes no other properties", RefusedByContract)
	case l.types == 0 && c.types != 0:
		d.add(at, "additionalProperties", "accepts no other fields", "takes other properties", RefusedBySchema)
	case !l.anything() || !c.anything():
		d.value(at.field, "", l, c)
	}
}
