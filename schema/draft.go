package schema

import (
	"maps"
	"slices"
	"strings"
)

// draft is a version of JSON Schema.
type draft int

const (
	draft4 draft = 4
	draft6 draft = 6
	draft7 draft = 7
)

// drafts are the values of $schema that sluice accepts, each with or without a '#' at the end. A schema without
// $schema is read as draft-07.
var drafts = map[string]draft{
	"http://json-schema.org/draft-04/schema": draft4,
	"http://json-schema.org/draft-06/schema": draft6,
	"http://json-schema.org/draft-07/schema": draft7,
}

func (d draft) String() string { return "draft-0" + string(rune('0'+int(d))) }

// url is the draft's own address, under which the library holds its metaschema.
func (d draft) url() string {
	for u, known := range drafts {
		if known == d {
			return u
		}
	}
	return ""
}

// shape says where the schemas are in a keyword's value.
type shape int

const (
	shapeNone    shape = iota // none: numbers, names, values
	shapeSchema               // one
	shapeList                 // an array of schemas
	shapeItems                // one, or an array of them
	shapeMap                  // an object whose values are schemas
	shapeDepends              // an object whose values are schemas or lists of names
)

// keyword is what the linter, the loader and the bundler have to know about a keyword.
type keyword struct {
	shape      shape
	since      draft // the first draft that has it
	until      draft // the last one
	inPlace    bool  // its schemas apply to the very value that the keyword's own schema applies to
	annotation bool  // it never makes a payload invalid
}

// keywords holds every keyword of the three drafts (draft-fge-json-schema-validation-00 for draft-04,
// draft-wright-json-schema-validation-01 for -06, draft-handrews-json-schema-validation-01 for -07).
// Pure annotations are accepted in all of them: a later draft's readOnly does no harm in draft-04.
var keywords = map[string]keyword{
	"$schema": {annotation: true},
	"id":      {annotation: true, until: draft4},
	"$id":     {annotation: true, since: draft6},
	"$ref":    {},

	"title": {annotation: true}, "description": {annotation: true}, "$comment": {annotation: true},
	"default": {annotation: true}, "examples": {annotation: true}, "deprecated": {annotation: true},
	"readOnly": {annotation: true}, "writeOnly": {annotation: true},
	"contentMediaType": {annotation: true}, "contentEncoding": {annotation: true},
	"definitions": {annotation: true, shape: shapeMap},

	"type": {}, "enum": {}, "const": {since: draft6}, "format": {},
	"multipleOf": {}, "maximum": {}, "exclusiveMaximum": {}, "minimum": {}, "exclusiveMinimum": {},
	"maxLength": {}, "minLength": {}, "pattern": {},
	"maxItems": {}, "minItems": {}, "uniqueItems": {},
	"maxProperties": {}, "minProperties": {}, "required": {},

	"items": {shape: shapeItems}, "additionalItems": {shape: shapeSchema},
	"contains":   {shape: shapeSchema, since: draft6},
	"properties": {shape: shapeMap}, "patternProperties": {shape: shapeMap},
	"additionalProperties": {shape: shapeSchema},
	"propertyNames":        {shape: shapeSchema, since: draft6},
	"dependencies":         {shape: shapeDepends, inPlace: true},

	"allOf": {shape: shapeList, inPlace: true},
	"anyOf": {shape: shapeList, inPlace: true},
	"oneOf": {shape: shapeList, inPlace: true},
	"not":   {shape: shapeSchema, inPlace: true},
	"if":    {shape: shapeSchema, inPlace: true, since: draft7},
	"then":  {shape: shapeSchema, inPlace: true, since: draft7},
	"else":  {shape: shapeSchema, inPlace: true, since: draft7},
}

// in reports whether d has the keyword.
func (k keyword) in(d draft) bool {
	return d >= k.since && (k.until == 0 || d <= k.until)
}

// isExtension reports whether name is outside JSON Schema by convention. Ours are x-unique and x-literal.
func isExtension(name string) bool { return strings.HasPrefix(name, "x-") }

// nearest returns the name in known that name was probably meant to be, or "".
func nearest[V any](name string, known map[string]V) string {
	best, distance := "", 3
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d < distance && d < len(name) {
			best, distance = k, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance in bytes; keywords are ASCII.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
