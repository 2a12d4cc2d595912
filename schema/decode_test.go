package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/schema"
)

// TestValidator_StrictDecoding has rows for each rule, on both sides of its edge. The schema allows everything,
// so that nothing but decoding can refuse; each row runs with a schema that looks at every value as well.
func TestValidator_StrictDecoding(t *testing.T) {
	blind := compile(t, `{}`)
	looking := compile(t, `{"anyOf": [{}]}`)
	tried := map[string]bool{}
	for _, row := range []struct {
		name    string
		raw     []byte
		path    string
		keyword string // "" for valid
		at      int    // byte, from 1; 0 for none
	}{
		{"tombstone", nil, "", "null", 0},
		{"no bytes", []byte{}, "", "empty", 0},
		{"white space only", []byte(" \n\t\r"), "", "empty", 0},
		{"null is a value", []byte("null"), "", "", 0},
		{"exactly the limit", []byte(quoted("x", schema.DefaultMaxBytes-2)), "", "", 0},
		{"over the limit", []byte(quoted("x", schema.DefaultMaxBytes-1)), "", "size", 0},

		{"UTF-8 mark", []byte("\xef\xbb\xbf{}"), "", "byteOrderMark", 0},
		{"UTF-16 LE mark", []byte("\xff\xfe{\x00}\x00"), "", "byteOrderMark", 0},
		{"UTF-16 BE mark", []byte("\xfe\xff\x00{\x00}"), "", "byteOrderMark", 0},
		{"mark inside a string", []byte("\"\xef\xbb\xbf\""), "", "", 0},

		{"bare continuation", []byte("\"a\x80\""), "", "utf8", 3},
		{"overlong slash", []byte("\"\xc0\xaf\""), "", "utf8", 2},
		{"encoded surrogate", []byte("\"\xed\xa0\x80\""), "", "utf8", 2},
		{"cut character", []byte("\"\xe2\x82\""), "", "utf8", 2},
		{"Latin-1", []byte("{\"a\":\"\xe9\"}"), "", "utf8", 7},
		{"replacement character as sent", []byte("\"\ufffd\""), "", "", 0},

		{"two values", []byte(`{"a":1}{"b":2}`), "", "trailing", 8},
		{"trailing word", []byte(`{"a":1} trailing`), "", "trailing", 9},
		{"trailing comma after it", []byte(`[],`), "", "trailing", 3},
		{"trailing NUL", []byte("{}\x00"), "", "trailing", 3},
		{"leading zero", []byte(`01`), "", "trailing", 2},
		{"trailing white space", []byte("{}\n"), "", "", 0},

		{"same key", []byte(`{"a":1,"a":1}`), "/a", "duplicateKey", 8},
		{"same key, escaped", []byte(`{"a":1,"\u0061":1}`), "/a", "duplicateKey", 8},
		{"same key, deep", []byte(`{"x":[{"b":{"a":1,"c":2,"a":3}}]}`), "/x/0/b/a", "duplicateKey", 25},
		{"same empty key", []byte(`{"":1,"":2}`), "/", "duplicateKey", 7},
		{"same key among many", []byte(`{` + numbered(`"%d":0,`, 40) + `"39":0}`), "/39", "duplicateKey", 0},
		{"same key as the 13th", []byte(`{` + numbered(`"%d":0,`, 12) + `"0":0}`), "/0", "duplicateKey", 0},
		{"same key in another object", []byte(`{"a":{"a":1},"b":{"a":1}}`), "", "", 0},
		{"keys that differ in case", []byte(`{"a":1,"A":1}`), "", "", 0},

		{"pair", []byte(`"\ud83d\uDE00"`), "", "", 0},
		{"high half alone", []byte(`"\ud83d"`), "", "surrogate", 2},
		{"low half alone", []byte(`"x\ude00"`), "", "surrogate", 3},
		{"halves the wrong way round", []byte(`"\ude00\ud83d"`), "", "surrogate", 2},
		{"high half twice", []byte(`"\ud83d\ud83d"`), "", "surrogate", 2},
		{"half in front of an escape", []byte(`"\ud83d\n"`), "", "surrogate", 2},
		{"half in a key", []byte(`{"a":{"\ud83d":1}}`), "/a", "surrogate", 8},

		{"64 levels", []byte(strings.Repeat("[", 64) + strings.Repeat("]", 64)), "", "", 0},
		{"65 levels", []byte(strings.Repeat("[", 65) + strings.Repeat("]", 65)), strings.Repeat("/0", 64), "depth", 65},
		{"64 levels of objects", []byte(strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64)), "", "", 0},
		{"65 levels of objects", []byte(strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65)), strings.Repeat("/a", 64), "depth", 321},
		{"many side by side", []byte(list("[[]]", 100)), "", "", 0},

		{"64 characters", []byte(strings.Repeat("9", 64)), "", "", 0},
		{"65 characters", []byte("[" + strings.Repeat("9", 65) + "]"), "/0", "numberLength", 2},
		{"65 characters with sign and point", []byte("-" + strings.Repeat("9", 62) + ".1"), "", "numberLength", 1},
		{"exponent 308", []byte(`1e308`), "", "", 0},
		{"exponent -308", []byte(`1E-308`), "", "", 0},
		{"exponent 0000308", []byte(`1e+0000308`), "", "", 0},
		{"exponent 309", []byte(`{"a":1e309}`), "/a", "numberExponent", 6},
		{"exponent -309", []byte(`1e-309`), "", "numberExponent", 1},
		{"exponent of 50 digits", []byte("1e" + strings.Repeat("9", 50)), "", "numberExponent", 1},

		{"open object", []byte(`{`), "", "syntax", 2},
		{"open array", []byte(`[1`), "", "syntax", 3},
		{"open string", []byte(`"a`), "", "syntax", 3},
		{"open escape", []byte(`"\`), "", "syntax", 2},
		{"trailing comma in object", []byte(`{"a":1,}`), "", "syntax", 8},
		{"trailing comma in array", []byte(`[1,]`), "/1", "syntax", 4},
		{"no colon", []byte(`{"a" 1}`), "/a", "syntax", 6},
		{"no value", []byte(`{"a":}`), "/a", "syntax", 6},
		{"no comma", []byte(`[1 2]`), "", "syntax", 4},
		{"closed by the other", []byte(`[1}`), "", "syntax", 3},
		{"key without quotes", []byte(`{a:1}`), "", "syntax", 2},
		{"single quotes", []byte(`{'a':1}`), "", "syntax", 2},
		{"comment", []byte(`{} // x`), "", "trailing", 4},
		{"tab in a string", []byte("\"a\tb\""), "", "syntax", 3},
		{"tab after an escape", []byte("\"\\n\tb\""), "", "syntax", 4},
		{"unknown escape", []byte(`"\x41"`), "", "syntax", 2},
		{"three hex digits", []byte(`"\u004"`), "", "syntax", 2},
		{"control character as hex digit", []byte("\"\\u00\x1041\""), "", "syntax", 2},
		{"True", []byte(`True`), "", "syntax", 1},
		{"nul", []byte(`nul`), "", "syntax", 1},
		{"NaN", []byte(`NaN`), "", "syntax", 1},
		{"Infinity", []byte(`-Infinity`), "", "syntax", 2},
		{"plus", []byte(`+1`), "", "syntax", 1},
		{"point in front", []byte(`.5`), "", "syntax", 1},
		{"point behind", []byte(`5.`), "", "syntax", 3},
		{"exponent without digits", []byte(`1e+`), "", "syntax", 4},
		{"hexadecimal", []byte(`0x1F`), "", "trailing", 2},
		{"form feed as space", []byte("\f{}"), "", "syntax", 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, v := range []validator{blind, looking} {
				payload, err := v.Validate(row.raw)
				if row.keyword == "" {
					require.NoError(t, err)
					assert.Equal(t, row.raw, payload)
					continue
				}
				var e *schema.Error
				require.ErrorAs(t, err, &e)
				require.Len(t, e.Violations, 1)
				assert.Equal(t, 1, e.Count)
				got := e.Violations[0]
				assert.Equal(t, broken{row.path, row.keyword}, broken{got.Path, got.Keyword}, "%s", err)
				if row.at > 0 {
					assert.Equal(t, row.at, got.Byte, "%s", err)
				}
			}
		})
		tried[row.keyword] = true
	}
	for _, keyword := range schema.DecodingKeywords() {
		if keyword != schema.KeywordNameLength { // TestValidator_NamesTooLong
			assert.True(t, tried[keyword], "no row for %s", keyword)
		}
	}
}

