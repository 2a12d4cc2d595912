package schema_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestValidator_EditsAsLittleAsPossible(t *testing.T) {
	for _, row := range []struct{ name, schema, raw, want string }{
		{"default, no space", `{"properties": {"t": {"default": []}}}`, `{"a":1}`, `{"a":1,"t":[]}`},
		{"default in an empty object", `{"properties": {"t": {"default": 7}}}`, `{}`, `{"t":7}`},
		{"default in an empty object with space", `{"properties": {"t": {"default": 7}}}`, `{ }`, `{"t":7 }`},
		{"default, lines kept", `{"properties": {"t": {"default": []}}}`, "{\n  \"a\": 1.50\n}\n", "{\n  \"a\": 1.50,\"t\":[]\n}\n"},
		{"default there already", `{"properties": {"t": {"default": []}}}`, `{"t":[1]}`, `{"t":[1]}`},
		{"default there, escaped", `{"properties": {"t": {"default": []}}}`, `{"\u0074":1}`, `{"\u0074":1}`},
		{"default there as null", `{"properties": {"t": {"default": []}}}`, `{"t":null}`, `{"t":null}`},
		{"defaults, by name", `{"properties": {"b": {"default": 1}, "a": {"default": 2}}}`, `{}`, `{"a":2,"b":1}`},
		{"default as written", `{"properties": {"t": {"default": {"z": 1.0, "a": "\u00e9<"}}}}`, `{}`, `{"t":{"z":1.0,"a":"\u00e9<"}}`},
		{"default of a name with quotes", `{"properties": {"a\"<": {"default": 1}}}`, `{}`, `{"a\"<":1}`},
		{"default through $ref", `{"properties": {"t": {"$ref": "#/definitions/t"}}, "definitions": {"t": {"default": 3}}}`, `{}`, `{"t":3}`},
		{"default through allOf", `{"allOf": [{"properties": {"t": {"allOf": [{}, {"default": 3}]}}}]}`, `{}`, `{"t":3}`},
		{"default inside items", `{"items": {"properties": {"t": {"default": 1}}}}`, `[{},{"t":2},{"x":[]}]`, `[{"t":1},{"t":2},{"x":[],"t":1}]`},
		{"default deep in a recursive schema", `{"properties": {"next": {"$ref": "#"}, "n": {"default": 0}}}`, `{"next":{"next":{"n":1}}}`, `{"next":{"next":{"n":1},"n":0},"n":0}`},
		{"default does not make an object", `{"properties": {"o": {"properties": {"t": {"default": 1}}}}}`, `{}`, `{}`},
		{"default where it is no object", `{"properties": {"t": {"default": 1}}}`, `[1]`, `[1]`},
		{"default in an alternative", `{"anyOf": [{"properties": {"t": {"default": 1}}}]}`, `{}`, `{}`},
		{"default in a tuple", `{"items": [{"properties": {"t": {"default": 1}}}]}`, `[{}]`, `[{}]`},

		{"duplicates", `{"type": "array", "x-unique": true}`, `["a","b","a","c","b"]`, `["a","b","c"]`},
		{"duplicates with space", `{"type": "array", "x-unique": true}`, "[ \"a\" ,\n \"a\" , \"b\" ]", "[ \"a\" , \"b\" ]"},
		{"none", `{"type": "array", "x-unique": true}`, `[ "a", "A", "a " ]`, `[ "a", "A", "a " ]`},
		{"all the same", `{"type": "array", "x-unique": true}`, `[1,1,1]`, `[1]`},
		{"escapes", `{"type": "array", "x-unique": true}`, `["a","\u0061","\/","/"]`, `["a","\/"]`},
		{"line separators", `{"type": "array", "x-unique": true}`, "[\"\u2028\",\"\\u2028\",\"<\",\"\\u003c\"]", "[\"\u2028\",\"<\"]"},
		{"numbers by value", `{"type": "array", "x-unique": true}`, `[1,1.0,10e-1,-1,0,-0,100,1e2,9007199254740993,9007199254740992]`, `[1,-1,0,100,9007199254740993,9007199254740992]`},
		{"types differ", `{"type": "array", "x-unique": true}`, `[1,"1",true,"true",null,"null"]`, `[1,"1",true,"true",null,"null"]`},
		{"objects in any order", `{"type": "array", "x-unique": true}`, `[{"a":1,"b":[2]},{"b":[2.0],"a":1},{"a":1}]`, `[{"a":1,"b":[2]},{"a":1}]`},
		{"strings that look like structure", `{"type": "array", "x-unique": true}`, `[["a","b"],["a\",\"b"],["a,b"]]`, `[["a","b"],["a\",\"b"],["a,b"]]`},
		{"more than a few", `{"type": "array", "x-unique": true}`, list(`1,2,3,4,5,6,7,8,9,10,11,12,13,14`, 3), `[1,2,3,4,5,6,7,8,9,10,11,12,13,14]`},
		{"not asked for", `{"type": "array", "x-unique": false}`, `[1,1]`, `[1,1]`},
		{"inside items", `{"items": {"type": ["array", "null"], "x-unique": true}}`, `[[1,1],null,[2,2]]`, `[[1],null,[2]]`},
		{"default inside what is dropped", `{"type": "array", "x-unique": true, "items": {"properties": {"t": {"default": 1}}}}`, `[{},{},{"x":2}]`, `[{"t":1},{"x":2,"t":1}]`},
		{"long names do not make objects equal", `{"type": "array", "x-unique": true}`,
			`[{` + quoted("k", 600) + `:1},{` + quoted("k", 600) + `:2}]`, `[{` + quoted("k", 600) + `:1},{` + quoted("k", 600) + `:2}]`},
	} {
		t.Run(row.name, func(t *testing.T) {
			raw := []byte(row.raw)
			payload, err := compile(t, row.schema).Validate(raw)
			require.NoError(t, err)
			assert.Equal(t, row.want, string(payload))
			assert.Equal(t, row.raw, string(raw), "the source was changed")
		})
	}
}

