package genesystest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

const officialAction = "custom_-_2f1e4b60-7d9c-4b6e-9f5a-0c1d2e3f4a5b"

// seen is what the official client told of one step.
type seen struct {
	Step          string          `json:"step"`
	OK            bool            `json:"ok"`
	Status        int             `json:"status"`
	CorrelationID string          `json:"correlationId"`
	RetryAfter    string          `json:"retryAfter"`
	ContentType   string          `json:"contentType"`
	Body          json.RawMessage `json:"body"`
}

// officialAnswers is what the fake answers to messages with these ids, and what the client makes of it.
var officialAnswers = map[string]struct {
	answer genesystest.Answer
	ok     bool
	status int
	code   string // in the body
}{
	"204":         {answer: genesystest.Answer{Status: 204}, ok: true, status: 204},
	"400":         {answer: genesystest.Answer{Status: 400}, status: 400, code: "bad.request"},
	"remote":      {answer: genesystest.Answer{Status: 400, ActionCode: "ACTION.REMOTE_ENDPOINT"}, status: 400, code: "bad.request"},
	"403":         {answer: genesystest.Answer{Status: 403}, status: 403, code: "missing.permissions"},
	"409":         {answer: genesystest.Answer{Status: 409, Code: "general.conflict"}, status: 409, code: "general.conflict"},
	"429":         {answer: genesystest.Answer{Status: 429, RetryAfter: 3}, status: 429, code: "too.many.requests.retry.after"},
	"500":         {answer: genesystest.Answer{Status: 500}, status: 500, code: "internal.server.error"},
	"503":         {answer: genesystest.Answer{Status: 503, RetryAfter: 3}, status: 503, code: "service.unavailable"},
	"504":         {answer: genesystest.Answer{Status: 504}, status: 504, code: "request.timeout"},
	"gzip":        {answer: genesystest.Answer{Gzip: true}, ok: true, status: 200},
	"large":       {answer: genesystest.Answer{Pad: 2 << 20}, ok: true, status: 200},
	"HTML":        {answer: genesystest.Answer{Status: 200, Body: []byte("<html>"), ContentType: "text/html"}, ok: true, status: 200},
	"see another": {answer: genesystest.Answer{Status: 302, Header: http.Header{"Location": {"/api/v2/integrations/actions/" + officialAction}}}, ok: true, status: 200},
}

// TestOfficialJavaScriptClient proves the fake faithful in the published style: the client that Genesys generates
// from its own description of the API logs in, executes and describes an action, and finds statuses, codes and ids
// where it looks for them. SLUICE_TEST_JS names the node_modules in which it is installed; .ci/run does that.
func TestOfficialJavaScriptClient(t *testing.T) {
	modules := os.Getenv("SLUICE_TEST_JS")
	if modules == "" {
		t.Skip("official JavaScript client NOT RUN: SLUICE_TEST_JS does not name a node_modules with it (.ci/run installs one)")
	}
	api, said := official(t, modules)

	login := said["login"]
	require.True(t, login.OK, "%s", login.Body)
	var granted struct {
		Token string
		Life  float64
	}
	require.NoError(t, json.Unmarshal(login.Body, &granted))
	assert.NotEmpty(t, granted.Token)
	assert.InDelta(t, 3600e3, granted.Life, 60e3, "an hour, as far as the client sees")
	assert.Equal(t, "16000", string(said["time-out"].Body), "docs/genesys.md says so")

	refusals := map[string]struct {
		status int
		code   string
	}{
		"no token": {401, "authentication.required"}, "another action": {404, "not.found"},
		"too large": {413, "request.entity.too.large"}, "revoked": {401, "bad.credentials"},
	}
	for step, want := range refusals {
		failure := said[step].platform(t)
		assert.Equal(t, want.status, failure.Status, step)
		assert.Equal(t, want.code, failure.Code, step)
	}
	assert.Equal(t, 401, said["wrong secret"].Status)
	assert.Contains(t, string(said["wrong secret"].Body), `"error":"invalid_client"`)

	for _, step := range []string{"execute", "execute, flat", "gzip", "large"} {
		assert.True(t, said[step].OK, step)
		assert.Equal(t, 200, said[step].Status, step)
		assert.Contains(t, string(said[step].Body), `"executionId"`, step)
		assert.Len(t, said[step].CorrelationID, 36, step)
	}
	assert.Contains(t, string(said["bare result"].Body), `"executionId"`)
	assert.Contains(t, string(said["bare failure"].Body), `"code":"missing.permissions"`)
	assert.Contains(t, string(said["describe"].Body), `"inputSchema":{"`)
	assert.Contains(t, string(said["describe"].Body), `"timeoutSeconds":60`)
	assert.Contains(t, string(said["see another"].Body), `"name":"Fake action"`, "it has followed the redirect, with a GET")

	for id, want := range officialAnswers {
		got := said[id]
		assert.Equal(t, want.ok, got.OK, id)
		assert.Equal(t, want.status, got.Status, id)
		if want.code != "" && want.answer.ActionCode == "" {
			failure := got.platform(t)
			assert.Equal(t, want.code, failure.Code, id)
			assert.Equal(t, want.status, failure.Status, id)
		}
	}
	assert.Equal(t, "3", said["429"].RetryAfter)
	assert.Contains(t, string(said["remote"].Body), `"details":[{"errorCode":"ACTION.REMOTE_ENDPOINT"}]`)
	assert.Contains(t, string(said["remote"].Body), `"correlationId":"`+said["remote"].CorrelationID+`"`)

	var executed []string
	for _, e := range api.Executions() {
		assert.Equal(t, "integrations", e.API)
		executed = append(executed, e.ID)
	}
	slices.Sort(executed)
	assert.Equal(t, []string{"204", "HTML", "c-1", "c-2", "c-4", "gzip", "large"}, executed, "and nothing twice")
}

// platform returns the body as the platform's shape of an error, whose id is that of the header.
func (s seen) platform(t *testing.T) (failure struct {
	Message, Code, ContextID string
	Status                   int
}) {
	t.Helper()
	assert.False(t, s.OK, s.Step)
	require.NoError(t, json.Unmarshal(s.Body, &failure), "%s: %s", s.Step, s.Body)
	assert.NotEmpty(t, failure.Message, s.Step)
	assert.Equal(t, s.CorrelationID, failure.ContextID, s.Step)
	return failure
}

// official runs the official client against a fake of its own.
func official(t *testing.T, modules string) (*genesystest.Server, map[string]seen) {
	t.Helper()
	contact := func(payload []byte) string {
		var p struct{ Contact string }
		_ = json.Unmarshal(payload, &p) // what has none is not asked for
		return p.Contact
	}
	api := genesystest.New(genesystest.Options{
		ClientID: "id", ClientSecret: "secret+of/the=client", ActionID: officialAction, TokenLife: time.Hour, ID: contact,
		Behaviour: func(c genesystest.Call) genesystest.Answer { return officialAnswers[c.ID].answer },
	})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	api.Start(l)
	t.Cleanup(api.Close)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var answers []string
	for id := range officialAnswers {
		answers = append(answers, id)
	}
	slices.Sort(answers)
	cmd := exec.CommandContext(ctx, "node", "testdata/js/client.js")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "NODE_PATH=" + modules,
		"HOME=" + t.TempDir(), // where the client looks for settings of its own
		"PORT=" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port), "ANSWERS=" + strings.Join(answers, ","),
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, "%s", errs.String())
	said := map[string]seen{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var s seen
		require.NoError(t, json.Unmarshal(lines.Bytes(), &s), lines.Text())
		said[s.Step] = s
	}
	return api, said
}
