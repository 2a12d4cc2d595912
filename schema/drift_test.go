package schema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drift writes differences a line each: who refuses, the field, what differs, and what each side says.
func drift(t *testing.T, local, contract string, m Mapping) string {
	t.Helper()
	v, err := Compile([]byte(local), Options{})
	require.NoError(t, err)
	c, err := ReadContract([]byte(contract))
	require.NoError(t, err)
	var b strings.Builder
	for _, d := range v.Drift(c, m) {
		fmt.Fprintf(&b, "%s refuses %s %s: %s | %s\n", d.RefusedBy, d.Field, d.Kind, d.Schema, d.Contract)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// one makes the schema of an object with the property p, which is required.
func one(p string) string {
	return `{"type":"object","properties":{"p":` + p + `},"required":["p"],"additionalProperties":false}`
}

func TestDrift_KindByKind(t *testing.T) {
	for name, row := range map[string]struct{ local, contract, want string }{
		"equal":            {one(`{"type":"string","maxLength":5}`), one(`{"type":"string","maxLength":5}`), ""},
		"a type":           {one(`{"type":"string"}`), one(`{"type":"integer"}`), "contract refuses p type: string | integer\nschema refuses p type: string | integer"},
		"a wider type":     {one(`{"type":["string","null"]}`), one(`{"type":"string"}`), "contract refuses p type: string or null | string"},
		"number, integer":  {one(`{"type":"number"}`), one(`{"type":"integer"}`), "contract refuses p type: number | integer"},
		"integer, number":  {one(`{"type":"integer"}`), one(`{"type":"number"}`), "schema refuses p type: integer | number"},
		"enum, a value":    {one(`{"enum":["a","b"]}`), one(`{"type":"string","enum":["a","c"]}`), `contract refuses p enum: may be "b" | "a", "c"` + "\n" + `schema refuses p enum: "a", "b" | may be "c"`},
		"enum, none here":  {one(`{"type":"string"}`), one(`{"type":"string","enum":["a"]}`), `contract refuses p enum: string | "a"`},
		"enum, none there": {one(`{"type":"string","enum":["a","bbb"]}`), one(`{"type":"string","maxLength":2}`), `schema refuses p enum: "a", "bbb" | string, at most 2 characters` + "\n" + `contract refuses p enum: may be "bbb" | string, at most 2 characters`},
		"enum, numbers":    {one(`{"enum":[1,2.0]}`), one(`{"enum":[1.0,2]}`), ""},
		"enum, a type":     {one(`{"enum":["a",1]}`), one(`{"type":"string"}`), "contract refuses p type: string or integer | string\nschema refuses p enum: \"a\", 1 | string"},
		"const":            {`{"$schema":"http://json-schema.org/draft-07/schema#",` + one(`{"const":3}`)[1:], one(`{"type":"integer","maximum":2}`), "schema refuses p enum: 3 | integer, up to 2\ncontract refuses p enum: may be 3 | integer, up to 2"},
		"a maximum":        {one(`{"type":"integer","maximum":5}`), one(`{"type":"integer","maximum":3}`), "contract refuses p maximum: at most 5 | at most 3"},
		"no maximum":       {one(`{"type":"integer"}`), one(`{"type":"integer","maximum":3}`), "contract refuses p maximum: any number | at most 3"},
		"a minimum":        {one(`{"type":"number","minimum":1.5}`), one(`{"type":"number","minimum":1}`), "schema refuses p minimum: at least 1.5 | at least 1"},
		"draft-04's less":  {one(`{"type":"number","exclusiveMaximum":1}`), one(`{"type":"number","maximum":1,"exclusiveMaximum":true}`), ""},
		"less, at most":    {one(`{"type":"number","maximum":1}`), one(`{"type":"number","maximum":1,"exclusiveMaximum":true}`), "contract refuses p maximum: at most 1 | less than 1"},
		"a multiple":       {one(`{"type":"integer"}`), one(`{"type":"integer","multipleOf":5}`), "contract refuses p multipleOf: none | 5"},
		"a length":         {one(`{"type":"string","minLength":1,"maxLength":255}`), one(`{"type":"string","maxLength":100}`), "schema refuses p minLength: at least 1 character | any number of characters\ncontract refuses p maxLength: at most 255 characters | at most 100 characters"},
		"a pattern":        {one(`{"type":"string","pattern":"^a"}`), one(`{"type":"string","pattern":"^b"}`), "contract refuses p pattern: ^a | ^b\nschema refuses p pattern: ^a | ^b"},
		"a format":         {one(`{"type":"string"}`), one(`{"type":"string","format":"date-time"}`), "contract refuses p format: none | date-time"},
		"items":            {one(`{"type":"array","items":{"type":"string"},"maxItems":10}`), one(`{"type":"array","items":{"type":"integer"},"maxItems":2,"uniqueItems":true}`), "contract refuses p maxItems: at most 10 items | at most 2 items\ncontract refuses p uniqueItems: duplicates allowed | no duplicates\ncontract refuses p/* type: string | integer\nschema refuses p/* type: string | integer"},
		"required there":   {`{"type":"object","properties":{"p":{"type":"string"}},"additionalProperties":false}`, one(`{"type":"string"}`), "contract refuses p required: optional | required"},
		"required here":    {one(`{"type":"string"}`), `{"type":"object","properties":{"p":{"type":"string"}},"additionalProperties":false}`, "schema refuses p required: required | optional"},
		"by default there": {`{"type":"object","properties":{"p":{"type":"string","default":"x"}},"additionalProperties":false}`, one(`{"type":"string"}`), ""},
		"missing":          {`{"type":"object","additionalProperties":false}`, one(`{"type":"string"}`), "contract refuses p missing: not a field | string, required"},
		"missing, open":    {`{"type":"object"}`, `{"type":"object","properties":{"p":{"type":"string"}},"required":["p"]}`, "contract refuses p missing: not named, may be absent | string, required"},
		"missing, chosen":  {`{"type":"object"}`, `{"type":"object","properties":{"p":{"type":"string"}}}`, "contract refuses p missing: not named; where sent, anything | string"},
		"missing, limited": {`{"type":"object","additionalProperties":{"type":"string","maxLength":10}}`, `{"properties":{"p":{"type":"string","maxLength":2}},"additionalProperties":{"type":"string","maxLength":10}}`,
			"contract refuses p missing: not named; where sent, string, at most 10 characters | string, at most 2 characters"},
		"missing, of items": {`{"type":"object","additionalProperties":{"type":"array","items":{"type":"integer"}}}`, `{"properties":{"p":{"type":"array","items":{"type":"string"}}},"additionalProperties":{"type":"array","items":{"type":"integer"}}}`,
			"contract refuses p missing: not named; where sent, array | array"},
		"missing, taken": {`{"type":"object","additionalProperties":{"type":"string","maxLength":2}}`, `{"properties":{"p":{"type":"string","maxLength":2}},"additionalProperties":{"type":"string","maxLength":2}}`, ""},
		"not taken":      {one(`{"type":"string"}`), `{"type":"object","additionalProperties":false}`, "contract refuses p additionalProperties: string | takes no such property"},
		"not named":      {one(`{"type":"string"}`), `{}`, "neither refuses p unknown: string | not named\nschema refuses * additionalProperties: accepts no other fields | takes other properties"},
		"others":         {`{"type":"object"}`, `{"additionalProperties":false}`, "contract refuses * additionalProperties: passes other fields on | takes no other properties"},
		"others, of a type": {`{"type":"object","additionalProperties":{"type":"string"}}`, `{"additionalProperties":{"type":"integer"}}`,
			"contract refuses * type: string | integer\nschema refuses * type: string | integer"},
		"alternatives": {one(`{"anyOf":[{"type":"string"}]}`), one(`{}`), "neither refuses p not compared: anyOf | none"},
		"by allOf and ref": {`{"definitions":{"s":{"type":"string"}},"allOf":[` + one(`{"$ref":"#/definitions/s"}`) + `],"type":"object"}`,
			`{"definitions":{"s":{"type":"string","maxLength":2}},"properties":{"p":{"allOf":[{"$ref":"#/definitions/s"}]}},"required":["p"],"additionalProperties":false}`,
			"contract refuses p maxLength: any number of characters | at most 2 characters"},
		"nested": {one(`{"type":"object","properties":{"q":{"type":"string"}}}`), one(`{"type":"object","properties":{"q":{"type":"null"}}}`),
			"contract refuses p/q type: string | null\nschema refuses p/q type: string | null"},
		"payloads that are no objects": {`{}`, `{}`, "contract refuses  type: anything | object"},
		"nothing at all":               {one(`{"type":"string","minLength":1}`), one(`false`), "contract refuses p type: string | nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			if row.contract == one(`false`) {
				row.contract = `{"$schema":"http://json-schema.org/draft-07/schema#",` + row.contract[1:]
			}
			require.Equal(t, row.want, drift(t, row.local, row.contract, Mapping{}))
		})
	}
}

