package term_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluice-kafka/sluice/internal/term"
)

func TestVisible_EscapesWhatATerminalWouldObey(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"plain":             {"käse 世界 😀", "käse 世界 😀"},
		"escape sequence":   {"a\x1b[31mb", `a\x1b[31mb`},
		"8-bit sequence":    {"a\u009b31m", `a\u009b31m`},
		"line breaks":       {"a\r\nb\tc", `a\r\nb\tc`},
		"direction of text": {"a\u202eb", `a\u202eb`},
		"not UTF-8":         {"a\xff\x01b", `a\xff\x01b`},
		"quotes are plain":  {`it's "so"`, `it's "so"`},
		"replacement rune":  {"a\ufffdb", "a\ufffdb"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, term.Visible(tc.in)) })
	}
}

func TestShorten_NeverTakesMoreColumnsThanGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := term.Visible(rapid.String().Draw(t, "text"))
		width := rapid.IntRange(1, 40).Draw(t, "width")
		short := term.Shorten(s, width)
		require.LessOrEqual(t, term.Width(short), width)
		if term.Width(s) <= width {
			require.Equal(t, s, short)
		}
	})
}

func TestAgo_ReadsWell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Minute:                 "just now",
		0:                            "just now",
		59 * time.Second:             "59 s ago",
		3*time.Minute + time.Second:  "3 min ago",
		47 * time.Hour:               "47 h ago",
		50 * time.Hour:               "2 d ago",
		400*24*time.Hour + time.Hour: "400 d ago",
	} {
		require.Equal(t, want, term.Ago(d))
	}
}

func TestPrint_AlignsInPipesAndCutsOnTerminals(t *testing.T) {
	table := term.Table{
		Header: []string{"ID", "WHAT"}, Flexible: 1,
		Rows: [][]string{{"a/1", strings.Repeat("long ", 30)}, {"longer/1", "short"}},
	}
	var pipe bytes.Buffer
	require.NoError(t, term.Streams{Out: &pipe}.Print(table))
	require.Equal(t, "ID        WHAT\na/1       "+strings.TrimSpace(strings.Repeat("long ", 30))+"\nlonger/1  short\n", pipe.String())

	var screen bytes.Buffer
	require.NoError(t, term.Streams{Out: &screen, OutIsTerminal: true, Plain: true}.Print(table))
	for line := range strings.Lines(screen.String()) {
		require.LessOrEqual(t, term.Width(strings.TrimSuffix(line, "\n")), 80)
	}
	require.Contains(t, screen.String(), "…")
	require.Contains(t, screen.String(), "──")
}

func TestProgress_ShowsOnlyWhatTakesLongAndOnlyToPeople(t *testing.T) {
	for name, terminal := range map[string]bool{"terminal": true, "pipe": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				p := term.Streams{Err: &out, ErrIsTerminal: terminal}.NewProgress("reading x")
				p.Set(1, 4)
				require.Empty(t, out.String())
				time.Sleep(2 * time.Second)
				p.Set(2, 4)
				p.Set(3, 4) // too soon after
				p.End()
				p.Tell("3\n")
				p.End()
				p.End() // nothing is left
				want := ""
				if terminal {
					want = "\rreading x ████████████░░░░░░░░░░░░  50 %\r\x1b[K" + "\r\x1b[Kreading x: 3\\n\r\x1b[K"
				}
				require.Equal(t, want, out.String())
			})
		})
	}
}

func TestWrap_BreaksBetweenWords(t *testing.T) {
	require.Equal(t, "  one two\n  three\n", term.Wrap("one two three", "  ", 10))
	require.Equal(t, "one two three\n", term.Wrap("one two three", "", 0))
	require.Equal(t, "a\nverylongword\nb\n", term.Wrap("a verylongword b", "", 5))
	require.Equal(t, "\n", term.Wrap("", "", 10))
	require.Equal(t, "\x1b[1mone\x1b[0m two\nthree\n", term.Wrap("\x1b[1mone\x1b[0m two three", "", 7))
}
