package deadletter

import (
	_ "embed"
	"slices"
)

//go:embed dead-letter.schema.json
var jsonSchema []byte

// JSONSchema returns the published JSON Schema (draft-07) of a record's wire form, which describes it field
// by field. Every record that [Encode] returns is valid against it.
func JSONSchema() []byte { return slices.Clone(jsonSchema) }