const flatContract = `{"type":"object",
	"required":["contact_external_id","contact_channel","contact_timestamp","priority","callback_url"],
	"properties":{
		"contact_external_id":{"type":"string","minLength":1,"maxLength":255},
		"contact_channel":{"type":"string","enum":["chat","voice","email","web"]},
		"contact_timestamp":{"type":"string","format":"date-time"},
		"contact_metadata":{"type":["string","null"]},
		"priority":{"type":"integer","minimum":1,"maximum":5},
		"tags":{"type":"string"},
		"callback_url":{"type":"string","pattern":"^https?://"}},
	"additionalProperties":true}`

func TestDrift_ThroughAMapping(t *testing.T) {
	local := string(Default())
	require.Empty(t, drift(t, local, flatContract, Mapping{Flat: true}), "the default payload, flattened")
	require.Contains(t, drift(t, local, flatContract, Mapping{}), "contract refuses contact_external_id missing: not named, may be absent | string, 1 to 255 characters, required")

	sources := map[string]Source{
		"contact_external_id": {Pointer: "/contact/external_id"}, "contact_channel": {Pointer: "/contact/channel"},
		"contact_timestamp": {Pointer: "/contact/timestamp"}, "contact_metadata": {Pointer: "/contact/metadata"},
		"priority": {Pointer: "/priority"}, "callback_url": {Pointer: "/callback_url"},
	}
	require.Equal(t, "neither refuses tags missing: never sent | string", drift(t, local, flatContract, Mapping{Sources: sources}))
	sources["tags"] = Source{Pointer: "/tags"}
	require.Empty(t, drift(t, local, flatContract, Mapping{Sources: sources}))
	sources["message_id"] = Source{Always: true}
	sources["contact_channel"] = Source{}
	sources["priority"] = Source{Pointer: "/contact/metadata/priority"}
	require.Equal(t, strings.Join([]string{
		"contract refuses contact_channel required: optional | required",
		`contract refuses contact_channel enum: string | "chat", "voice", "email", "web"`,
		"neither refuses message_id unknown: string | not named",
		"contract refuses priority required: optional | required",
		"contract refuses priority type: any scalar | integer",
		"contract refuses priority minimum: any number | at least 1",
		"contract refuses priority maximum: any number | at most 5",
	}, "\n"), drift(t, local, flatContract, Mapping{Sources: sources}))
}