// The maximum of tags counts what was sent, the duplicates included.
func TestValidator_DuplicatesCountBeforeTheyGo(t *testing.T) {
	v := setup(t)
	payload, err := v.Validate([]byte(with(`"tags":`, `["b","a","b","b","b","b","b","b","b","a"]`)))
	require.NoError(t, err)
	assert.Equal(t, with(`"tags":`, `["b","a"]`), string(payload))
	_, err = v.Validate([]byte(with(`"tags":`, list(`"b"`, 11))))
	assert.Equal(t, []broken{{"/tags", "maxItems"}}, violations(t, err))
}

func TestValidator_Literal(t *testing.T) {
	v := compile(t, `{"properties": {
		"strict": {"type": "integer", "x-literal": true},
		"lax": {"type": "integer"},
		"maybe": {"type": ["integer", "null", "boolean", "string"], "x-literal": true},
		"list": {"items": {"$ref": "#/properties/strict"}}
	}}`)
	for raw, want := range map[string][]broken{
		`{"strict":3,"lax":3.0}`:             nil,
		`{"strict":-30}`:                     nil,
		`{"strict":3.0}`:                     {{"/strict", "x-literal"}},
		`{"strict":0.0}`:                     {{"/strict", "x-literal"}},
		`{"strict":-0e5}`:                    {{"/strict", "x-literal"}},
		`{"strict":1E2}`:                     {{"/strict", "x-literal"}},
		`{"strict":1.5e1}`:                   {{"/strict", "x-literal"}},
		`{"strict":1.5}`:                     {{"/strict", "type"}},
		`{"strict":1e-1}`:                    {{"/strict", "type"}},
		`{"maybe":true}`:                     nil,
		`{"maybe":"1.0"}`:                    nil,
		`{"maybe":null}`:                     nil,
		`{"list":[1,2.0,3e0,"x"],"lax":1e0}`: {{"/list/1", "x-literal"}, {"/list/2", "x-literal"}, {"/list/3", "type"}},
	} {
		_, err := v.Validate([]byte(raw))
		assert.Equal(t, want, violations(t, err), raw)
	}
}

// What needs no change is passed on as the very bytes that came in: whatever spacing, unknown fields and number
// literals the producer chose.
func TestValidator_UnchangedIsTheSameSlice(t *testing.T) {
	v := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		raw := []byte(genPayload(t))
		payload, err := v.Validate(raw)
		if err != nil {
			t.Fatalf("payload %s: %v", raw, err)
		}
		if len(payload) != len(raw) || &payload[0] != &raw[0] {
			t.Fatalf("payload %s became %s", raw, payload)
		}
	})
}

// genPayload draws a valid payload that has all its tags, once each, in any spelling.
func genPayload(t *rapid.T) string {
	space := func() string { return rapid.StringMatching(`[ \t\r\n]{0,2}`).Draw(t, "space") }
	spaced := func(s string) string { return space() + s + space() }
	build := func(fields [][2]string) string {
		var all [][2]string
		for _, f := range rapid.Permutation(fields).Draw(t, "order") {
			all = append(all, [2]string{spaced(f[0][:len(f[0])-1]) + ":", spaced(f[1])})
		}
		return object(all)
	}
	free := rapid.SampledFrom([]string{`null`, `{}`, `{"x":1.50}`, `{"a":[1e2,{"b":"\u0041"}],"":0.0}`}).Draw(t, "free")
	who := build([][2]string{
		{`"external_id":`, rapid.SampledFrom([]string{`"x"`, `"\u00e9"`, `"😀"`}).Draw(t, "id")},
		{`"channel":`, rapid.SampledFrom([]string{`"chat"`, `"\u0077eb"`}).Draw(t, "channel")},
		{`"timestamp":`, `"2026-01-31T12:00:00+01:00"`}, {`"metadata":`, free}, {`"zz":`, `[1,1]`},
	})
	tags := rapid.SampledFrom([]string{`[]`, `[ "a" , "A" ]`, `["a","b","c"]`}).Draw(t, "tags")
	return spaced(build([][2]string{
		{`"contact":`, who}, {`"priority":`, rapid.SampledFrom([]string{"1", "5"}).Draw(t, "priority")},
		{`"tags":`, tags}, {`"callback_url":`, `"http:\/\/x"`}, {`"more":`, free},
	}))
}
