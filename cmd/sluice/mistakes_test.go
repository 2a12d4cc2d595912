package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is seen into testdata/mistakes, and docs/mistakes.md from it")

// TestMistakes makes every mistake of testdata/mistakes with the whole binary and compares what a person sees.
func TestMistakes(t *testing.T) {
	for _, subject := range mistakeSubjects {
		t.Run(subject.dir, func(t *testing.T) {
			t.Parallel()
			for _, m := range loadMistakes(t, subject.dir) {
				t.Run(m.title, func(t *testing.T) {
					t.Parallel()
					checkMistake(t, m)
				})
			}
		})
	}
}

func checkMistake(t *testing.T, m mistake) {
	t.Helper()
	seen := newStage(t, m).play()
	all := seen.stdout + seen.stderr
	require.NotContains(t, all, "hunter2", "a secret is shown")
	require.NotContains(t, all, "goroutine ", "a stack is shown")
	if *update {
		m.save(t, seen)
		return
	}
	assert.Equal(t, m.seen.stderr, seen.stderr, "standard error; run with -update if this is meant")
	assert.Equal(t, m.seen.stdout, seen.stdout, "standard output; run with -update if this is meant")
	assert.Equal(t, m.seen.exit, seen.exit, "exit code")
}

// TestMistakes_AreDocumented holds docs/mistakes.md to the table.
func TestMistakes_AreDocumented(t *testing.T) {
	const page, marker = "../../docs/mistakes.md", "<!-- generated below this line: go test ./cmd/sluice -run Mistakes -update -->\n"
	old, err := os.ReadFile(page)
	require.NoError(t, err)
	written, generated, ok := strings.Cut(string(old), marker)
	require.True(t, ok, "%s has no marker", page)
	want := mistakesPage(t)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(written+marker+want), 0o600))
		return
	}
	assert.Equal(t, want, generated, "run with -update if this is meant")
}

// mistakesPage is the table as Markdown: for each mistake what is typed, what is seen, and the exit code.
func mistakesPage(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	for _, subject := range mistakeSubjects {
		fmt.Fprintf(&b, "\n## %s\n", subject.heading)
		for _, m := range loadMistakes(t, subject.dir) {
			fmt.Fprintf(&b, "\n**%s** Exit code %s\n\n```\n", m.title, strings.TrimSpace(m.seen.exit))
			for _, setting := range m.arrangement() {
				fmt.Fprintln(&b, setting)
			}
			fmt.Fprintf(&b, "$ %s\n%s%s```\n", strings.Join(append([]string{"sluice"}, m.args...), " "), m.seen.stdout, m.seen.stderr)
		}
	}
	return b.String()
}
