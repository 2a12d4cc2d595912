package schema

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// checkProof fails where the prover says more than strict decoding and the library do. It returns what it said.
func checkProof(t interface{ Fatalf(string, ...any) }, v *Validator, raw []byte) proof {
	found := v.claim.prove(raw, v.maxBytes)
	if found == provenNothing {
		return found
	}
	want, err := v.judge(raw)
	if err != nil {
		t.Fatalf("schema %s\npayload %q\nwas proven valid, but %v", v.source, raw, err)
	}
	if found == provenValid && &want[0] != &raw[0] {
		t.Fatalf("schema %s\npayload %q\nwas to be sent as it is, but is changed to %q", v.source, raw, want)
	}
	if got, err := v.Validate(raw); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("schema %s\npayload %q\nbecomes %q (%v), but without the proof %q", v.source, raw, got, err, want)
	}
	return found
}

// What the prover is there for, it has to prove; what it cannot hold, it has to leave to the library.
func TestProve(t *testing.T) {
	const plain = `{"contact":{"external_id":"é","channel":"web","timestamp":"2026-01-31T12:00:00Z"},"priority":1,"tags":["a","b"],"callback_url":"http://x"`
	names := strings.Repeat(`"n":1,`, 3)
	for _, row := range []struct {
		schema, raw string
		want        proof
	}{
		{string(Default()), plain + `}`, provenValid},
		{string(Default()), " " + plain + `, "more" : {"a":[1,{"b":null}]} } `, provenValid},
		{string(Default()), strings.Replace(plain, `"tags"`, `"other"`, 1) + `}`, provenEditable},
		{string(Default()), strings.Replace(plain, `"b"`, `"a"`, 1) + `}`, provenEditable},
		{string(Default()), strings.Replace(plain, `"b"`, `"\u0061"`, 1) + `}`, provenEditable},
		{string(Default()), strings.Replace(plain, `:1`, `:1.0`, 1) + `}`, provenNothing},
		{string(Default()), strings.Replace(plain, `:1`, `:6`, 1) + `}`, provenNothing},
		{string(Default()), plain, provenNothing},
		{string(Default()), plain + `} x`, provenNothing},
		{string(Default()), plain + `,"priority":1}`, provenNothing},
		{string(Default()), plain + `,}`, provenNothing},
		{string(Default()), "\xef\xbb\xbf" + plain + `}`, provenNothing},

		{`true`, `[]`, provenValid},
		{`false`, `[]`, provenNothing},
		{`{"type":"number"}`, `-1.50e+2`, provenValid},
		{`{"type":"integer"}`, `-0`, provenValid},
		{`{"type":"integer"}`, `1e0`, provenNothing},
		{`{"type":["integer","number"],"x-literal":true}`, `3`, provenValid},
		{`{"type":["integer","number"],"x-literal":true}`, `3.0`, provenNothing},
		{`{"minimum":1,"maximum":3}`, `1`, provenValid},
		{`{"minimum":1,"maximum":3}`, `3`, provenValid},
		{`{"minimum":1,"maximum":3}`, `2.5`, provenValid},
		{`{"minimum":1,"maximum":3}`, `3.0`, provenNothing},
		{`{"exclusiveMinimum":1,"exclusiveMaximum":3}`, `2`, provenValid},
		{`{"exclusiveMinimum":1,"exclusiveMaximum":3}`, `3`, provenNothing},
		{`{"maximum":9007199254740992}`, `9007199254740993`, provenNothing},
		{`{"minimum":0.1}`, `0.1`, provenNothing},
		{`{"multipleOf":2}`, `2`, provenNothing},
		{`{"enum":["a",1]}`, `"a"`, provenValid},
		{`{"enum":["a",1]}`, `1`, provenNothing},
		{`{"const":"a"}`, `"\u0061"`, provenValid},
		{`{"uniqueItems":true}`, `["a","b"]`, provenValid},
		{`{"uniqueItems":true}`, `["a","\/"]`, provenNothing},
		{`{"minItems":1,"maxItems":2,"items":{"type":"boolean"}}`, `[true,false]`, provenValid},
		{`{"minItems":1,"maxItems":2}`, `[]`, provenNothing},
		{`{"items":[{}]}`, `[1]`, provenNothing},
		{`{"required":["n"]}`, `{"n":1}`, provenValid},
		{`{"required":["n"]}`, `{` + names[:5] + `,"N":2}`, provenValid},
		{`{"required":["n"]}`, `{` + names + `"m":1}`, provenNothing},
		{`{"properties":{"a":{"$ref":"#"}},"additionalProperties":false}`, `{"a":{"a":{}}}`, provenValid},
		{`{"properties":{"a":{"$ref":"#"}},"additionalProperties":false}`, `{"a":{"b":1}}`, provenNothing},
		{`{"allOf":[{"properties":{"a":{}},"additionalProperties":{"type":"string"}},{"required":["b"]}]}`, `{"a":1,"b":"x"}`, provenValid},
		{`{"allOf":[{"properties":{"a":{}}},{"additionalProperties":{"type":"string"}}]}`, `{"a":1}`, provenNothing},
		{`{"properties":{"a":{"not":{}}}}`, `{"b":1}`, provenValid},
		{`{"properties":{"a":{"not":{}}}}`, `{"a":1}`, provenNothing},
		{`{"additionalProperties":{}}`, `{"` + strings.Repeat("n", maxPath) + `":1}`, provenNothing},
		{`{"$schema":"http://json-schema.org/draft-04/schema#","minimum":1,"exclusiveMinimum":true}`, `2`, provenNothing},
	} {
		v, err := Compile([]byte(row.schema), Options{})
		require.NoError(t, err, row.schema)
		assert.Equal(t, row.want, checkProof(t, v, []byte(row.raw)), "%s\n%s", row.schema, row.raw)
	}
}

