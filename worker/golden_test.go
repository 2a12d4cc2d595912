package worker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/worker"
)

// goldenDir is where the package of the record keeps what the worker has written.
const goldenDir = "../deadletter/testdata/golden/v1"

// giveUpAfter makes holding end within a test's patience.
func giveUpAfter(d time.Duration) func(*worker.Config) {
	return func(c *worker.Config) { c.GiveUpAfter = d }
}

// many is n messages, each with a key of its own.
func many(n int) []kafkago.Message {
	var msgs []kafkago.Message
	for i := range n {
		m := one(soundPayload)[0]
		m.Key = fmt.Appendf(nil, "customer-%d", i)
		msgs = append(msgs, m)
	}
	return msgs
}

const refusal = `{"message":"contact <c-17> is unknown","code":"bad.request","status":%d,"contextId":"ctx-1","details":[],"errors":[]}`

func refuses(status int) func(bool, int) said {
	return everyRequest(said{status: status, body: fmt.Sprintf(refusal, status)})
}

// goldens is a message for every code, and for every class and form of record.
var goldens = map[string]letters{
	"validation_failed":           {msgs: one(`{"contact":{"external_id":"","channel":"fax"},"priority":9,"tags":[1],"callback_url":"ftp://x"}`)},
	"validation_failed_not_json":  {msgs: one(`{"contact": `)},
	"validation_failed_tombstone": {msgs: []kafkago.Message{{Key: []byte("customer-17"), Time: one("")[0].Time}}},
	"validation_failed_binary":    {msgs: []kafkago.Message{{Key: []byte{0xff, 0xfe}, Value: []byte{0, 1, 0xff}, Time: one("")[0].Time}}},
	"validation_failed_redacted": {
		rules: []string{"/contact", "key", "header:bin"},
		msgs:  one(`{"contact":{"external_id":"","channel":"fax"},"priority":9,"tags":[],"callback_url":"https://example.com/cb"}`),
	},
	"validation_failed_redacted_not_json": {rules: []string{"/contact"}, msgs: one(`{"contact": `)},
	"payload_too_large": {
		style: genesys.APIIntegrations, topic: map[string]string{"max.message.bytes": "2048"},
		msgs: one(strings.Replace(soundPayload, `"Ann <a&b>"`, `"`+strings.Repeat("a long story ", 50_000)+`"`, 1)),
	},
	"action_failed": {
		style: genesys.APIIntegrations, success: genesys.Success{Pointer: "/status", Value: "ok"},
		api: everyRequest(said{status: 200, body: `{"status":"refused","reason":"no such queue"}`}), msgs: one(soundPayload),
	},
	"genesys_api_400":          {api: refuses(400), msgs: one(soundPayload)},
	"genesys_api_302":          {api: everyRequest(said{status: 302, header: map[string]string{"Location": "https://elsewhere.example/"}}), msgs: one(soundPayload)},
	"genesys_api_401":          {api: refuses(401), change: giveUpAfter(time.Second), msgs: one(soundPayload)},
	"genesys_api_404":          {api: refuses(404), msgs: one(soundPayload)},
	"genesys_api_422_redacted": {api: refuses(422), rules: []string{"/contact/external_id", "/contact/metadata/*"}, msgs: one(soundPayload)},
	"genesys_api_429": {
		api:    everyRequest(said{status: 429, header: map[string]string{"Retry-After": "3"}, body: fmt.Sprintf(refusal, 429)}),
		change: giveUpAfter(time.Second), msgs: one(soundPayload),
	},
	"genesys_api_500_processing": {
		style: genesys.APIIntegrations,
		api: everyRequest(said{status: 500, body: `{"message":"Failed to translate","code":"internal.server.error","status":500,` +
			`"details":[{"errorCode":"ACTION.PROCESSING"}],"errors":[]}`}),
		msgs: one(soundPayload),
	},
	"genesys_api_400_remote": {
		style: genesys.APIIntegrations,
		api: everyRequest(said{status: 400, body: `{"message":"Request to backend service failed.","code":"bad.request","status":400,` +
			`"details":[{"errorCode":"ACTION.REMOTE_ENDPOINT"}],"errors":[]}`}),
		msgs: one(soundPayload),
	},
	"token_failed": {
		api:    func(bool, int) said { return said{status: 400, body: `{"error":"invalid_client"}`} },
		change: giveUpAfter(time.Second), msgs: one(soundPayload),
	},
	"permission_denied": {api: refuses(403), msgs: one(soundPayload)},
	"max_retries_exceeded": {
		api:  everyRequest(said{status: 503, header: map[string]string{"Content-Type": "text/html"}, body: "<h1>Service unavailable</h1>\n"}),
		msgs: one(soundPayload),
	},
	"max_retries_exceeded_gateway": {api: everyRequest(said{status: 502}), msgs: one(soundPayload)},
	"network_error":                {api: everyRequest(said{}), msgs: one(soundPayload), within: 5 * time.Minute},
	"circuit_open": {
		// The others are tried, and open the breaker; the last one never is.
		api:    everyRequest(said{}),
		change: func(c *worker.Config) { c.GiveUpAfter, c.Concurrency = time.Minute, 3 },
		msgs:   many(40),
		within: 5 * time.Minute,
	},
	"internal_error": {msgs: one(`"panic"`)},
}

func TestGolden_WhatTheWorkerWrites(t *testing.T) {
	for name, story := range goldens {
		t.Run(name, func(t *testing.T) {
			found, _ := story.tell(t)
			last := found[len(found)-1]
			requireStrictlyValid(t, last.Value)
			code, _, _ := strings.Cut(name, "_redacted")
			require.True(t, strings.HasPrefix(code, strings.ToLower(string(last.Code))), "%s: %s", name, last.Code)
			value := string(deadletter.Encode(settled(last.Record))) + "\n"
			file := filepath.Join(goldenDir, name+".json")
			if *worker.Update {
				require.NoError(t, os.MkdirAll(goldenDir, 0o755))
				require.NoError(t, os.WriteFile(file, []byte(value), 0o644))
			}
			golden, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(golden), value, "run with -update if this is meant")
		})
	}
}

// Every code that there is has its golden file.
func TestGolden_EveryCode(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldenDir, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, len(goldens), "a file that no story writes, or a story without a file")
	seen := map[deadletter.Code]bool{}
	for _, file := range files {
		value, err := os.ReadFile(file)
		require.NoError(t, err)
		rec, err := deadletter.Decode(value)
		require.NoError(t, err)
		seen[rec.Code] = true
	}
	for _, e := range deadletter.Codes() {
		if !strings.HasPrefix(e.Code, "GENESYS_API_") {
			require.True(t, seen[deadletter.Code(e.Code)], e.Code)
		}
	}
}

// settled replaces the times, which waits of random length are in, by round ones.
func settled(r deadletter.Record) deadletter.Record {
	at := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	for i := range r.Attempts {
		a := &r.Attempts[i]
		a.At = at
		if a.WaitMS > 0 {
			a.WaitMS = 1000 << min(a.N, 5)
		}
		at = at.Add(time.Duration(a.WaitMS)*time.Millisecond + 120*time.Millisecond)
	}
	r.FailedAt = at
	return r
}
