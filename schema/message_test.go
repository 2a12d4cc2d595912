package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"
)

// The library's error types are a closed set, but only its source says which: a new version must not bring one
// that reads as "breaks the rule foo_bar".
func TestWordings_CoverTheLibrary(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", "github.com/xeipuuv/gojsonschema").Output()
	require.NoError(t, err)
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "errors.go"), nil, 0)
	require.NoError(t, err)
	types := 0
	ast.Inspect(file, func(n ast.Node) bool {
		assign, ok := n.(*ast.AssignStmt)
		if !ok || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 {
			return true
		}
		name, _ := assign.Lhs[0].(*ast.Ident)
		value, isText := assign.Rhs[0].(*ast.BasicLit)
		if name != nil && name.Name == "t" && isText {
			types++
			typ, err := strconv.Unquote(value.Value)
			require.NoError(t, err)
			assert.Contains(t, wordings, typ)
		}
		return true
	})
	assert.Equal(t, len(wordings), types)
}

// TestValidator_EveryKeyword breaks each keyword once and reads the violation.
func TestValidator_EveryKeyword(t *testing.T) {
	for _, row := range []struct {
		schema, raw string
		want        Violation
	}{
		{`false`, `1`, Violation{"", "false", "is not allowed here", "", "integer", 0}},
		{`{"properties": {"a": false}}`, `{"a":{}}`, Violation{"/a", "false", "is not allowed here", "", "object", 0}},
		{`{"required": ["a/b"]}`, `{}`, Violation{"/a~1b", "required", "is required", "", "", 0}},
		{`{"type": ["array", "null"]}`, `"x"`, Violation{"", "type", "must be an array or null", "array or null", "string", 0}},
		{`{"type": "boolean"}`, `1.0`, Violation{"", "type", "must be a boolean", "boolean", "integer", 0}},
		{`{"enum": [1, "two words", null]}`, `true`, Violation{"", "enum", `must be one of 1, "two words", null`, `1, "two words", null`, "boolean", 0}},
		{`{"enum": ["a", "b"]}`, `1.5`, Violation{"", "enum", "must be one of a, b", "a, b", "number", 0}},
		{`{"const": "x"}`, `["x"]`, Violation{"", "const", "must be x", "x", "array", 0}},
		{`{"const": [1]}`, `[2]`, Violation{"", "const", "must be [1]", "[1]", "array", 0}},
		{`{"not": {}}`, `null`, Violation{"", "not", "matches what is excluded", "", "null", 0}},
		{`{"dependencies": {"a": ["b"]}}`, `{"a":1}`, Violation{"", "dependencies", "also needs the field b", "b", "object", 0}},
		{`{"items": [{}], "additionalItems": false}`, `[1,2]`, Violation{"", "additionalItems", "has more items than are described", "", "2 items", 0}},
		{`{"minItems": 2}`, `[1]`, Violation{"", "minItems", "must have at least 2 items", "2 items", "1 item", 0}},
		{`{"maxItems": 1}`, `[1,2,3]`, Violation{"", "maxItems", "must have at most 1 item", "1 item", "3 items", 0}},
		{`{"uniqueItems": true}`, `[1,1.0]`, Violation{"", "uniqueItems", "must not have the same item twice", "", "2 items", 0}},
		{`{"contains": {"type": "null"}, "maxItems": 0}`, `[]`, Violation{"", "contains", "has no item that matches", "", "0 items", 0}},
		{`{"minProperties": 1}`, `{}`, Violation{"", "minProperties", "must have at least 1 field", "1 field", "0 fields", 0}},
		{`{"maxProperties": 1}`, `{"a":1,"b":2}`, Violation{"", "maxProperties", "must have at most 1 field", "1 field", "2 fields", 0}},
		{`{"additionalProperties": false}`, `{"a~":1}`, Violation{"/a~0", "additionalProperties", "is not allowed: the schema knows no such field", "", "", 0}},
		{`{"minLength": 2}`, `"é"`, Violation{"", "minLength", "must have at least 2 characters", "2 characters", "1 character", 0}},
		{`{"maxLength": 1}`, `"éé"`, Violation{"", "maxLength", "must have at most 1 character", "1 character", "2 characters", 0}},
		{`{"pattern": "^%d$"}`, `"x"`, Violation{"", "pattern", "must match the pattern ^%d$", "^%d$", "1 character", 0}},
		{`{"format": "ipv4"}`, `""`, Violation{"", "format", "must be an IPv4 address", "ipv4", "0 characters", 0}},
		{`{"multipleOf": 0.1}`, `0.25`, Violation{"", "multipleOf", "must be a multiple of 0.1", "0.1", "number", 0}},
		{`{"minimum": 1000000}`, `1`, Violation{"", "minimum", "must be at least 1000000", "1000000", "integer", 0}},
		{`{"exclusiveMinimum": 1}`, `1`, Violation{"", "exclusiveMinimum", "must be more than 1", "1", "integer", 0}},
		{`{"maximum": 1e300}`, `2e300`, Violation{"", "maximum", "must be at most 1e+300", "1e+300", "integer", 0}},
		{`{"exclusiveMaximum": 1}`, `1`, Violation{"", "exclusiveMaximum", "must be less than 1", "1", "integer", 0}},
	} {
		v, err := Compile([]byte(row.schema), Options{})
		require.NoError(t, err, row.schema)
		_, err = v.Validate([]byte(row.raw))
		assert.Equal(t, &Error{Violations: []Violation{row.want}, Count: 1}, err, "%s against %s", row.raw, row.schema)
	}
}

