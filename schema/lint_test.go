package schema_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/schema"
)

// TestCompile_Refuses has a row for each kind of problem, with the place where it is shown.
func TestCompile_Refuses(t *testing.T) {
	for _, row := range []struct {
		name, source string
		want         []string // one a problem, each the whole line
	}{
		{"no JSON", "{\n  \"type\": object\n}", []string{`2:11: /type: is not JSON: expected a value`}},
		{"nothing", "", []string{`1:1: schema: is empty: a schema is an object, such as {"type": "object"}`}},
		{"a key twice", `{"type": "object", "type": "array"}`, []string{`1:20: /type: is there twice in its object`}},
		{"a list", `[]`, []string{`1:1: schema: must be an object or a boolean`}},
		{"draft 2020-12", `{"$schema": "https://json-schema.org/draft/2020-12/schema"}`, []string{
			`1:2: /$schema: unknown draft "https://json-schema.org/draft/2020-12/schema": sluice reads draft-04, -06 and -07, as in "http://json-schema.org/draft-07/schema#"`}},
		{"$schema inside", `{"items": {"$schema": "http://json-schema.org/draft-07/schema#"}}`, []string{
			`1:12: /items/$schema: counts only at the top of a file`}},
		{"mistyped keyword", "{\n  \"properties\": {\n    \"é\": {\"maxLenght\": 3}\n  }\n}", []string{
			`3:11: /properties/é/maxLenght: unknown keyword "maxLenght": did you mean "maxLength"? (a note of your own begins with x-)`}},
		{"keyword of a later draft", `{"unevaluatedProperties": false}`, []string{
			`1:2: /unevaluatedProperties: unknown keyword "unevaluatedProperties": it would not be enforced; a note of your own begins with x-`}},
		{"const in draft-04", `{"$schema": "http://json-schema.org/draft-04/schema#", "const": 1}`, []string{
			`1:56: /const: draft-04 has no keyword "const"`}},
		{"if in draft-06", `{"$schema": "http://json-schema.org/draft-06/schema", "if": {}}`, []string{
			`1:55: /if: draft-06 has no keyword "if"`}},
		{"id in draft-07", `{"id": "x"}`, []string{`1:2: /id: draft-07 has no keyword "id"`}},
		{"mistyped format", `{"format": "datetime"}`, []string{`1:2: /format: unknown format "datetime": did you mean "date-time"?`}},
		{"format that cannot be checked", `{"format": "idn-hostname"}`, []string{`1:2: /format: unknown format "idn-hostname": it would not be checked; sluice knows date, date-time, email, hostname, idn-email, ipv4, ipv6, iri, iri-reference, json-pointer, regex, relative-json-pointer, time, uri, uri-reference, uri-template, uuid`}},
		{"type that is none", `{"type": "str"}`, []string{`1:2: /type: must be one of array, boolean, integer, null, number, object, string`}},
		{"length that is text", `{"minLength": "3"}`, []string{`1:2: /minLength: must be an integer`}},
		{"properties as list", `{"properties": []}`, []string{`1:2: /properties: must be an object`}},
		{"pattern with look-ahead", `{"pattern": "^(?!x)"}`, []string{
			`1:2: /pattern: is not a regular expression that sluice can run (RE2 syntax: no look-around, no back-references)`}},
		{"limits that cross", `{"items": {"minItems": 3, "maxItems": 2}}`, []string{`1:27: /items/maxItems: is less than "minItems": no value can have both`}},
		{"then alone", `{"then": {}}`, []string{`1:2: /then: has no effect without "if"`}},
		{"additionalItems alone", `{"items": {}, "additionalItems": false}`, []string{
			`1:15: /additionalItems: has no effect without "items" as a list of schemas`}},

		{"remote $ref", `{"$ref": "https://example.com/a.json"}`, []string{
			`1:2: /$ref: is remote: sluice fetches nothing; put a copy beside the schema and name the file`}},
		{"remote $ref by $id", `{"$id": "https://example.com/a.json", "items": {"$ref": "//example.org/b"}}`, []string{
			`1:49: /items/$ref: is remote: sluice fetches nothing; put a copy beside the schema and name the file`}},
		{"file URL", `{"$ref": "file:///etc/passwd"}`, []string{
			`1:2: /$ref: is remote: sluice fetches nothing; put a copy beside the schema and name the file`}},
		{"file without a folder", `{"$ref": "b.json"}`, []string{`1:2: /$ref: names a file, but this schema was not loaded from a folder`}},
		{"$ref to nothing", `{"$ref": "#/definitions/a"}`, []string{`1:2: /$ref: points to nothing: there is no "definitions"`}},
		{"$ref to no schema", `{"$ref": "#/required", "definitions": {}, "title": "x"}`, []string{`1:2: /$ref: points to nothing: there is no "required"`}},
		{"$ref to a name", `{"items": {"$ref": "#a"}}`, []string{`1:12: /items/$ref: names a schema that is not there: no $id is "#a"`}},
		{"$ref to a string", `{"items": {"$ref": "#/title"}, "title": "x"}`, []string{`1:12: /items/$ref: points to something that is not a schema`}},
		{"$ref that is no text", `{"$ref": 1}`, []string{`1:2: /$ref: must be a string`}},
		{"keyword beside $ref", `{"items": {"$ref": "#", "minItems": 1, "title": "ok"}}`, []string{
			`1:25: /items/minItems: is ignored beside $ref: put the $ref into allOf and "minItems" beside it`}},
		{"default beside $ref", `{"properties": {"a": {"$ref": "#", "default": 1}}}`, []string{
			`1:36: /properties/a/default: is ignored beside $ref: put the $ref into allOf and "default" beside it`}},
		{"same $id twice", `{"items": {"$id": "#a"}, "definitions": {"b": {"$id": "#a"}}}`, []string{
			`1:12: /items/$id: two schemas have the $id "#a"`}},

		{"loop to itself", `{"$ref": "#"}`, []string{`1:2: /$ref: leads back to itself without going into the payload: a $ref loop that never ends; take one $ref out of it`}},
		{"loop through allOf", `{"allOf": [{"$ref": "#"}]}`, []string{
			`1:13: /allOf/0/$ref: leads back to itself without going into the payload: a $ref loop that never ends; take one $ref out of it`}},
		{"loop of two", `{"definitions": {"a": {"anyOf": [{"$ref": "#/definitions/b"}]}, "b": {"not": {"$ref": "#/definitions/a"}}}}`, []string{
			`1:79: /definitions/b/not/$ref: leads back to itself without going into the payload: a $ref loop that never ends; take one $ref out of it`}},
		{"loop through dependencies", `{"dependencies": {"a": {"$ref": "#"}}}`, []string{
			`1:25: /dependencies/a/$ref: leads back to itself without going into the payload: a $ref loop that never ends; take one $ref out of it`}},

		{"x-unique that is no boolean", `{"type": "array", "x-unique": 1}`, []string{`1:19: /x-unique: must be true or false`}},
		{"x-unique without type", `{"x-unique": true}`, []string{`1:2: /x-unique: is for "type": "array", which must stand beside it`}},
		{"x-literal on a number", `{"type": "number", "x-literal": true}`, []string{`1:20: /x-literal: is for "type": "integer", which must stand beside it`}},
		{"x-unique in an alternative", `{"oneOf": [{"type": "array", "x-unique": true}]}`, []string{
			`1:30: /oneOf/0/x-unique: has no effect here: sluice follows it through properties, items, allOf and $ref only`}},
		{"x-literal in a tuple", `{"items": [{"type": "integer", "x-literal": true}]}`, []string{
			`1:32: /items/0/x-literal: has no effect here: sluice follows it through properties, items, allOf and $ref only`}},
		{"default that is invalid", `{"properties": {"a": {"type": "array", "default": {}}}}`, []string{
			`1:40: /properties/a/default: breaks the schema that it is the default of: it must be an array`}},

		{"all at once", "{\n\"formt\": 1,\n\"items\": {\"$ref\": \"#/x\"},\n\"type\": 5\n}", []string{
			`2:1: /formt: unknown keyword "formt": did you mean "format"? (a note of your own begins with x-)`,
			`3:11: /items/$ref: points to nothing: there is no "x"`,
			`4:1: /type: must be one of array, boolean, integer, null, number, object, string`,
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := schema.Compile([]byte(row.source), schema.Options{})
			var e *schema.LintError
			require.ErrorAs(t, err, &e)
			var got []string
			for _, p := range e.Problems {
				got = append(got, p.String())
				assert.Contains(t, e.Error(), p.String())
			}
			assert.Equal(t, row.want, got)
		})
	}
}

