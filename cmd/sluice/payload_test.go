package main

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluice-kafka/sluice/internal/term"
)

// colour is a style that is on.
var colour = term.Streams{OutIsTerminal: true}.OutStyle()

func TestRenderPayload_MarksWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		raw   string
		marks []mark
		want  string
	}{
		"nothing wrong":     {`{"a":1}`, nil, "{\n  \"a\": 1\n}\n"},
		"a member":          {`{"a":1}`, []mark{{"/a", "must be a string"}}, "{\n  \"a\": 1  ◄── must be a string\n}\n"},
		"one that is gone":  {`{"a":{}}`, []mark{{"/a/b", "is required"}}, "{\n  \"a\": {}  ◄── b is required\n}\n"},
		"the whole":         {`[]`, []mark{{"", "must be an object"}}, "[]  ◄── must be an object\n"},
		"two on one line":   {`{"a":1}`, []mark{{"/a", "x"}, {"/a", "y"}}, "{\n  \"a\": 1  ◄── x; y\n}\n"},
		"an escaped name":   {`{"a/b":{"~":1}}`, []mark{{"/a~1b/~0", "x"}}, "{\n  \"a/b\": {\n    \"~\": 1  ◄── x\n  }\n}\n"},
		"missing, escaped":  {`{}`, []mark{{"/a~1b", "is required"}}, "{}  ◄── a/b is required\n"},
		"an item":           {`[1,2]`, []mark{{"/1", "x"}}, "[\n  1,\n  2  ◄── x\n]\n"},
		"no pointer":        {`[1]`, []mark{{"nonsense", "x"}}, "[\n  1\n]\n"},
		"numbers as sent":   {`[1.0,1e3]`, nil, "[\n  1.0,\n  1e3\n]\n"},
		"a message that is": {`[1]`, []mark{{"/0", "must match \x1b[31m"}}, "[\n  1  ◄── must match \\x1b[31m\n]\n"},
		"text":              {"a\r\nb\x1bc\n", nil, "a\nb\\x1bc\n\n"},
		"empty":             {"", nil, "(empty)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, renderPayload(term.Style{}, []byte(tc.raw), tc.marks))
		})
	}
	require.Equal(t, "(null: a tombstone)\n", renderPayload(term.Style{}, nil, nil))
}

func TestRenderPayload_ColoursTheWrongValueOnTerminals(t *testing.T) {
	got := renderPayload(colour, []byte(`{"a":1,"b":{"c":2}}`), []mark{{"/a", "x"}, {"/b", "y"}})
	require.Equal(t, "{\n  \"a\": \x1b[31m1\x1b[0m,  \x1b[31m◄── x\x1b[0m\n  \"b\": \x1b[31m{\x1b[0m   \x1b[31m◄── y\x1b[0m\n    \"c\": 2\n  }\n}\n", got)
}

func TestRenderPayload_ShowsOfMuchOnlyWhatMatters(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, ",%d", i)
	}
	raw := []byte("[" + b.String()[1:] + "]")

	marked := renderPayload(term.Style{}, raw, []mark{{"/500", "x"}})
	require.Equal(t, "… 498 lines\n  497,\n  498,\n  499,\n  500,  ◄── x\n  501,\n  502,\n  503,\n… 497 lines\n", marked)

	plain := renderPayload(term.Style{}, raw, nil)
	require.Equal(t, payloadLines+1, strings.Count(plain, "\n"))
	require.True(t, strings.HasSuffix(plain, "… 962 lines\n"), plain)

	long := renderPayload(term.Style{}, []byte(`["`+strings.Repeat("x", 1<<20)+`"]`), []mark{{"/0", "y"}})
	for line := range strings.Lines(long) {
		require.Less(t, term.Width(line), 2*payloadColumns)
	}
	binary := renderPayload(term.Style{}, append([]byte{0xff, 0}, make([]byte, 1000)...), nil)
	require.Contains(t, binary, "ff 00 00")
	require.Contains(t, binary, "… 874 bytes more\n")
}

func TestRenderAt_PointsToTheByte(t *testing.T) {
	for name, tc := range map[string]struct {
		raw  string
		at   int
		want string
	}{
		"in the middle":      {`{"a":}`, 6, "{\"a\":}\n     ▲ here\n"},
		"on the second line": {"{\n  \"a\":}", 9, "\"a\":}\n    ▲ here\n"},
		"at the end":         {`{"a":`, 6, "{\"a\":\n     ▲ here\n"},
		"after wide runes":   {`["世界",]`, 11, "[\"世界\",]\n        ▲ here\n"},
		"not UTF-8":          {"[\"\xff\"]", 3, "[\"\\xff\"]\n  ▲ here\n"},
		"far out":            {strings.Repeat("x", 200), 101, "…" + strings.Repeat("x", 120) + "\n" + strings.Repeat(" ", 61) + "▲ here\n"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, renderAt(term.Style{}, []byte(tc.raw), tc.at)) })
	}
}

func TestRender_NeverSendsWhatATerminalWouldObey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOf(rapid.Byte()).Draw(t, "raw")
		pointer := rapid.SampledFrom([]string{"", "/", "/a", "/0/b", "a"}).Draw(t, "pointer")
		at := rapid.IntRange(1, len(raw)+1).Draw(t, "at")
		for _, got := range []string{
			renderPayload(term.Style{}, raw, []mark{{pointer, string(raw)}}), renderAt(term.Style{}, raw, at),
		} {
			require.True(t, utf8.ValidString(got), "%q", got)
			for _, r := range got {
				require.True(t, r == '\n' || unicode.IsPrint(r), "%q in %q", r, got)
			}
		}
		line, column := place(raw, at, 1)
		require.Positive(t, line)
		require.Positive(t, column)
	})
}