func TestDrift_Flat(t *testing.T) {
	closed := func(properties, required string) string {
		return `{"type":"object","properties":{` + properties + `},"required":[` + required + `],"additionalProperties":false}`
	}
	nested := closed(`"a":`+closed(`"b":{"type":"integer"},"c":{"type":"array","maxItems":2}`, `"b"`)+`,"m":{"type":["object","string"],"maxLength":3}`, `"a","m"`)
	got := drift(t, nested, closed(`"a_b":{"type":"integer"},"a_c":{"type":"string"},"m":{"type":"string","maxLength":3},"m_x":{}`, `"a_b","m"`), Mapping{Flat: true})
	require.Equal(t, strings.Join([]string{
		"contract refuses m required: optional | required", // an object that is not empty becomes other properties
		"contract refuses m maxLength: any number of characters | at most 3 characters",
		"contract refuses * additionalProperties: passes other fields on | takes no other properties",
	}, "\n"), got)
	endless := `{"type":"object","properties":{"next":{"$ref":"#"},"v":{"type":"string"}},"additionalProperties":false}`
	require.Contains(t, drift(t, endless, `{"properties":{"next_v":{"type":"integer"}}}`, Mapping{Flat: true}), "contract refuses next_v missing")
}

func TestPointer_TellsWhatCannotBeThere(t *testing.T) {
	v, err := Compile([]byte(`{"type":"object","properties":{
		"contact":{"type":"object","properties":{"external_id":{"type":"string"}},"additionalProperties":false},
		"tags":{"type":"array","maxItems":2,"items":{"type":"string"}},"free":{}}}`), Options{})
	require.NoError(t, err)
	for pointer, want := range map[string]struct {
		named  bool
		astray string
	}{
		"/contact/external_id":   {true, ""},
		"/tags/1":                {true, ""},
		"/free":                  {true, ""},
		"/free/x":                {false, ""},
		"/other":                 {false, ""},
		"/contact/extenal_id":    {false, `the schema has no /contact/extenal_id, and accepts no field that it does not name; did you mean "external_id"?`},
		"/contact/x":             {false, `the schema has no /contact/x, and accepts no field that it does not name; it names external_id`},
		"/contact/external_id/x": {false, `the schema has no /contact/external_id/x: "x" would be inside a value that is string`},
		"/tags/2":                {false, `the schema has no /tags/2: "2" is not a position in an array that it allows`},
		"/tags/x":                {false, `the schema has no /tags/x: "x" is not a position in an array that it allows`},
	} {
		named, astray := v.Pointer(pointer)
		require.Equal(t, want.astray, astray, pointer)
		if astray == "" {
			require.Equal(t, want.named, named, pointer)
		}
	}
}

