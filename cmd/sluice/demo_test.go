package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/demo"
	"github.com/sluice-kafka/sluice/internal/term"
	"github.com/sluice-kafka/sluice/worker"
)

// Three attempts instead of four spare these tests the longest wait of a poison message.
const fewAttempts = "--max-attempts=3"

func TestDemo_RunsToItsEndWithEqualCountsForEqualSeeds(t *testing.T) {
	args := []string{"demo", "--messages", "300", "--seed", "1", "--exit", "-o", "json", fewAttempts}
	var out bytes.Buffer
	process := exec.CommandContext(t.Context(), "sluice", args...) // this very binary: see TestMain
	process.Stdout = &out
	require.NoError(t, process.Start())
	one := playDemo(t, args[1:]...)
	require.NoError(t, process.Wait())
	other := demoResult{stdout: out.String()}
	assert.Equal(t, exitOK, one.code, one.stderr)
	a, b := one.object(t), other.object(t)
	for _, object := range []map[string]any{a, b} {
		assert.Positive(t, object["elapsed_seconds"])
		assert.Contains(t, object, "duplicates")
		delete(object, "elapsed_seconds")
		delete(object, "duplicates")
	}
	assert.Equal(t, a, b)
	assert.Equal(t, map[string]any{
		"produced": 300.0, "delivered": 289.0, "lost": 0.0, "out_of_order": 0.0,
		"dead_lettered": map[string]any{"VALIDATION_FAILED": 9.0, "GENESYS_API_400": 1.0, "MAX_RETRIES_EXCEEDED": 1.0},
	}, a)
}

func TestDemo_LeavesCleanlyOnTheFirstSignal(t *testing.T) {
	stop, signal := context.WithCancel(t.Context())
	var out, errs syncBuffer
	done := make(chan int, 1)
	go func() { done <- run(stop, t.Context(), []string{"demo"}, term.Streams{Out: &out, Err: &errs}) }()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "first dead letter") }, time.Minute, 10*time.Millisecond)
	signal()
	assert.Equal(t, exitOK, <-done, errs.String())

	text := out.String()
	assert.Contains(t, text, "leaving")
	figure := func(name string) string {
		return strings.Join(regexp.MustCompile(`(?m)^ *` + name + ` +([\d,]+)`).FindStringSubmatch(text)[1:], "")
	}
	assert.NotEqual(t, "0", figure("produced"))
	assert.NotEqual(t, "0", figure("VALIDATION_FAILED"))
	assert.Equal(t, "0", figure("lost"))
	assert.Equal(t, "0", figure("out of order"))
}

func TestDemo_StopsAtOnceOnTheSecondSignal(t *testing.T) {
	stop, signal := context.WithCancel(t.Context())
	abort, again := context.WithCancel(t.Context())
	var out, errs syncBuffer
	done := make(chan int, 1)
	go func() {
		done <- run(stop, abort, []string{"demo", "--genesys-timeout=1m"}, term.Streams{Out: &out, Err: &errs})
	}()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "/_faults -d") }, time.Minute, 10*time.Millisecond)
	// What hangs at the API is what the first signal waits for.
	url := regexp.MustCompile(`PUT (\S+/_faults)`).FindStringSubmatch(out.String())[1]
	putFault(t, "http://"+url, `{"hang":true}`)
	status := regexp.MustCompile(`curl (\S+/status)`).FindStringSubmatch(out.String())[1]
	require.Eventually(t, func() bool { return atAPI(t, "http://"+status) > 20 }, time.Minute, 10*time.Millisecond)
	signal()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "leaving") }, time.Minute, 10*time.Millisecond)
	again()
	assert.Equal(t, exitInterrupted, <-done, errs.String())
	assert.Contains(t, errs.String(), "second signal")
}

func TestDemo_RefusesWhatMakesNoSense(t *testing.T) {
	for name, args := range map[string][]string{
		"no end to wait for":     {"--exit"},
		"a negative number":      {"--messages", "-1"},
		"a negative rate":        {"--rate", "-1"},
		"an unknown format":      {"-o", "xml"},
		"a setting out of range": {"--concurrency", "0"},
		"an argument":            {"now"},
	} {
		t.Run(name, func(t *testing.T) {
			r := playDemo(t, args...)
			assert.Equal(t, exitUsage, r.code)
			assert.Empty(t, r.stdout)
			assert.NotEmpty(t, r.stderr)
		})
	}
}

