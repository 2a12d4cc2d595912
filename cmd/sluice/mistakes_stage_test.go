package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// mistakeLimit bounds one run of the binary: a mistake that hangs is a mistake of ours.
const mistakeLimit = 45 * time.Second

// stage is what one mistake is made in: a working directory, an environment, and whoever else is there.
// Its directives are:
//
//	env NAME=VALUE     a variable
//	credentials        what the worker cannot do without: GENESYS_CLIENT_ID and so on
//	kafka OPTION…      a broker (mistakes_kafka_test.go); sets SLUICE_KAFKA_BROKERS
//	topic NAME K=V…    a topic there
//	record TOPIC TEXT  a record in it
//	api OPTION…        a Genesys Cloud (mistakes_api_test.go); sets GENESYS_BASE_URL
//	taken              a port that somebody listens at: $TAKEN
//	large NAME SIZE    a sparse file of so many bytes
//	utf16 NAME         makes the file UTF-16, as Windows' editors write it
//	bytes NAME TEXT    a file with this Go string literal in it
//	mkdir NAME         a directory
//	unreadable NAME    makes the file one that the user may not read
//	until TEXT         the process gets SIGTERM once it has written this to standard error
//	only WORD…         of standard output only the paragraphs that begin with such a word are told
//	closed             standard output is a pipe whose reader has gone, as head does once it has its lines
type stage struct {
	t    *testing.T
	row  mistake
	dir  string
	vars map[string]string // what $NAME stands for
	env  map[string]string
	kafkaStage

	until  string
	only   []string
	closed bool
	plain  bool // runs as somebody who is not root
}

func newStage(t *testing.T, m mistake) *stage {
	t.Helper()
	s := &stage{t: t, row: m, dir: t.TempDir(), vars: map[string]string{}, env: map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": t.TempDir(), "TZ": "UTC",
		"GODEBUG":           "netdns=go", // so that a name which cannot be one is refused without asking anybody
		"SLUICE_ADMIN_ADDR": "127.0.0.1:0",
	}}
	s.vars["DIR"] = s.dir
	for _, f := range m.files {
		if f.Name != "stdin" {
			s.write(f.Name, f.Data)
		}
	}
	for _, line := range m.directives {
		name, rest, _ := strings.Cut(line, " ")
		direct, ok := directives[name]
		require.True(t, ok, "%s: no directive %q", m.path, name)
		direct(s, strings.TrimSpace(rest))
	}
	return s
}

// directives are what stands before the command line.
var directives map[string]func(s *stage, rest string)

func init() { // not in the declaration: the functions lead back to it
	directives = map[string]func(*stage, string){
		"env": func(s *stage, rest string) {
			name, value, _ := strings.Cut(rest, "=")
			s.env[name] = s.expand(value)
		},
		"credentials": func(s *stage, _ string) {
			s.env["GENESYS_CLIENT_ID"], s.env["GENESYS_DATA_ACTION_ID"] = "client-1", "action-1"
			s.env["GENESYS_CLIENT_SECRET"] = clientSecret
		},
		"kafka": (*stage).kafka, "topic": (*stage).topic, "record": (*stage).record, "api": (*stage).api,
		"taken": func(s *stage, _ string) { s.vars["TAKEN"] = s.listener().Addr().String() },
		"large": func(s *stage, rest string) {
			var name string
			var size int64
			_, err := fmt.Sscan(rest, &name, &size)
			require.NoError(s.t, err)
			s.write(name, nil)
			require.NoError(s.t, os.Truncate(filepath.Join(s.dir, name), size))
		},
		"utf16": func(s *stage, name string) {
			text, err := os.ReadFile(filepath.Join(s.dir, name))
			require.NoError(s.t, err)
			out := []byte{0xff, 0xfe}
			for _, unit := range utf16.Encode([]rune(string(text))) {
				out = append(out, byte(unit), byte(unit>>8))
			}
			s.write(name, out)
		},
		"bytes": func(s *stage, rest string) {
			var name, content string
			_, err := fmt.Sscanf(rest, "%s %q", &name, &content)
			require.NoError(s.t, err)
			s.write(name, []byte(content))
		},
		"mkdir": func(s *stage, name string) { require.NoError(s.t, os.Mkdir(filepath.Join(s.dir, name), 0o700)) },
		"unreadable": func(s *stage, name string) {
			s.plain = true
			require.NoError(s.t, os.Chmod(filepath.Join(s.dir, name), 0))
		},
		"until":  func(s *stage, text string) { s.until = text },
		"only":   func(s *stage, words string) { s.only = strings.Fields(words) },
		"closed": func(s *stage, _ string) { s.closed = true },
	}
}