func TestContract_BecomesASchema(t *testing.T) {
	c, err := ReadContract([]byte(`{"title":"T","type":"object","widget":1,"properties":{"n":{"type":"number","minimum":1,"exclusiveMinimum":true},"s":{"type":"string","format":"guid","errorMessage":"no"},"format":{"type":"string"}},"required":["n"]}`))
	require.NoError(t, err)
	require.Equal(t, []Field{{"/format", "format", "string", false}, {"/n", "n", "number, from 1", true}, {"/s", "s", "string, guid", false}}, c.Properties())
	source, notes, err := c.Schema()
	require.NoError(t, err)
	require.Equal(t, []string{"/properties/s/errorMessage", "/properties/s/format", "/widget"}, notes)
	require.True(t, strings.HasPrefix(string(source), "{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \"title\": \"T\",\n"), "%s", source)
	require.Contains(t, string(source), `"x-format": "guid"`)
	v, err := Compile(source, Options{})
	require.NoError(t, err)
	require.Empty(t, onlyRefused(v.Drift(c, Mapping{})), "a contract agrees with the schema made of it, but for its unknown format")

	empty, err := ReadContract([]byte(`{}`))
	require.NoError(t, err)
	source, _, err = empty.Schema()
	require.NoError(t, err)
	require.Equal(t, "{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\"\n}\n", string(source))
	for _, wrong := range []string{``, `[]`, `true`, `{"type":"string"}`, `{"a":1,"a":2}`} {
		_, err := ReadContract([]byte(wrong))
		require.Error(t, err, wrong)
	}
	for _, beyond := range []string{`{"$ref":"#"}`, `{"properties":{"a":{"$ref":"http://x/y"}}}`, `{"$schema":"https://json-schema.org/draft/2020-12/schema"}`, `{"properties":{"a":{"type":"strnig"}}}`, `{"properties":3}`} {
		c, err := ReadContract([]byte(beyond))
		require.NoError(t, err, beyond)
		_, _, err = c.Schema()
		require.Error(t, err, beyond)
		require.NotPanics(t, func() { v.Drift(c, Mapping{Flat: true}) })
	}
}

func onlyRefused(all []Difference) (refused []Difference) {
	for _, d := range all {
		if d.RefusedBy != RefusedByNeither && d.Kind != "format" {
			refused = append(refused, d)
		}
	}
	return refused
}

// TestDrift_NoneMeansThatTheContractAccepts holds what an operator relies on: where no difference is said to be
// refused by the contract, the contract accepts every payload that the schema does.
func TestDrift_NoneMeansThatTheContractAccepts(t *testing.T) {
	agreed := 0
	rapid.Check(t, func(t *rapid.T) {
		facets := rapid.SampledFrom([]string{
			`{"type":"string"}`, `{"type":"integer","minimum":2}`, `{"type":"integer","minimum":1,"maximum":3}`, `{"type":"number"}`,
			`{"type":["string","null"]}`, `{"enum":["a","bb",3]}`, `{"enum":["a"]}`, `{"type":"string","maxLength":1}`, `{"type":"string","minLength":2}`,
			`{"type":"string","pattern":"^a"}`, `{}`, `{"type":"boolean"}`, `{"multipleOf":2}`,
		})
		schema := func(label string) string {
			required := rapid.SampledFrom([]string{``, `,"required":["p"]`, `,"required":["p","q"]`}).Draw(t, label+" required")
			closed := rapid.SampledFrom([]string{``, `,"additionalProperties":false`, `,"additionalProperties":{"type":"string"}`, `,"additionalProperties":` + facets.Draw(t, label+" others are")}).Draw(t, label+" others")
			q := ``
			if rapid.Bool().Draw(t, label+" has q") {
				q = `,"q":` + facets.Draw(t, label+" q")
			}
			return `{"type":"object","properties":{"p":` + facets.Draw(t, label+" p") + q + `}` + required + closed + `}`
		}
		local, contract := schema("schema"), schema("contract")
		if rapid.Bool().Draw(t, "they are the same") {
			contract = local // else hardly any pair would agree
		}
		v, err := Compile([]byte(local), Options{})
		require.NoError(t, err)
		c, err := ReadContract([]byte(contract))
		require.NoError(t, err)
		there, err := Compile([]byte(contract), Options{})
		require.NoError(t, err)
		refusedBy, unnamed := map[Refuser]bool{}, false
		for _, d := range v.Drift(c, Mapping{}) {
			refusedBy[d.RefusedBy] = true
			// A field that one of the two does not name is told once, whichever side refuses what.
			unnamed = unnamed || d.Kind == DriftUnknown || d.Kind == DriftMissing || d.Kind == "additionalProperties"
		}
		values := []string{`"a"`, `"bb"`, `""`, `"ba"`, `1`, `2`, `3`, `4.5`, `-1`, `null`, `true`, ``}
		try := func(p, q, r string) {
			payload := []byte(members("p", p, "q", q, "r", r))
			_, here := v.Validate(payload)
			_, other := there.Validate(payload)
			if here == nil && other != nil {
				require.True(t, refusedBy[RefusedByContract], "%s\n%s\n%s", local, contract, payload)
			}
			if here != nil && other == nil {
				require.True(t, refusedBy[RefusedBySchema] || unnamed, "%s\n%s\n%s", local, contract, payload)
			}
		}
		for _, value := range values {
			for _, other := range []string{``, `"a"`, `2`} {
				try(value, other, ``)
				try(other, value, ``)
			}
			try(value, ``, `1`)
			try(value, ``, `"x"`)
		}
		if !refusedBy[RefusedByContract] {
			agreed++
		}
	})
	require.Positive(t, agreed, "no pair agreed: the test shows nothing")
}

