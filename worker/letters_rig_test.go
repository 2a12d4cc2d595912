package worker_test

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/schema"
	"github.com/sluice-kafka/sluice/worker"
)

// A payload that the default schema accepts, as its producer wrote it.
const soundPayload = `{"contact":{"external_id":"c-17","channel":"chat","timestamp":"2026-11-23T09:28:59Z","metadata":{"name":"Ann <a&b>"}},"priority":3,"tags":["vip"],"callback_url":"https://example.com/cb"}`

// said is what the API answers, with request ids req-1 and so on. Status 0: it never answers.
type said struct {
	status int
	header map[string]string
	body   string
}

// letters is a story of messages that become dead letters: real worker, validator, client, writer and protocols,
// in virtual time.
type letters struct {
	api     func(token bool, n int) said // the n-th request of all, counted from 1
	style   genesys.API
	success genesys.Success
	change  func(*worker.Config)
	rules   []string          // of redaction
	topic   map[string]string // settings of the dead-letter topic
	msgs    []kafkago.Message
	within  time.Duration // virtual time that it takes at most; 1 min
}

// written is a dead letter on its topic, decoded; the rest is what else was to be seen.
type written struct {
	deadletter.Record
	kafkago.Message
}

// tell runs the story and returns the dead letters in order of their offset in the source, and the log.
func (l letters) tell(t *testing.T) (found []written, logged string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		if l.topic != nil {
			r.CreateTopic(t, topic+".dlq", 1, l.topic)
		}
		redact, err := deadletter.NewRedaction(l.rules)
		require.NoError(t, err)
		writer, err := deadletter.NewWriter(deadletter.WriterConfig{Topic: topic + ".dlq", Cluster: r.Connect(t), Logger: r.log})
		require.NoError(t, err)
		r.setTopic(t, topic, "max.message.bytes", "33554432")
		r.Produce(t, topic, l.msgs...)
		run := r.startLetters(t, l, writer, func(c *worker.Config) {
			c.Redact = redact
			if l.change != nil {
				l.change(c)
			}
		})
		eventually(t, max(l.within, time.Minute), "all dead-lettered", func() bool { return run.events.deadLettered() == len(l.msgs) })
		held, err := json.Marshal(run.Snapshot())
		require.NoError(t, err)
		run.leave(t)
		found = make([]written, len(l.msgs))
		for _, m := range r.ReadAll(t, topic+".dlq") {
			rec, err := deadletter.Decode(m.Value)
			require.NoError(t, err)
			require.Equal(t, string(m.Value), string(deadletter.Encode(rec)), "encoding what was decoded gives equal bytes")
			found[rec.Source.Offset] = written{rec, m}
		}
		logged = r.logged(t) + string(held)
	})
	return found, logged
}

// startLetters starts a worker whose API is the story's.
func (r *rig) startLetters(t *testing.T, l letters, d worker.DeadLetterWriter, change func(*worker.Config)) *running {
	t.Helper()
	var requests atomic.Int64
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		token := strings.HasSuffix(q.URL.Path, "/oauth/token")
		n := int(requests.Add(1))
		_, _ = io.Copy(io.Discard, q.Body) // so that the end of a hanging request is seen
		answer := said{status: 200}
		if l.api != nil {
			answer = l.api(token, n)
		}
		if answer.status == 0 {
			<-q.Context().Done()
			return
		}
		if token && answer.status == 200 {
			answer.body = `{"access_token":"a-token-of-the-tests","token_type":"bearer","expires_in":86400}`
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Request-Id", "req-"+strconv.Itoa(n))
		w.Header().Set("ININ-Correlation-Id", "req-"+strconv.Itoa(n))
		for name, value := range answer.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(answer.status)
		_, _ = w.Write([]byte(answer.body))
	})}
	listener := r.Listen(t, "127.0.0.1:8080")
	go func() { _ = server.Serve(listener) }()
	client, err := genesys.New(genesys.Config{
		API: l.style, BaseURL: "http://127.0.0.1:8080", ClientID: "id", ClientSecret: genesys.NewSecret("secret"), ActionID: "action",
		Success: l.success, Dial: r.Net.DialContext,
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		client.Close()
		_ = server.Close()
	})
	valid, err := schema.Compile(schema.Default(), schema.Options{})
	require.NoError(t, err)
	return r.startAll(t, panicking{valid}, client, d, func(c *worker.Config) {
		c.Action = deadletter.Action{ID: "action", API: string(cmp.Or(l.style, genesys.APIProcesses)), URL: client.URL()}
		c.Processor = deadletter.Processor{Version: "1.0.0", Group: "sluice", Host: "worker-0"}
		change(c)
	})
}

// panicking is a validator that has a fault.
type panicking struct{ *schema.Validator }

func (v panicking) Validate(raw []byte) ([]byte, error) {
	if string(raw) == `"panic"` {
		panic("as meant")
	}
	return v.Validator.Validate(raw)
}

// logged is all that the log holds, as text.
func (r *rig) logged(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, e := range r.logs.All() {
		fields, err := json.Marshal(e.ContextMap())
		require.NoError(t, err)
		b.WriteString(e.Message + " " + string(fields) + "\n")
	}
	return b.String()
}

// everyRequest answers invocations alike, and gives tokens.
func everyRequest(a said) func(bool, int) said {
	return func(token bool, _ int) said {
		if token {
			return said{status: 200}
		}
		return a
	}
}

// one is a single message.
func one(payload string) []kafkago.Message {
	return []kafkago.Message{{
		Key: []byte("customer-17"), Value: []byte(payload), Time: time.Date(2026, 11, 23, 9, 29, 0, 0, time.UTC),
		Headers: []kafkago.Header{{Key: "event-id", Value: []byte("e-1")}, {Key: "bin", Value: []byte{0xff, 0}}},
	}}
}

// requireStrictlyValid holds a dead letter against the published schema, in which every field is described.
func requireStrictlyValid(t *testing.T, value []byte) {
	t.Helper()
	var doc any
	require.NoError(t, json.Unmarshal(deadletter.JSONSchema(), &doc))
	var shut func(node any)
	shut = func(node any) {
		switch n := node.(type) {
		case map[string]any:
			if _, ok := n["properties"]; ok && n["type"] == "object" {
				n["additionalProperties"] = false
			}
			for _, child := range n {
				shut(child)
			}
		case []any:
			for _, child := range n {
				shut(child)
			}
		}
	}
	shut(doc)
	res, err := gojsonschema.Validate(gojsonschema.NewGoLoader(doc), gojsonschema.NewBytesLoader(value))
	require.NoError(t, err)
	require.Empty(t, res.Errors(), "%.2000s", value)
}
