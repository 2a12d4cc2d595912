package schema

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSet(t *testing.T) {
	for _, tt := range []struct{ raw, pointer, value, want string }{
		{`{"a": 1 , "b":2.50}`, "/a", `"x"`, `{"a": "x" , "b":2.50}`},
		{`{"a":{"b":[1,{"c":0}]}}`, "/a/b/1/c", `null`, `{"a":{"b":[1,{"c":null}]}}`},
		{`{"a":1}`, "/b", `2`, `{"a":1,"b":2}`},
		{"{ }", "/b", `2`, `{"b":2 }`},
		{"{\n  \"a\": {}\n}", "/a/x~1y", `2`, "{\n  \"a\": {\"x/y\":2}\n}"},
		{"{\n  \"a\": 1\n}", "/b", `2`, "{\n  \"a\": 1,\"b\":2\n}"},
		{`{"a":[]}`, "/a/-", `2`, `{"a":[2]}`},
		{`{"a":[1 ]}`, "/a/-", `2`, `{"a":[1,2 ]}`},
		{`[[]]`, "/0/-", `[]`, `[[[]]]`},
		{`{"a":{}}`, "/a/b", `{}`, `{"a":{"b":{}}}`},
		{` 1 `, "", `{"a":1}`, `{"a":1}`},
		{`{"":1}`, "/", `2`, `{"":2}`},
		{`{"caf\u00e9":1}`, "/café", `2`, `{"caf\u00e9":2}`},
	} {
		got, err := Set([]byte(tt.raw), tt.pointer, []byte(tt.value))
		require.NoError(t, err, tt.raw)
		require.Equal(t, tt.want, string(got))
	}
}

func TestSet_Refuses(t *testing.T) {
	for _, tt := range []struct{ raw, pointer, value, want string }{
		{`{"a":1}`, "a", `1`, `"a" is not a JSON pointer: it begins with /`},
		{`{"a":`, "/a", `1`, "the payload is not JSON"},
		{`{"a":1}`, "/a", `x`, "the new value is not JSON"},
		{`{"a":1}`, "/b/c", `1`, "there is no /b"},
		{`{"a":1}`, "/a/c", `1`, "there is no /a/c"},
		{`{"a":[1]}`, "/a/1", `1`, "there is no /a/1"},
		{`{"a":[1]}`, "/a/01", `1`, "there is no /a/01"},
		{`{"a":1,"a":2}`, "/a", `1`, "/a is there 2 times"},
		{`{"a":{},"a":{}}`, "/a/b", `1`, "/a is there 2 times"},
		{``, "/a", `1`, "the payload is not JSON"},
	} {
		_, err := Set([]byte(tt.raw), tt.pointer, []byte(tt.value))
		require.EqualError(t, err, tt.want, tt.raw)
	}
}

// What is set is there, and setting it back gives the bytes that were.
func TestSet_ChangesNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := map[string]any{}
		for _, k := range rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "keys") {
			doc[k] = rapid.SampledFrom([]any{nil, 1.5, "x", []any{1.0, map[string]any{}}, map[string]any{"a": "}"}}).Draw(t, "value")
		}
		raw, err := json.MarshalIndent(doc, "", rapid.SampledFrom([]string{"", " "}).Draw(t, "indent"))
		require.NoError(t, err)
		var key string
		for key = range doc {
			break
		}
		old, _ := json.Marshal(doc[key])
		compact, _ := json.Marshal(doc)
		set, err := Set(raw, pointer("", key), []byte(`{"new":[1]}`))
		require.NoError(t, err)
		var got map[string]any
		require.NoError(t, json.Unmarshal(set, &got))
		require.Equal(t, map[string]any{"new": []any{1.0}}, got[key])
		back, err := Set(set, pointer("", key), old)
		require.NoError(t, err)
		require.JSONEq(t, string(compact), string(back))
	})
}