func TestDemo_ReadsNeitherEnvironmentNorFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("sluice.yaml", []byte("nonsense: true\n"), 0o600))
	require.NoError(t, os.WriteFile(".env", []byte("SLUICE_CONCURRENCY=0\n"), 0o600))
	t.Setenv("GENESYS_BASE_URL", "https://api.mypurecloud.com")
	t.Setenv("SLUICE_KAFKA_BROKERS", "kafka.example.com:9092")
	r := playDemo(t, "--messages", "3", "--exit", "-o", "json")
	assert.Equal(t, exitOK, r.code, r.stderr)
	assert.Equal(t, 3.0, r.object(t)["produced"])
}

func TestDemoView_FitsTheTerminal(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f := demoFrame{
		now: now, produced: 123_456_789,
		Tally: demo.Tally{Delivered: 123_000_000, Dead: 99_999, DeadLetters: map[deadletter.Code]int64{
			"VALIDATION_FAILED": 90_000, "GENESYS_API_400": 9_000, "MAX_RETRIES_EXCEEDED": 900, "NETWORK_ERROR": 90, "PERMISSION_DENIED": 9,
		}},
		worker: worker.Snapshot{Joined: true, Breaker: worker.Breaker{State: "open", Since: &now, Cause: strings.Repeat("a long story, ", 30)}},
	}
	for range 50 {
		f.notes = append(f.notes, demo.Note{At: now, Text: strings.Repeat("é\n", 200)})
	}
	for _, size := range []struct{ width, height int }{{80, 24}, {79, 24}, {200, 60}, {40, 10}, {20, 3}, {1, 1}} {
		t.Run(fmt.Sprintf("%dx%d", size.width, size.height), func(t *testing.T) {
			v := &demoView{started: now.Add(-time.Hour), commands: []demoCommand{{strings.Repeat("x", 100), "what it does"}}}
			lines := v.lines(f, size.width, size.height)
			assert.LessOrEqual(t, len(lines), size.height)
			for _, l := range lines {
				assert.LessOrEqual(t, utf8.RuneCountInString(l), size.width, l)
				assert.NotContains(t, l, "\n")
			}
		})
	}
}

func TestScreen_WritesOnlyWhatHasChanged(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out}
	s.draw([]string{"one", "two", "three"}, 80, 24)
	out.Reset()
	s.draw([]string{"one", "2"}, 80, 24)
	assert.Equal(t, "\x1b[2;1H2\x1b[K\x1b[3;1H\x1b[K", out.String())
	out.Reset()
	s.draw([]string{"one", "2"}, 80, 24)
	assert.Empty(t, out.String())
	s.draw([]string{"one", "2"}, 60, 24)
	assert.Equal(t, "\x1b[2J\x1b[1;1Hone\x1b[K\x1b[2;1H2\x1b[K", out.String(), "a terminal of another size is drawn anew")
}

func TestSelfCommand(t *testing.T) {
	for arg0, want := range map[string]string{
		"sluice":             "sluice",
		"./sluice":           "./sluice",
		"/opt/my bin/sluice": "'/opt/my bin/sluice'",
		"it's":               `'it'\''s'`,
		filepath.Join(os.TempDir(), "go-build123/b001/exe/sluice"): "go run github.com/sluice-kafka/sluice/cmd/sluice",
	} {
		assert.Equal(t, want, selfCommand(arg0))
	}
	t.Chdir(filepath.Join("..", ".."))
	assert.Equal(t, "go run ./cmd/sluice", selfCommand("/tmp/go-build123/b001/exe/sluice"))
}

// putFault makes the fake fail.
func putFault(t *testing.T, url, fault string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(fault))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
}

// atAPI returns how many requests a worker has at the API.
func atAPI(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	var s worker.Snapshot
	require.NoError(t, json.NewDecoder(res.Body).Decode(&s))
	return s.AtAPI
}

// syncBuffer is a buffer that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// demoResult is what a run of the demo left.
type demoResult struct {
	code           int
	stdout, stderr string
}

func playDemo(t *testing.T, args ...string) demoResult {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), t.Context(), append([]string{"demo"}, args...), term.Streams{Out: &out, Err: &errs})
	return demoResult{code, out.String(), errs.String()}
}

// object returns the one JSON object on standard output.
func (r demoResult) object(t *testing.T) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(r.stdout))
	var object map[string]any
	require.NoError(t, d.Decode(&object), r.stdout)
	require.ErrorIs(t, d.Decode(&object), io.EOF, "exactly one object")
	return object
}
