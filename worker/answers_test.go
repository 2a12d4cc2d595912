package worker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// answerStage is a fake API, a server that speaks by hand, and a client of one of them. Use it within a synctest
// bubble.
type answerStage struct {
	net    kfake.VirtualNetwork
	fake   *genesystest.Server
	client *genesys.Client
	sent   int // requests for the invocation
}

func stageAnswer(t *testing.T, row answerRow) *answerStage {
	t.Helper()
	s := &answerStage{}
	path := row.path
	if path == "" {
		path = genesystest.PathInvoke
	}
	s.fake = genesystest.New(genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
		if c.Path == path {
			return row.fake
		}
		return genesystest.Answer{}
	}})
	listen := func(address string) string {
		l, err := s.net.Listen("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		return s.fake.Start(l)
	}
	t.Cleanup(s.fake.Close)
	cfg := genesys.Config{
		API: genesys.APIIntegrations, BaseURL: listen("localhost:80"), LoginURL: listen("localhost:81"),
		ClientID: "id", ClientSecret: genesys.NewSecret("secret"), ActionID: "action", Dial: s.fake.Dial(s.net.DialContext),
	}
	if row.raw != "" {
		cfg.BaseURL = s.byHand(t, row.raw)
	}
	if row.change != nil {
		row.change(&cfg)
	}
	client, err := genesys.New(cfg)
	require.NoError(t, err)
	s.client = client
	t.Cleanup(s.client.Close)
	return s
}

// byHand starts a server that answers every request with the same bytes.
func (s *answerStage) byHand(t *testing.T, says string) string {
	t.Helper()
	l, err := s.net.Listen("tcp", "localhost:82")
	require.NoError(t, err)
	stop := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.answerByHand(conn, says, stop) })
		}
	})
	t.Cleanup(func() {
		close(stop)
		require.NoError(t, l.Close())
		serving.Wait()
	})
	return "http://localhost:82"
}

func (s *answerStage) answerByHand(conn net.Conn, says string, stop <-chan struct{}) {
	defer conn.Close()
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	s.sent++
	text, waits := strings.CutSuffix(says, silence)
	_, _ = io.WriteString(conn, text)
	if waits {
		<-stop
	}
}

// outcomeRow is what came of an answer.
type outcomeRow struct {
	says, kind, verdict, code, breaker, sending string
}

// see lets the client meet the answer of a row, and checks what the row says of it.
func (row answerRow) see(t *testing.T) (seen outcomeRow) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := stageAnswer(t, row)
		if row.revoked || row.path == genesystest.PathInvoke {
			_, err := s.client.Token(t.Context())
			require.NoError(t, err)
		}
		if row.revoked {
			s.fake.RevokeTokens()
		}
		if row.fault != (genesystest.Fault{}) {
			s.fake.SetFault(row.fault)
		}
		payload := row.payload
		if payload == "" {
			payload = `{"contact":"c-1"}`
		}
		start := time.Now()
		_, err := s.client.Attempt(context.Background(), genesys.Request{Payload: []byte(payload), ID: "payloads/0/1"})
		answered := time.Now()
		var e *genesys.Error
		if row.want == 0 {
			require.NoError(t, err)
		} else {
			require.ErrorAs(t, err, &e)
			require.Equal(t, row.want.String(), e.Kind.String())
			require.NotContains(t, e.Error(), "secret")
			require.NotContains(t, e.Error(), "c-1\"")
			keepsTheBody(t, e)
		}
		require.LessOrEqual(t, answered.Sub(start), 66*time.Second, "the time-out holds")
		row.checkSending(t, s, answered)
		seen = row.outcome(e)
	})
	return seen
}

// checkSending checks how often the server was asked, and whether all sending pauses.
func (row answerRow) checkSending(t *testing.T, s *answerStage, now time.Time) {
	t.Helper()
	want := max(row.sent, 1)
	if row.sent < 0 {
		want = 0
	}
	got := s.sent
	for _, n := range s.fake.Stats().Answers[genesystest.PathInvoke] {
		got += n
	}
	if row.path == genesystest.PathToken && row.want == 0 {
		want = 1
	}
	assert.Equal(t, want, got, "requests for the invocation")
	until := s.client.Paused()
	if row.pauses == 0 {
		assert.Zero(t, until, "nothing pauses")
		return
	}
	assert.GreaterOrEqual(t, until.Sub(now), row.pauses)
	assert.LessOrEqual(t, until.Sub(now), row.pauses+row.pauses/4)
}

// keepsTheBody checks that the dead letter of a failure has all of a JSON body that its answer had.
func keepsTheBody(t *testing.T, e *genesys.Error) {
	t.Helper()
	if !json.Valid(e.Body) {
		return
	}
	var kept struct {
		Body json.RawMessage `json:"last_body"`
	}
	require.NoError(t, json.Unmarshal(details(e), &kept))
	var compact bytes.Buffer
	require.NoError(t, json.Compact(&compact, e.Body))
	assert.JSONEq(t, compact.String(), string(kept.Body))
}

