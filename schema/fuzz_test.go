package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
	"unicode/utf8"
)

// FuzzDecode compares strict decoding with encoding/json: what it accepts, that one reads the same way; what it
// calls a syntax error, that one refuses; and what is not looked at is checked as strictly as what is.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, ` `, `null`, `{"a":[1,-0.5e+3,"x\n\ud83d\ude00"],"b":{}}`, `{"a":1,"a":1}`, `{"a":1} x`, `"\ud800"`, `1e309`,
		"\xef\xbb\xbf{}", "\"\xff\"", `[[[[[[]]]]]]`, `01`, `"\u00"`, `{"a":}`, `[1,]`, "\"\t\"", `-`, `tru`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		out, bad := decode(raw, DefaultMaxBytes, unlimited, wholeView)
		_, blind := decode(raw, DefaultMaxBytes, unlimited, nil)
		if !reflect.DeepEqual(bad, blind) {
			t.Fatalf("%q: looked at %v, not looked at %v", raw, bad, blind)
		}
		if bad != nil {
			refusedByAll := []string{KeywordNull, KeywordEmpty, KeywordSyntax, KeywordTrailing}
			if slices.Contains(refusedByAll, bad.Keyword) && json.Valid(raw) {
				t.Fatalf("%q: refused (%s), but valid JSON", raw, bad.Message)
			}
			if bad.Byte > len(raw)+1 || !utf8.ValidString(bad.Path) {
				t.Fatalf("%q: %+v", raw, bad)
			}
			return
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil || !reflect.DeepEqual(out.tree, want) {
			t.Fatalf("%q: got %#v, want %#v (%v)", raw, out.tree, want, err)
		}
	})
}

// FuzzValidate holds what callers rely on, with the default schema and one that edits everywhere.
func FuzzValidate(f *testing.F) {
	var validators []*Validator
	for _, source := range []string{
		string(Default()),
		`{"type": ["array", "object"], "x-unique": true, "items": {"$ref": "#"}, "maxItems": 4,
		  "properties": {"a": {"$ref": "#"}, "t": {"type": "array", "default": [1, 2], "x-unique": true}},
		  "additionalProperties": {"type": ["integer", "array", "object"], "maximum": 7, "x-note": 1}}`,
	} {
		v, err := Compile([]byte(source), Options{})
		if err != nil {
			f.Fatal(err)
		}
		validators = append(validators, v)
	}
	for _, seed := range []string{
		`{"contact":{"external_id":"x","channel":"chat","timestamp":"2026-01-31T12:00:00Z","metadata":null},"priority":3,"tags":["a","a"],"callback_url":"http://x"}`,
		`{"contact":{"external_id":"x","channel":"web","timestamp":"1998-12-31T23:59:60Z"},"priority":3.0,"callback_url":"https://x"}`,
		`[[[],[1,1]],{"a":{"b":8}},{}, {} ]`, `{"t":[1,1.0,2],"\u0061":[]}`, `{`, `null`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, v := range validators {
			sent := bytes.Clone(raw)
			payload, err := v.Validate(raw)
			if !bytes.Equal(raw, sent) {
				t.Fatalf("%q was changed to %q", sent, raw)
			}
			if err != nil {
				checkError(t, raw, err)
				continue
			}
			checkPayload(t, v, raw, payload)
		}
	})
}

func checkError(t *testing.T, raw []byte, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || len(e.Violations) == 0 || len(e.Violations) > MaxViolations || e.Count < len(e.Violations) {
		t.Fatalf("%q: %v", raw, err)
	}
	for i, violation := range e.Violations {
		if violation.Keyword == KeywordInternal || violation.Keyword == "" || violation.Message == "" || len(violation.Path) > maxPath {
			t.Fatalf("%q: %+v", raw, violation)
		}
		if i > 0 && violation.Path < e.Violations[i-1].Path {
			t.Fatalf("%q: not sorted: %v", raw, e.Violations)
		}
		if _, _, ok := Locate(raw, violation.Path); !ok && violation.Byte == 0 && json.Valid(raw) {
			t.Fatalf("%q: %s leads nowhere", raw, violation.Path)
		}
	}
}

func checkPayload(t *testing.T, v *Validator, raw, payload []byte) {
	t.Helper()
	if bytes.Equal(raw, payload) && &raw[0] != &payload[0] {
		t.Fatalf("%q was copied for nothing", raw)
	}
	again, err := v.Validate(payload)
	if err != nil || &again[0] != &payload[0] {
		t.Fatalf("%q became %q, then %q (%v)", raw, payload, again, err)
	}
}

// FuzzCompile reads schemas: refused or compiled, but no panic and no loop; what compiles can be used.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		string(Default()), `true`, `{"$ref":"#"}`, `{"allOf":[{"$ref":"#/definitions/a"}],"definitions":{"a":{"items":{"$ref":"#"}}}}`,
		`{"$id":"http://a/b","items":{"$ref":"#n","$id":"c"},"definitions":{"x":{"$id":"#n"}}}`, `{"items":[{},true],"additionalItems":{}}`,
		`{"dependencies":{"a":["b"],"c":{}},"not":{},"if":{},"then":{},"else":{}}`, `{"properties":3,"enum":[],"type":[1]}`,
		`{"$schema":"http://json-schema.org/draft-04/schema#","id":"%","additionalProperties":true}`,
		`{"properties":{"a":{"default":1},"b":{"$ref":"#/properties"}},"x-unique":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		v, err := Compile(source, Options{})
		if err != nil {
			var e *LintError
			if !errors.As(err, &e) || len(e.Problems) == 0 {
				t.Fatalf("%q: %v", source, err)
			}
			return
		}
		for _, raw := range []string{`{}`, `[]`, `{"a":[{"b":1}],"c":null}`, `1.0`, `"x"`} {
			_, _ = v.Validate([]byte(raw))
		}
	})
}