// Where no payload can be proven, none is read twice.
func TestProve_NotTriedInVain(t *testing.T) {
	for _, source := range []string{
		`{"anyOf":[{}]}`, `{"type":"object","required":["a"],"properties":{"a":{"if":{}}}}`, `{"multipleOf":2}`,
		`{"allOf":[{"minProperties":1}]}`, `{"type":"object","properties":{},"patternProperties":{"a":{}}}`,
		fmt.Sprintf(`{"type":"object","required":[%s"last"]}`, func() (names string) {
			for i := range 64 {
				names += fmt.Sprintf(`"n%d",`, i)
			}
			return names
		}()),
	} {
		v, err := Compile([]byte(source), Options{})
		require.NoError(t, err)
		assert.Nil(t, v.claim, source)
	}
}

// Schemas and payloads that fit each other, or nearly.
func TestProve_SaysNothingThatTheLibraryDoesNot(t *testing.T) {
	proven := 0
	rapid.Check(t, func(t *rapid.T) {
		if v, raw := genProof(t); v != nil && checkProof(t, v, raw) != provenNothing {
			proven++
		}
	})
	assert.Positive(t, proven)
}

// Any schema: the viewer's generator knows keywords that a claim does not.
func TestProve_AnySchema(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if v, err := Compile([]byte(genSchema(t, 3)), Options{}); err == nil {
			checkProof(t, v, []byte(genValue(t, 4)))
		}
	})
}

// genProof returns a validator and a payload; nil where the schema is refused.
func genProof(t *rapid.T) (*Validator, []byte) {
	source, raw := genFit(t, 4)
	if rapid.IntRange(0, 7).Draw(t, "draft") == 0 {
		source = `{"$schema":"http://json-schema.org/draft-04/schema#","allOf":[` + source + `]}`
	}
	v, err := Compile([]byte(source), Options{})
	if err != nil {
		return nil, nil
	}
	return v, []byte(raw)
}

// genFit returns a schema and a value that was made to meet it, but not always does.
func genFit(t *rapid.T, depth int) (schema, value string) {
	one := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "one") }
	some := func(of ...string) string {
		return strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 3, rapid.ID).Draw(t, "some"), ",")
	}
	kind := rapid.IntRange(0, 8).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	switch kind {
	case 0:
		return one(`{"type":["null","boolean"]}`, `{"enum":[null,true,"a"]}`, `true`, `{}`, `{"$ref":"#"}`), one(`null`, `true`, `false`, `"a"`)
	case 1:
		return "{" + some(`"type":"integer"`, `"type":["number","null"]`, `"type":["number","integer"],"x-literal":true`, `"minimum":1`, `"maximum":3`, `"exclusiveMinimum":0.1`, `"exclusiveMaximum":3`,
				`"minimum":9007199254740992`, `"maximum":-1e2`, `"multipleOf":1`, `"format":"date"`) + "}",
			one(`1`, `2`, `3`, `-0`, `0.1`, `3.0`, `3e0`, `2.9999999999999999999`, `0.10000000000000000001`, `-100`, `9007199254740993`, `9007199254740992`, `1e308`, `1E-308`)
	case 2, 3:
		return "{" + some(`"type":"string"`, `"minLength":1`, `"maxLength":2`, `"pattern":"^a"`, `"enum":["a","é","ab"]`, `"const":"a"`, `"format":"date"`,
				`"format":"uri"`, `"title":"x"`) + "}",
			one(`"a"`, `""`, `"ab"`, `"\u0061"`, `"é"`, `"\ud83d\ude00"`, `"aaa"`, `"2026-01-31"`, `"a:b"`, `"\ud83d"`, "\"a\xff\"")
	case 4, 5:
		inner, item := genFit(t, depth-1)
		_, other := genFit(t, depth-1)
		items := rapid.SliceOfN(rapid.SampledFrom([]string{item, item, item, `"x"`, `"y"`, other}), 0, 4).Draw(t, "items")
		return "{" + some(`"items":`+inner, `"type":"array"`, `"type":"array","x-unique":true`, `"type":["array","null"],"x-unique":true`, `"uniqueItems":true`, `"minItems":1`, `"maxItems":3`) + "}",
			"[" + strings.Join(items, one(",", " ,\n")) + "]"
	default:
		return genFitObject(t, depth, one, some)
	}
}

func genFitObject(t *rapid.T, depth int, one func(...string) string, some func(...string) string) (schema, value string) {
	var properties, members []string
	for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "a", strings.Repeat("long", 60)}), 0, 4).Draw(t, "names") {
		inner, member := genFit(t, depth-1)
		if one("", "default") != "" {
			inner = `{"allOf":[` + inner + `],"default":` + member + `}`
		}
		if one("both", "both", "both", "schema", "payload") != "payload" && !strings.Contains(strings.Join(properties, ""), `"`+name+`"`) {
			properties = append(properties, fmt.Sprintf(`%q:%s`, name, inner))
		}
		if one("both", "both", "both", "schema") != "schema" {
			members = append(members, fmt.Sprintf(`%q: %s`, name, member))
		}
	}
	inner, _ := genFit(t, depth-1)
	schema = "{" + some(`"type":"object"`, `"required":["a"]`, `"required":["b","c"]`, `"additionalProperties":`+one(`true`, `false`, inner),
		`"properties":{`+strings.Join(properties, ",")+`}`, `"allOf":[`+inner+`]`, `"minProperties":1`) + "}"
	return schema, "{" + strings.Join(members, ",") + "}"
}