// TestCompile_Accepts has schemas that must not be refused, with one payload that they take and one they do not.
func TestCompile_Accepts(t *testing.T) {
	for _, row := range []struct{ name, source, good, bad string }{
		{"true", `true`, `1`, ``},
		{"false", `false`, ``, `1`},
		{"no $schema is draft-07", `{"if": {"type": "string"}, "then": {"minLength": 2}}`, `1`, `"x"`},
		{"draft-04", `{"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://a/b", "maximum": 3, "exclusiveMaximum": true}`, `2`, `3`},
		{"draft-06", `{"$schema": "http://json-schema.org/draft-06/schema", "const": 1, "examples": [2]}`, `1`, `2`},
		{"annotations and notes", `{"title": "t", "description": "d", "$comment": "c", "readOnly": true, "x-owner": {"team": 1}, "type": "null"}`, `null`, `1`},
		{"$ref into definitions", `{"items": {"$ref": "#/definitions/a~1b%25"}, "definitions": {"a/b%": {"type": "null"}}}`, `[null]`, `[1]`},
		{"$ref into properties", `{"properties": {"a": {"type": "null"}, "b": {"$ref": "#/properties/a"}}}`, `{"b":null}`, `{"b":1}`},
		{"$ref into a note", `{"items": {"$ref": "#/x-types/n"}, "x-types": {"n": {"type": "null"}}}`, `[null]`, `[1]`},
		{"$ref to a name", `{"items": {"$ref": "#n"}, "definitions": {"a": {"$id": "#n", "type": "null"}}}`, `[null]`, `[1]`},
		{"$ref to the own $id", `{"$id": "https://example.com/s.json", "items": {"$ref": "https://example.com/s.json#/definitions/a"}, "definitions": {"a": {"type": "null"}}}`, `[null]`, `[1]`},
		{"$ref to an $id inside", `{"$id": "https://example.com/s.json", "items": {"$ref": "t.json#/definitions/x"}, "definitions": {"a": {"$id": "t.json", "definitions": {"x": {"type": "null"}}}}}`, `[null]`, `[1]`},
		{"recursion into the payload", `{"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": false}`, `{"next":{"next":{}}}`, `{"next":{"nxt":{}}}`},
		{"a property named like a keyword", `{"properties": {"$ref": {"type": "null"}, "formt": {}, "$id": {}}}`, `{"$ref":null}`, `{"$ref":1}`},
		{"values that look like schemas", `{"enum": [{"$ref": "https://example.com"}, {"formt": 1}]}`, `{"formt":1}`, `{"formt":2}`},
		{"names in dependencies", `{"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}`, `{"a":1,"b":1}`, `{"c":1}`},
		{"tuple", `{"items": [{"type": "null"}, {"type": "string"}], "additionalItems": false}`, `[null,"x"]`, `[null,"x",1]`},
		{"formats count for strings only", `{"format": "date"}`, `17`, `"17"`},
		{"x-unique in a definition nobody uses", `{"definitions": {"a": {"oneOf": [{"type": "array", "x-unique": true}]}}}`, `1`, ``},
		{"many definitions", `{"allOf": [{"$ref": "#/definitions/a"}, {"$ref": "#/definitions/b"}], "definitions": {"a": {"required": ["x"]}, "b": {"required": ["y"]}}}`, `{"x":1,"y":2}`, `{"x":1}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := compile(t, row.source)
			if row.good != "" {
				_, err := v.Validate([]byte(row.good))
				assert.NoError(t, err)
			}
			if row.bad != "" {
				_, err := v.Validate([]byte(row.bad))
				assert.Error(t, err)
			}
		})
	}
}

func TestLoad_FilesBeside(t *testing.T) {
	dir := folder(t, map[string]string{
		"s/main.json":     `{"items": {"$ref": "sub/a.json#/definitions/x"}}`,
		"s/sub/a.json":    `{"definitions": {"x": {"$ref": "../b.json"}}}`,
		"s/b.json":        `{"type": "null"}`,
		"s/up.json":       `{"$ref": "../secret.json"}`,
		"s/abs.json":      `{"$ref": "/etc/passwd"}`,
		"s/link.json":     `{"$ref": "to-secret.json"}`,
		"s/gone.json":     `{"$ref": "none.json"}`,
		"s/bad.json":      "{\"$ref\": \"broken.json\"}",
		"s/broken.json":   "{\n  \"typ\": \"null\"\n}",
		"s/old.json":      `{"$schema": "http://json-schema.org/draft-04/schema#", "items": {"$ref": "new.json"}}`,
		"s/new.json":      `{"$schema": "http://json-schema.org/draft-07/schema#"}`,
		"s/loop.json":     `{"$ref": "pool.json"}`,
		"s/pool.json":     `{"allOf": [{"$ref": "loop.json"}]}`,
		"s/defaults.json": `{"properties": {"t": {"$ref": "sub/d.json"}}}`,
		"s/sub/d.json":    `{"type": "array", "default": [ 1.0 ]}`,
		"secret.json":     `{}`,
	})
	require.NoError(t, os.Symlink("../secret.json", filepath.Join(dir, "s", "to-secret.json")))
	load := func(name string) (*schema.Validator, error) {
		return schema.Load(filepath.Join(dir, "s", name), schema.Options{})
	}

	v, err := load("main.json")
	require.NoError(t, err)
	_, err = v.Validate([]byte(`[null, 1]`))
	assert.Equal(t, []broken{{"/1", "type"}}, violations(t, err))

	v, err = load("defaults.json")
	require.NoError(t, err)
	payload, err := v.Validate([]byte(`{}`))
	require.NoError(t, err)
	assert.Equal(t, `{"t":[1.0]}`, string(payload))

	for name, want := range map[string]string{
		"up.json":   "leads out of the schema's folder",
		"abs.json":  "leads out of the schema's folder",
		"link.json": "cannot be read: ",
		"gone.json": "cannot be read: ",
		"bad.json":  "broken.json:2:3: /typ: unknown keyword \"typ\": did you mean \"type\"?",
		"old.json":  "new.json:1:2: /$schema: draft-07, while the schema that refers to it is draft-04: write both in one draft",
		"loop.json": "a $ref loop that never ends",
	} {
		_, err := load(name)
		var e *schema.LintError
		if assert.ErrorAs(t, err, &e, name) {
			assert.Contains(t, err.Error(), want, name)
		}
	}

	_, err = load("missing.json")
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = schema.Load(filepath.Join(dir, "nowhere", "x.json"), schema.Options{})
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestDefault_IsACopyOfAGoodSchema(t *testing.T) {
	schema.Default()[0] = 'x'
	v := setup(t)
	assert.Equal(t, schema.Default(), v.Source())
}
