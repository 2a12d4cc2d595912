package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
	"github.com/sluice-kafka/sluice/internal/results"
	"github.com/sluice-kafka/sluice/internal/term"
)

// TestRun_WritesResults: `sluice run` with a results topic creates it, answers for it in /readyz and /metrics,
// and leaves a result of each message that the API accepted, and none of one that it did not.
func TestRun_WritesResults(t *testing.T) {
	broker := kafkatest.TCP(t)
	broker.CreateTopic(t, "payloads", 3, nil)
	api := genesystest.New(genesystest.Options{ClientID: "client", ClientSecret: "secret"})
	t.Cleanup(api.Close)
	t.Chdir(t.TempDir())
	for name, value := range map[string]string{
		"SLUICE_KAFKA_BROKERS": strings.Join(broker.Config().Brokers, ","), "SLUICE_RESULTS_TOPIC": "{topic}.results",
		"SLUICE_ADMIN_ADDR": "127.0.0.1:0", "SLUICE_LOG_FORMAT": "json", "GENESYS_BASE_URL": api.Start(broker.Listen(t, "127.0.0.1:0")),
		"GENESYS_CLIENT_ID": "client", "GENESYS_CLIENT_SECRET": "secret", "GENESYS_DATA_ACTION_ID": "action",
	} {
		t.Setenv(name, value)
	}
	stop, signal := context.WithCancel(t.Context())
	var logs syncBuffer
	done := make(chan int, 1)
	go func() { done <- run(stop, t.Context(), []string{"run"}, term.Streams{Out: io.Discard, Err: &logs}) }()
	broker.Produce(t, "payloads",
		kafkago.Message{Key: []byte("c-1"), Value: []byte(strings.Replace(validPayload, "%d", "1", 1))},
		kafkago.Message{Key: []byte("c-2"), Value: []byte(`{}`)},
		kafkago.Message{Partition: 1, Key: []byte("c-3"), Value: []byte(strings.Replace(validPayload, "%d", "3", 1))},
	)
	require.Eventually(t, func() bool { return strings.Contains(logs.String(), "dead letter") }, time.Minute, 10*time.Millisecond)
	require.Eventually(t, func() bool { return len(broker.ReadAll(t, "payloads.results")) == 2 }, time.Minute, 10*time.Millisecond)

	admin := regexp.MustCompile(`"admin":"([^"]+)"`).FindStringSubmatch(logs.String())[1]
	assert.Regexp(t, `"results_topic": \{\s+"ok": true`, get(t, admin+"/readyz"))
	assert.Contains(t, get(t, admin+"/metrics"), "sluice_result_write_failures_total 0")
	assert.Contains(t, logs.String(), `"results_topic":"payloads.results"`)
	signal()
	require.Equal(t, exitOK, <-done, logs.String())

	for _, m := range broker.ReadAll(t, "payloads.results") {
		r, err := results.Decode(m.Value)
		require.NoError(t, err)
		assert.Equal(t, string(r.Source.Key), string(m.Key))
		assert.Contains(t, []string{"c-1", "c-3"}, string(m.Key))
		assert.Contains(t, string(r.Data), "invocationId")
		assert.WithinDuration(t, time.Now(), r.At, time.Minute)
	}
}

// get returns what an address answers.
func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}