// outcome is what the worker makes of an attempt.
func (row answerRow) outcome(e *genesys.Error) outcomeRow {
	seen := outcomeRow{says: row.says, kind: "accepted", verdict: "done", breaker: "success", code: "", sending: ""}
	if row.sent > 1 {
		seen.sending = "once more with a new token"
	}
	if e == nil {
		return seen
	}
	v := judgeAnswer(e, UnknownRetry)
	seen.kind, seen.verdict = e.Kind.String(), actionNames[v.action]
	seen.code = fmt.Sprintf("%s · %s · %s", v.code, v.class, v.outcome)
	seen.breaker = effectNames[v.effect]
	switch {
	case row.pauses > 0:
		seen.sending = "all pause for " + shortly(row.pauses)
	case e.RetryAfter > 0:
		seen.sending = "this message waits " + shortly(e.RetryAfter)
	}
	return seen
}

func shortly(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%g s", d.Seconds())
}

var (
	actionNames = map[action]string{
		actDeadLetter: "dead letter", actProvisional: "dead letter, provisional", actRetry: "retry", actWait: "wait", actPause: "wait, with all others",
	}
	effectNames = map[effect]string{effectNone: "nothing", effectSuccess: "success", effectFailure: "failure"}
)

const (
	answersFile = "../docs/answers.md"
	answersHead = `# Answers, and what becomes of a message

%d answers that a Data Action's API, or what stands in front of it, can give, and what sluice makes of each while the
breaker is closed. ` + "`TestAnswers`" + ` (worker) lets the client meet every one of them, by a server that really
answers so, checks the kind, the number of requests and the pause, and writes this page:
` + "`go test ./worker -run TestAnswers -update`" + `. The rules behind it are in [architecture.md](architecture.md).

- *verdict*: **retry** spends an attempt of four; **wait** spends none; **provisional** ends the message once another
  one succeeds after it, or after 5 s with the breaker closed. While the breaker is open, all but a dead letter mean:
  held.
- *code · class · outcome* are those of the dead letter, if the message becomes one. The outcome *unknown* means that
  the action may have run; with ` + "`SLUICE_RETRY_UNKNOWN=dead-letter`" + ` such a message is not sent again.
- *breaker*: what the answer says of the API: that it serves, that it fails, or nothing.
- *sending*: what happens beside the message's own schedule.

Without a success rule (` + "`genesys.success`" + `), every 2xx is an acceptance, whatever its body: the one row to
think about is HTML with 200, which something between sluice and Genesys Cloud may send. With a rule, such an answer
is repeated, not believed.
`
)

// TestAnswers: docs/answers.md says of every answer what the tests saw.
func TestAnswers(t *testing.T) {
	n := 0
	var b strings.Builder
	for _, g := range answerGroups {
		fmt.Fprintf(&b, "\n## %s\n\n| answer | kind | verdict | code · class · outcome | breaker | sending |\n| --- | --- | --- | --- | --- | --- |\n", g.heading)
		for _, row := range g.rows {
			n++
			var seen outcomeRow
			if !t.Run(row.says, func(t *testing.T) { seen = row.see(t) }) {
				continue
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", cell(seen.says), cell(seen.kind), seen.verdict, cell(seen.code), seen.breaker, seen.sending)
		}
	}
	require.False(t, t.Failed())
	page := fmt.Sprintf(answersHead, n) + b.String()
	if *Update {
		require.NoError(t, os.WriteFile(answersFile, []byte(page), 0o600))
	}
	written, err := os.ReadFile(answersFile)
	require.NoError(t, err)
	require.Equal(t, page, string(written), "run: go test ./worker -run TestAnswers -update")
}

// cell escapes what Markdown would take for its own.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "_", `\_`, "[", `\[`).Replace(text)
}

// The dead letter has the whole of an error's body, but not without bound.
func TestDetails_KeepTheWholeBody(t *testing.T) {
	row := answerRow{fake: said(400, "application/json", errorOf)}
	large := answerRow{fake: said(400, "application/json", `{"message":"`+strings.Repeat("é", 100_000)+`"}`)}
	for _, r := range []answerRow{row, large} {
		synctest.Test(t, func(t *testing.T) {
			s := stageAnswer(t, r)
			_, err := s.client.Attempt(t.Context(), genesys.Request{Payload: []byte("{}")})
			e, ok := errors.AsType[*genesys.Error](err)
			require.True(t, ok)
			var kept struct {
				Body json.RawMessage `json:"last_body"`
			}
			require.NoError(t, json.Unmarshal(Outcome(e).Details, &kept))
			if len(r.fake.Body) < maxErrorBody {
				require.JSONEq(t, errorOf, string(kept.Body))
				return
			}
			var text string
			require.NoError(t, json.Unmarshal(kept.Body, &text))
			require.InDelta(t, maxErrorBody, len(text), 8)
			require.True(t, strings.HasPrefix(text, `{"message":"é`))
		})
	}
}