// members writes an object of the members whose values are not empty.
func members(pairs ...string) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			parts = append(parts, fmt.Sprintf("%q:%s", pairs[i], pairs[i+1]))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// FuzzContract feeds comparisons any bytes for a contract: a contract is whatever an API sends. They end, and what
// becomes a schema is one.
func FuzzContract(f *testing.F) {
	for _, seed := range []string{
		flatContract, `{"$ref":"#"}`, `{"allOf":[{"$ref":"#"}],"properties":{"a":{"$ref":"#"}}}`, `{"properties":{"a":{"items":{"$ref":"#/properties/a"}}}}`,
		`{"id":"x","definitions":{"b":{"id":"#b","enum":[1]}},"properties":{"a":{"$ref":"#b"}}}`, `{"additionalProperties":{"$ref":"#"},"required":true}`,
		`{"$schema":"http://json-schema.org/draft-07/schema#","const":{},"if":true,"format":1,"type":["x"],"enum":[],"widget":{"format":2}}`,
		`{"properties":{"p":{"minimum":1e308,"maximum":-1e308,"multipleOf":0,"pattern":"("}}}`,
	} {
		f.Add([]byte(seed))
	}
	local, err := Compile(Default(), Options{})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, source []byte) {
		c, err := ReadContract(source)
		if err != nil {
			return
		}
		for _, m := range []Mapping{{}, {Flat: true}, {Sources: map[string]Source{"a": {Pointer: "/contact/x"}, "b": {Always: true}}}} {
			local.Drift(c, m)
		}
		c.Properties()
		if schema, _, err := c.Schema(); err == nil {
			v, err := Compile(schema, Options{})
			require.NoError(t, err)
			v.Drift(c, Mapping{Flat: true})
			v.Fields()
			v.Pointer("/a/b/0/c")
		}
	})
}

// TestDrift_EndsOnSchemasWithoutEnd compares schemas whose parts all refer to each other: there are more ways
// through them than anybody can go.
func TestDrift_EndsOnSchemasWithoutEnd(t *testing.T) {
	const n = 40
	var definitions []string
	for i := range n {
		var properties []string
		for j := range n {
			properties = append(properties, fmt.Sprintf(`"p%d":{"$ref":"#/definitions/d%d"}`, j, j))
		}
		definitions = append(definitions, fmt.Sprintf(`"d%d":{"type":"object","required":["p0"],"properties":{%s},"maxProperties":%d}`, i, strings.Join(properties, ","), i+1))
	}
	tangled := `{"definitions":{` + strings.Join(definitions, ",") + `},"type":"object","properties":{"p":{"$ref":"#/definitions/d0"}}}`
	v, err := Compile([]byte(tangled), Options{})
	require.NoError(t, err)
	c, err := ReadContract([]byte(strings.ReplaceAll(tangled, `"maxProperties"`, `"minProperties"`)))
	require.NoError(t, err)
	require.NotEmpty(t, v.Drift(c, Mapping{}))
	require.NotEmpty(t, v.Drift(c, Mapping{Flat: true}))
	require.Empty(t, v.Fields(), "all of them are objects")
}
