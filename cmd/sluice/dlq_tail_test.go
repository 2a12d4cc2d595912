package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
	"github.com/sluice-kafka/sluice/internal/term"
)

// shared is output that a test reads while a command writes it.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// tailed runs tail until it has printed so much, with more dead letters written meanwhile, and ends it as
// Ctrl-C does.
func tailed(t *testing.T, want string, args ...string) (out string, code int) {
	t.Helper()
	b := kafkatest.TCP(t)
	b.CreateTopic(t, scriptTopic, 3, nil)
	w, err := deadletter.NewWriter(deadletter.WriterConfig{Topic: scriptTopic, Cluster: b.Cluster})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	for i := range 3 {
		require.NoError(t, w.Write(t.Context(), seriesRecord(i)))
	}
	t.Setenv("SLUICE_KAFKA_BROKERS", strings.Join(b.Config().Brokers, ","))

	stop, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var stdout, stderr shared
	ended := make(chan int, 1)
	go func() {
		ended <- run(stop, t.Context(), append([]string{"dlq", "tail"}, args...), term.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	}()
	require.Eventually(t, func() bool { return strings.Contains(stderr.String(), "following payloads.dlq") }, time.Minute, 10*time.Millisecond)
	if strings.Contains(strings.Join(args, " "), "--from-start") { // then it is known to have begun
		require.Eventually(t, func() bool { return strings.Contains(stdout.String(), "payloads/2/1002") }, time.Minute, 10*time.Millisecond)
	}
	for i := 3; i < 6; i++ {
		require.NoError(t, w.Write(t.Context(), seriesRecord(i)))
	}
	require.Eventually(t, func() bool { return strings.Contains(stdout.String(), want) }, time.Minute, 10*time.Millisecond, "%s", &stderr)
	interrupt()
	return stdout.String(), <-ended
}

func TestDlqTail_ALineEachUntilInterrupted(t *testing.T) {
	out, code := tailed(t, "payloads/2/1005", "--from-start", "1")
	require.Equal(t, exitOK, code)
	require.Equal(t, 4, strings.Count(out, "\n"), out)
	require.Contains(t, out, "2026-11-23T09:33:00Z  payloads/0/1003     NETWORK_ERROR         failed 4 times")
	require.NotContains(t, out, "09:29:00", "nothing of the payloads")
	require.NotContains(t, out, "two lines")
}

func TestDlqTail_RecordsAsTheyAreStored(t *testing.T) {
	out, code := tailed(t, "payloads/2/1005", "--from-start", "all", "-o", "ndjson", "--class", "contract,permanent")
	require.Equal(t, exitOK, code)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 4, out)
	for _, line := range lines {
		_, err := deadletter.Decode([]byte(line))
		require.NoError(t, err, line)
	}
}

func TestHarmless_NoCellIsAFormula(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "c-17": "c-17", "2026": "2026", "=1+1": "'=1+1", "+49": "'+49", "-1": "'-1", "@a": "'@a", "\tx": "'\tx", "a=b": "a=b",
	} {
		require.Equal(t, want, harmless(in))
	}
}

func TestStatsReport_ReadsWell(t *testing.T) {
	require.Equal(t, "partition 3", partitionsText([]int{3}))
	require.Equal(t, "partitions 0-2, 5, 7-8", partitionsText([]int{0, 1, 2, 5, 7, 8}))
	require.Equal(t, "no partition told", partitionsText(nil))
	require.Equal(t, "10,000+ keys", keysText(causeReport{Keys: 10_000, MoreKeys: true}))
	require.Equal(t, "1 key", keysText(causeReport{Keys: 1}))
	s := sheet{now: seriesStart.Add(48 * time.Hour), width: 80}
	require.Equal(t, "2026-11-23 09:30:00 to 2026-11-24 09:30:00 UTC (24 h ago)", s.period(seriesStart, seriesStart.Add(24*time.Hour)))
	require.Equal(t, "2026-11-23 09:30:00 UTC (48 h ago)", strings.Replace(s.period(seriesStart, seriesStart), "2 d", "48 h", 1))
}