// TestValidator_Alternatives shows what is listed where one violation entails others.
func TestValidator_Alternatives(t *testing.T) {
	for _, row := range []struct {
		schema, raw string
		want        []string
	}{
		{`{"anyOf": [{"type": "string"}, {"type": "null"}]}`, `1`, []string{"anyOf", "type"}},
		{`{"oneOf": [{}, {}]}`, `1`, []string{"oneOf"}},
		{`{"allOf": [{"type": "string"}, {"maximum": 0}]}`, `1`, []string{"maximum", "type"}},
		{`{"allOf": [{"type": "string"}, {"type": "string"}]}`, `1`, []string{"type"}},
		{`{"if": {}, "then": {"type": "string"}}`, `1`, []string{"then", "type"}},
		{`{"if": false, "then": {}, "else": {"type": "string"}}`, `1`, []string{"else", "type"}},
		{`{"propertyNames": {"maxLength": 1}}`, `{"ab":1}`, []string{"maxLength", "propertyNames"}},
		{`{"contains": {"type": "null"}}`, `[1]`, []string{"contains", "type"}},
	} {
		v, err := Compile([]byte(row.schema), Options{})
		require.NoError(t, err, row.schema)
		_, err = v.Validate([]byte(row.raw))
		var e *Error
		require.ErrorAs(t, err, &e)
		var got []string
		for _, violation := range e.Violations {
			got = append(got, violation.Keyword)
		}
		assert.ElementsMatch(t, row.want, got, "%s against %s: %v", row.raw, row.schema, e.Violations)
	}
}

type panicking struct{}

func (panicking) IsFormat(any) bool { panic("a bug in the library") }

func TestValidator_PanicIsAViolation(t *testing.T) {
	v, err := Compile([]byte(`{"properties": {"a": {"format": "uuid"}}}`), Options{})
	require.NoError(t, err)
	gojsonschema.FormatCheckers.Add("uuid", panicking{})
	defer gojsonschema.FormatCheckers.Add("uuid", stringChecker(formats["uuid"].check))
	_, err = v.Validate([]byte(`{"a":"x"}`))
	assert.EqualError(t, err, "payload invalid: document: could not be checked: the validator failed on it")
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, KeywordInternal, e.Violations[0].Keyword)
}

// Names come from the payload; a record must stay small, and its pointers must lead somewhere.
func TestCutPath(t *testing.T) {
	for path, want := range map[string]string{
		"":                                    "",
		"/a":                                  "/a",
		"/" + strings.Repeat("k", 511):        "/" + strings.Repeat("k", 511),
		"/" + strings.Repeat("k", 512):        "",
		"/a/" + strings.Repeat("k", 600):      "/a",
		"/" + strings.Repeat("k", 511) + "/b": "/" + strings.Repeat("k", 511),
	} {
		assert.Equal(t, want, cutPath(path))
	}
}
