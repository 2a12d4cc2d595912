package schema_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/schema"
)

// validator is asked both with the prover and without, and has to say the same.
type validator struct {
	*schema.Validator
	t testing.TB
}

func (v validator) Validate(raw []byte) ([]byte, error) {
	payload, err := v.Validator.Validate(raw)
	judged, judgedErr := v.Judge(raw)
	assert.Equal(v.t, judgedErr, err)
	assert.Equal(v.t, string(judged), string(payload))
	return payload, err
}

// setup returns a validator of the default schema.
func setup(t testing.TB) validator {
	t.Helper()
	return compile(t, string(schema.Default()))
}

func compile(t testing.TB, source string) validator {
	t.Helper()
	v, err := schema.Compile([]byte(source), schema.Options{})
	require.NoError(t, err)
	return validator{v, t}
}

// violations returns what err lists, as the tables write it; nil for no error.
func violations(t testing.TB, err error) (list []broken) {
	t.Helper()
	if err == nil {
		return nil
	}
	var e *schema.Error
	require.ErrorAs(t, err, &e)
	for _, v := range e.Violations {
		require.NotEmpty(t, v.Message)
		list = append(list, broken{v.Path, v.Keyword})
	}
	return list
}

// folder writes the parts of a txtar-like map into a new folder and returns its path.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o600))
	}
	return dir
}

var contactFields = [][2]string{
	{`"external_id":`, `"c-1"`}, {`"channel":`, `"chat"`}, {`"timestamp":`, `"2026-01-31T12:00:00Z"`},
	{`"metadata":`, `{"plan":"gold","visits":3}`},
}

var fields = [][2]string{
	{`"contact":`, object(contactFields)}, {`"priority":`, `3`}, {`"tags":`, `["vip","de"]`},
	{`"callback_url":`, `"https://example.com/done"`},
}

// valid is a payload that uses every field.
var valid = object(fields)

// with returns valid with the field key set to value, or without it where value is empty.
func with(key, value string) string { return object(set(fields, key, value)) }

// contact is with for the fields of contact.
func contact(key, value string) string {
	return with(`"contact":`, object(set(contactFields, key, value)))
}

func set(fields [][2]string, key, value string) (out [][2]string) {
	known := false
	for _, f := range fields {
		if f[0] == key {
			f[1], known = value, true
		}
		if f[1] != "" {
			out = append(out, f)
		}
	}
	if !known {
		out = append(out, [2]string{key, value})
	}
	return out
}

func object(fields [][2]string) string {
	members := make([]string, len(fields))
	for i, f := range fields {
		members[i] = f[0] + f[1]
	}
	return "{" + strings.Join(members, ",") + "}"
}

func quoted(s string, n int) string { return `"` + strings.Repeat(s, n) + `"` }

func list(item string, n int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
}

// numbered repeats a format with one number n times.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
