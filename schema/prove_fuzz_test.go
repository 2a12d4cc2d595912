package schema

import (
	"testing"

	"pgregory.net/rapid"
)

// FuzzProve compares the prover with strict decoding and the library, by a few schemas that say all that a claim can
// hold, at every depth.
func FuzzProve(f *testing.F) {
	var validators []*Validator
	for _, source := range []string{
		string(Default()), `{}`,
		`{"properties": {"a": {"$ref": "#"}, "n": {"minimum": -1, "maximum": 3.5}, "i": {"type": "integer", "exclusiveMaximum": 1e2},
		  "s": {"type": ["string", "null"], "minLength": 1, "maxLength": 3, "pattern": "^[a-é]"}, "e": {"enum": ["a", "b/", null, 1]},
		  "l": {"items": {"$ref": "#"}, "uniqueItems": true}, "d": {"format": "date-time"}, "u": {"format": "uri"}},
		  "additionalProperties": {"type": ["boolean", "number", "array", "object"]}}`,
		`{"type": ["array", "object"], "x-unique": true, "items": {"$ref": "#"}, "minItems": 1, "maxItems": 4, "required": ["a"],
		  "properties": {"a": {"$ref": "#"}, "t": {"type": "array", "default": [1, 2], "x-unique": true}},
		  "additionalProperties": {"type": ["integer", "array", "object"], "maximum": 7, "x-note": 1}}`,
		`{"$schema": "http://json-schema.org/draft-04/schema#", "allOf": [{"properties": {"a": {"items": {"type": "string"}}}},
		  {"required": ["a"], "additionalProperties": {"type": "array", "x-note": 1}}], "properties": {"a": {"maxItems": 2}}}`,
	} {
		v, err := Compile([]byte(source), Options{})
		if err != nil || v.claim == nil {
			f.Fatal(source, err)
		}
		validators = append(validators, v)
	}
	for _, seed := range []string{
		`{"contact":{"external_id":"x","channel":"chat","timestamp":"2026-01-31T12:00:00Z","metadata":null},"priority":3,"tags":["a","b"],"callback_url":"http://x"}`,
		`{"contact":{"external_id":"\ud83d\ude00","channel":"web","timestamp":"1998-12-31T23:59:60Z","metadata":{"a":{"b":[1e5]}}},"priority":5,"callback_url":"https://x"}`,
		`{"a":{"n":3.5,"i":99,"s":"é","e":"b\/","l":["a","b"],"d":"2026-01-31T12:00:00+01:00","u":"a:b"},"x":[-0.0,1E-3]}`,
		`[{"a":[[],{}],"t":["a","\u0061"]},7]`, ` { "a" : ["x" , "y"] } `, `{"a":1,"\u0061":2}`, `[1,]`, `{"a":1,}`, `"\ud800"`, `1e309`, "\"\xff\"", `{} {}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, v := range validators {
			checkProof(t, v, raw)
		}
	})
}

// FuzzProveAnySchema lets the fuzzer draw the schema as well.
func FuzzProveAnySchema(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		if v, raw := genProof(t); v != nil {
			checkProof(t, v, raw)
		}
	}))
}
