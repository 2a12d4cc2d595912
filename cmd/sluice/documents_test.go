package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// split returns what the documents of a file are, and on which lines they begin.
func split(t *testing.T, in io.Reader, name string, limit int) (raw []string, lines []int) {
	t.Helper()
	d := newDocuments(in, name, limit)
	for {
		doc, ok, err := d.next()
		require.NoError(t, err)
		if !ok {
			return raw, lines
		}
		raw, lines = append(raw, string(doc.raw)), append(lines, doc.line)
	}
}

func TestDocuments_ToldApart(t *testing.T) {
	for name, tc := range map[string]struct {
		file  string // its name; empty: x.json
		in    string
		want  []string
		lines []int
	}{
		"one on one line":         {in: "{\"a\":1}\n", want: []string{`{"a":1}`}, lines: []int{1}},
		"one without a line end":  {in: `{"a":1}`, want: []string{`{"a":1}`}, lines: []int{1}},
		"one over lines":          {in: "\n{\n \"a\": 1\n}\n", want: []string{"{\n \"a\": 1\n}"}, lines: []int{2}},
		"an array over lines":     {in: "[\n{\"a\":1}\n]\n", want: []string{"[\n{\"a\":1}\n]"}, lines: []int{1}},
		"ndjson":                  {in: "{\"a\":1}\n{\"a\":2}\n", want: []string{`{"a":1}`, `{"a":2}`}, lines: []int{1, 2}},
		"ndjson with blank lines": {in: "\n{\"a\":1}\r\n \t\n\n{\"a\":2}", want: []string{`{"a":1}`, `{"a":2}`}, lines: []int{2, 5}},
		"ndjson, a broken line":   {in: "1\n{\"a\"\n{\"a\":2}\n", want: []string{`1`, `{"a"`, `{"a":2}`}, lines: []int{1, 2, 3}},
		"ndjson, the first broken": {
			in: "{\"a\":\n{\"a\":2}\n{\"a\":3}", want: []string{`{"a":`, `{"a":2}`, `{"a":3}`}, lines: []int{1, 2, 3},
		},
		"ndjson by its name": {file: "x.ndjson", in: "{\n}\n", want: []string{"{", "}"}, lines: []int{1, 2}},
		"values over lines":  {in: "{\n}\n{\n}\n", want: []string{"{\n}", "{\n}"}, lines: []int{1, 3}},
		"two on one line":    {in: "{\"a\":1} {\"b\":2}\n", want: []string{`{"a":1} {"b":2}`}, lines: []int{1}},
		"trailing garbage":   {in: "{\n} x\n", want: []string{"{\n} x"}, lines: []int{1}},
		"never closed":       {in: "{\n\"a\": [1,\n2\n", want: []string{"{\n\"a\": [1,\n2"}, lines: []int{1}},
		"brackets in strings": {
			in: "{\n\"a\": \"}]\\\"}\",\n\"b\": 1\n}\n", want: []string{"{\n\"a\": \"}]\\\"}\",\n\"b\": 1\n}"}, lines: []int{1},
		},
		"a string never closed": {in: "{\n\"a\": \"x\n}\n{\n}", want: []string{"{\n\"a\": \"x\n}", "{\n}"}, lines: []int{1, 4}},
		"scalars":               {in: "1\n\"x\"\nnull\n", want: []string{"1", `"x"`, "null"}, lines: []int{1, 2, 3}},
		"utf-16":                {in: "\xff\xfe{\x00\n\x00}\x00", want: []string{"\xff\xfe{\x00\n\x00}\x00"}, lines: []int{1}},
		"binary":                {in: "\x89PNG\r\n\x1a\n\x00\n\x01\n", want: []string{"\x89PNG\r\n\x1a\n\x00\n\x01"}, lines: []int{1}},
		"nothing":               {},
		"only space":            {in: "\n \n\t"},
	} {
		t.Run(name, func(t *testing.T) {
			file := tc.file
			if file == "" {
				file = "x.json"
			}
			for how, in := range map[string]io.Reader{
				"at once":      strings.NewReader(tc.in),
				"byte by byte": iotest.OneByteReader(strings.NewReader(tc.in)),
			} {
				raw, lines := split(t, in, file, 1<<20)
				require.Equal(t, tc.want, raw, how)
				require.Equal(t, tc.lines, lines, how)
			}
		})
	}
}

func TestDocuments_KeepsNoMoreThanTheLimit(t *testing.T) {
	const limit = 100 << 10
	exact := `"` + strings.Repeat("x", limit-2) + `"`
	in := exact + "\n" + strings.Repeat("y", 10*limit) + "\n\"after\"\n"
	d := newDocuments(strings.NewReader(in), "x.json", limit)

	first, _, err := d.next()
	require.NoError(t, err)
	require.Equal(t, exact, string(first.raw))
	require.Equal(t, limit, first.size)

	huge, _, err := d.next()
	require.NoError(t, err)
	require.Equal(t, 10*limit, huge.size)
	require.Less(t, len(huge.raw), limit+8)

	after, _, err := d.next()
	require.NoError(t, err)
	require.Equal(t, `"after"`, string(after.raw))
	require.Equal(t, 3, after.line)
}

func TestDocuments_TellsOfAReadThatFails(t *testing.T) {
	broken := errors.New("disk on fire")
	d := newDocuments(io.MultiReader(strings.NewReader("{\"a\":1}\n{"), iotest.ErrReader(broken)), "x.json", 100)
	_, ok, err := d.next()
	require.NoError(t, err)
	require.True(t, ok)
	_, _, err = d.next()
	require.ErrorIs(t, err, broken)
}