// clientSecret must never be seen.
const clientSecret = "hunter2-of-the-client"

func (s *stage) write(name string, data []byte) {
	path := filepath.Join(s.dir, name)
	require.NoError(s.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(s.t, os.WriteFile(path, data, 0o644))
}

func (s *stage) listener() net.Listener {
	l, err := new(net.ListenConfig).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = l.Close() })
	return l
}

// expand puts in what $NAME stands for.
func (s *stage) expand(text string) string {
	return os.Expand(text, func(name string) string {
		value, ok := s.vars[name]
		require.True(s.t, ok, "%s: no $%s", s.row.path, name)
		return value
	})
}

// withhold undoes expand in what was seen.
func (s *stage) withhold(text string) string {
	names := slices.SortedFunc(maps.Keys(s.vars), func(a, b string) int { return len(s.vars[b]) - len(s.vars[a]) })
	for _, name := range names {
		text = strings.ReplaceAll(text, s.vars[name], "$"+name)
	}
	return times.ReplaceAllString(text, "${1}$$TIME")
}

// times match the time in a line of the log, and how long a request took.
var times = regexp.MustCompile(`(?m)(^|HTTP \d+ in )(?:\d\d:\d\d:\d\d\.\d{3}|\d+m?s)`)

// selected keeps, where the row wants only some, the paragraphs of text that begin with one of its words.
func (s *stage) selected(text string) string {
	if s.only == nil {
		return text
	}
	var b strings.Builder
	keep := false
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, " ") {
			word, _, _ := strings.Cut(line, " ")
			keep = slices.Contains(s.only, word)
		}
		if keep {
			b.WriteString(line)
		}
	}
	return b.String()
}

// play runs the binary and returns what is seen.
func (s *stage) play() sighting {
	ctx, cancel := context.WithTimeout(s.t.Context(), mistakeLimit)
	defer cancel()
	args := []string{"sluice"}
	for _, a := range s.row.args {
		args = append(args, s.expand(a))
	}
	cmd := exec.CommandContext(ctx, s.binary())
	cmd.Args, cmd.Dir, cmd.WaitDelay = args, s.dir, time.Second
	s.drop(cmd)
	for name, value := range s.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	for _, f := range s.row.files {
		if f.Name == "stdin" {
			cmd.Stdin = bytes.NewReader(f.Data)
		}
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if s.until != "" {
		cmd.Stderr = &waiter{out: &errs, text: s.until, found: func() { _ = cmd.Process.Signal(syscall.SIGTERM) }}
	}
	if s.closed {
		cmd.Stdout = s.closedPipe()
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(s.t, err, "stderr: %s", errs.String())
	}
	require.NoError(s.t, ctx.Err(), "it hangs; stderr so far: %s", errs.String())
	return sighting{stdout: s.selected(s.withhold(out.String())), stderr: s.withhold(errs.String()), exit: fmt.Sprintln(exitStatus(cmd.ProcessState))}
}

// exitStatus returns a process's exit code as a shell tells it.
func exitStatus(p *os.ProcessState) int {
	if status, ok := p.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return p.ExitCode()
}

// binary returns the path of this very binary, which is the sluice of TestMain where it is called so.
func (s *stage) binary() string {
	if s.plain {
		return "/proc/self/exe" // which another user can start too, wherever it is
	}
	path, err := os.Executable()
	require.NoError(s.t, err)
	return path
}

// drop lets the process run as nobody where the test runs as root, who may read everything.
func (s *stage) drop(cmd *exec.Cmd) {
	if !s.plain || os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	for dir := s.dir; dir != filepath.Dir(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		require.NoError(s.t, os.Chmod(dir, 0o755))
		if filepath.Dir(dir) == os.TempDir() {
			return
		}
	}
}

// closedPipe returns a pipe that nobody reads any more.
func (s *stage) closedPipe() *os.File {
	r, w, err := os.Pipe()
	require.NoError(s.t, err)
	require.NoError(s.t, r.Close())
	s.t.Cleanup(func() { _ = w.Close() })
	return w
}

// waiter calls found once, when text has gone through it.
type waiter struct {
	out   *bytes.Buffer
	text  string
	found func()
}

func (w *waiter) Write(p []byte) (int, error) {
	n, err := w.out.Write(p)
	if w.found != nil && strings.Contains(w.out.String(), w.text) {
		w.found()
		w.found = nil
	}
	return n, err
}
