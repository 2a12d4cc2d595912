package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/term"
)

func TestMockKafka_SaysWhereItIsAndServesUntilTheFirstSignal(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, context.Background(), []string{
			"mock", "kafka", "--addr", "127.0.0.1:0", "--faults-addr", "127.0.0.1:0", "--topics", "orders,more", "--partitions", "2",
		}, term.Streams{In: strings.NewReader(""), Out: io.Discard, Err: w})
		_ = w.Close()
	}()
	said := readUntil(t, r, "dlq ls")
	require.Contains(t, said, "topics: orders (2 partitions), more (2 partitions); in memory, gone when it ends")
	addr := regexp.MustCompile(`fake Kafka at (\S+);`).FindStringSubmatch(said)[1]
	require.Contains(t, said, "SLUICE_KAFKA_BROKERS="+addr+" SLUICE_TOPIC=orders sluice produce events.ndjson")
	faults := regexp.MustCompile(`faults at (\S+);`).FindStringSubmatch(said)[1]

	produce := func(topic string) int {
		return run(t.Context(), context.Background(), []string{"produce", "-", "--kafka-brokers", addr, "--topic", topic},
			term.Streams{In: strings.NewReader("1\n2\n"), Out: io.Discard, Err: io.Discard})
	}
	require.Equal(t, exitOK, produce("orders"))
	require.Equal(t, exitNotFound, produce("payloads"), "nothing else is created")
	switchFault(t, http.MethodPut, faults, `{"produce":"TOPIC_AUTHORIZATION_FAILED","topic":"more"}`)
	require.Equal(t, exitFailed, produce("more"))
	require.Equal(t, exitOK, produce("orders"))
	switchFault(t, http.MethodDelete, faults, "")
	require.Equal(t, exitOK, produce("more"))

	stop()
	require.Equal(t, exitOK, <-ended)
}

// readUntil returns what is said up to the line that holds the text; the rest is read, so that nobody waits.
func readUntil(t *testing.T, r io.Reader, text string) string {
	t.Helper()
	var said strings.Builder
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		said.WriteString(scanner.Text() + "\n")
		if strings.Contains(scanner.Text(), text) {
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return said.String()
		}
	}
	require.Fail(t, "it ended", said.String())
	return ""
}

func switchFault(t *testing.T, method, url, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
}