func TestValidator_NamesTooLong(t *testing.T) {
	raw := []byte(`{"a":{"` + strings.Repeat("k", 600) + `":1}}`)
	for source, want := range map[string][]broken{
		`{}`: nil,
		`{"properties": {"a": {"type": "object"}}}`:                                                       nil,
		`{"properties": {"a": {"patternProperties": {"k": {}}}}}`:                                         {{"/a", "nameLength"}},
		`{"properties": {"a": {"additionalProperties": {"type": "integer"}}}}`:                            {{"/a", "nameLength"}},
		`{"properties": {"a": {"additionalProperties": false}}}`:                                          {{"/a", "additionalProperties"}},
		`{"properties": {"a": {"properties": {"` + strings.Repeat("k", 600) + `": {"type": "string"}}}}}`: {{"/a", "type"}},
	} {
		_, err := compile(t, source).Validate(raw)
		assert.Equal(t, want, violations(t, err), source)
	}
}

func TestValidator_SaysWhereInTheText(t *testing.T) {
	_, err := compile(t, `{}`).Validate([]byte("{\n  \"é\": 1,\n  \"é\" 2\n}"))
	assert.EqualError(t, err, "payload invalid: /é: is there twice in its object (line 3, column 3)")
	_, err = compile(t, `{}`).Validate([]byte("{\n  \"a\": x}"))
	assert.EqualError(t, err, "payload invalid: /a: is not JSON: expected a value (line 2, column 8)")
}

func TestValidator_MaxBytes(t *testing.T) {
	v, err := schema.Compile([]byte(`{}`), schema.Options{MaxBytes: 4})
	require.NoError(t, err)
	_, err = v.Validate([]byte(`[12]`))
	require.NoError(t, err)
	_, err = v.Validate([]byte(`[123]`))
	assert.EqualError(t, err, "payload invalid: document: is too large")
}
