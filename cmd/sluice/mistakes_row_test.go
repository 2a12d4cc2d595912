package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// mistakeSubjects are the folders of testdata/mistakes, in the order of the page, with their headings.
var mistakeSubjects = []struct{ dir, heading string }{
	{"kafka", "Reaching Kafka"},
	{"tls", "TLS to the brokers"},
	{"login", "Logging in to the brokers"},
	{"topics", "Topics"},
	{"settings", "Settings"},
	{"schema", "The schema"},
	{"secret", "The client secret"},
	{"genesys", "Genesys Cloud"},
	{"input", "The action's input and contract"},
	{"files", "Files with payloads"},
	{"typing", "The command line"},
	{"ports", "Addresses to listen at"},
	{"pipes", "Pipes that close"},
}

// mistake is one file of testdata/mistakes: what a person did, and what that person sees.
//
//	What happened, in a sentence.
//
//	DIRECTIVE…                 what there is (see stage), one a line
//	sluice ARG…                what is typed; the last line
//	-- NAME --                 files in the working directory; one named stdin is what is typed in
//	-- stdout -- -- stderr --  what is seen, with $NAME for what varies
//	-- exit --                 the exit code
type mistake struct {
	path       string
	title      string
	directives []string
	args       []string // of sluice
	files      []txtar.File
	seen       sighting
}

// sighting is what a person sees.
type sighting struct{ stdout, stderr, exit string }

// loadMistakes returns the mistakes of a subject, by file name.
func loadMistakes(t *testing.T, subject string) []mistake {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "mistakes", subject, "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, paths, "no mistakes of %s", subject)
	all := make([]mistake, len(paths))
	for i, path := range paths {
		all[i] = loadMistake(t, path)
	}
	return all
}

func loadMistake(t *testing.T, path string) mistake {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	require.NoError(t, err)
	title, script, _ := strings.Cut(string(archive.Comment), "\n")
	m := mistake{path: path, title: title}
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		typed, isCommand := strings.CutPrefix(line+" ", "sluice ")
		switch {
		case line == "":
		case isCommand:
			m.args = strings.Fields(typed)
		default:
			m.directives = append(m.directives, line)
		}
	}
	require.NotEmpty(t, m.title, path)
	require.NotNil(t, m.args, "%s: nothing is typed", path)
	for _, f := range archive.Files {
		switch f.Name {
		case "stdout":
			m.seen.stdout = string(f.Data)
		case "stderr":
			m.seen.stderr = string(f.Data)
		case "exit":
			m.seen.exit = string(f.Data)
		default:
			m.files = append(m.files, f)
		}
	}
	return m
}

// save writes what was seen into the mistake's file.
func (m mistake) save(t *testing.T, seen sighting) {
	t.Helper()
	archive, err := txtar.ParseFile(m.path)
	require.NoError(t, err)
	archive.Files = slices.Clone(m.files)
	for _, f := range []struct{ name, text string }{{"stdout", seen.stdout}, {"stderr", seen.stderr}, {"exit", seen.exit}} {
		if f.text != "" {
			archive.Files = append(archive.Files, txtar.File{Name: f.name, Data: []byte(f.text)})
		}
	}
	out := txtar.Format(archive)
	if old, err := os.ReadFile(m.path); err != nil || !bytes.Equal(old, out) {
		require.NoError(t, os.WriteFile(m.path, out, 0o600))
	}
}

// arrangement returns what a reader has to know about how the mistake was made: the settings.
func (m mistake) arrangement() []string {
	var lines []string
	for _, d := range m.directives {
		if setting, ok := strings.CutPrefix(d, "env "); ok {
			lines = append(lines, setting)
		}
	}
	return lines
}
