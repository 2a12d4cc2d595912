package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/term"
)

const (
	// payloadMark is in every payload that these tests send, invokeSecret in the credentials.
	payloadMark  = "payload-mark"
	invokeSecret = "secret-of-invoke"
	markedOrder  = `{"contact":{"external_id":"` + payloadMark + `","channel":"chat","timestamp":"2026-11-23T09:30:00Z"},` +
		`"priority":3,"callback_url":"https://example.com"}`
)

// against gives the commands of a test a fake API in this process.
func against(t *testing.T, opts genesystest.Options) *genesystest.Server {
	t.Helper()
	opts.ClientID, opts.ClientSecret, opts.ActionID = "client", invokeSecret, "action"
	api := genesystest.New(opts)
	srv := httptest.NewServer(api)
	t.Cleanup(func() {
		api.Close()
		srv.Close()
	})
	for name, value := range map[string]string{
		"GENESYS_BASE_URL": srv.URL, "GENESYS_CLIENT_ID": "client", "GENESYS_CLIENT_SECRET": invokeSecret, "GENESYS_DATA_ACTION_ID": "action",
	} {
		t.Setenv(name, value)
	}
	return api
}

// sight is what a command that has ended left behind.
type sight struct {
	code      int
	out, errs string
}

// sluice runs a command with a valid payload on standard input.
func sluice(t *testing.T, args ...string) sight {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), t.Context(), args, term.Streams{In: strings.NewReader(markedOrder), Out: &out, Err: &errs})
	r := sight{code, out.String(), errs.String()}
	require.NotContains(t, r.out+r.errs, invokeSecret)
	require.NotContains(t, r.out+r.errs, "fake-", "how the fake's tokens begin")
	require.NotContains(t, r.errs, payloadMark)
	return r
}

func (r sight) object(t *testing.T) map[string]any {
	t.Helper()
	var o map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.out), &o), r.out)
	return o
}

func TestInvoke_TellsWhatEveryAnswerMeans(t *testing.T) {
	html := genesystest.Answer{Status: 200, Body: []byte("<html>"), ContentType: "text/html"}
	timeout := []string{"--genesys-timeout", "50ms"}
	for name, tc := range map[string]struct {
		path   genesystest.Path
		answer genesystest.Answer
		args   []string
		exit   int
		code   string
		says   []string // on standard error
	}{
		"accepted":       {exit: 0, says: []string{"accepted: HTTP 202", "sluice invocations get "}},
		"HTML with 200":  {answer: html, exit: 0, says: []string{"accepted: HTTP 200"}},
		"refused":        {answer: genesystest.Answer{Status: 400}, exit: 1, code: "GENESYS_API_400", says: []string{"rejected: "}},
		"no permission":  {answer: genesystest.Answer{Status: 403}, exit: 1, code: "PERMISSION_DENIED", says: []string{"administrator"}},
		"no such action": {answer: genesystest.Answer{Status: 404}, exit: 1, code: "GENESYS_API_404", says: []string{"GENESYS_DATA_ACTION_ID"}},
		"rate": {answer: genesystest.Answer{Status: 429, RetryAfter: 30}, exit: 1, code: "GENESYS_API_429",
			says: []string{"retry after 30s", "tried       once", "sluice invoke -"}},
		"failing":         {answer: genesystest.Answer{Status: 503}, exit: 1, code: "MAX_RETRIES_EXCEEDED", says: []string{"answered: ", "tried       once"}},
		"gateway":         {answer: genesystest.Answer{Status: 504}, exit: 1, code: "MAX_RETRIES_EXCEEDED", says: []string{"may have run", "sluice invocations list"}},
		"remote endpoint": {answer: genesystest.Answer{Status: 400, ActionCode: "ACTION.REMOTE_ENDPOINT"}, exit: 1, code: "GENESYS_API_400"},
		"time-out": {answer: genesystest.Answer{Hang: true, Execute: true}, args: timeout, exit: 1, code: "NETWORK_ERROR",
			says: []string{"no complete answer within 50ms", "may have run", "sluice invocations list"}},
		"broken":       {answer: genesystest.Answer{Reset: true}, exit: 1, code: "NETWORK_ERROR", says: []string{"may have run"}},
		"cut short":    {answer: genesystest.Answer{Cut: true}, exit: 0, says: []string{"accepted"}},
		"unauthorized": {answer: genesystest.Answer{Status: 401}, exit: exitCredentials, code: "GENESYS_API_401", says: []string{"not sent"}},
		"client refused": {path: genesystest.PathToken, answer: genesystest.Answer{Status: 401, Code: "invalid_client"}, exit: exitCredentials,
			code: "TOKEN_FAILED", says: []string{"GENESYS_CLIENT_ID"}},
		"login down": {path: genesystest.PathToken, answer: genesystest.Answer{Status: 503}, exit: 1, code: "TOKEN_FAILED", says: []string{"not sent"}},
		"login time-out": {path: genesystest.PathToken, answer: genesystest.Answer{Hang: true}, args: timeout, exit: 1, code: "TOKEN_FAILED",
			says: []string{"not sent"}},
		"echo of the payload": {answer: genesystest.Answer{Status: 422, Message: "bad value " + payloadMark}, exit: 1, code: "GENESYS_API_422"},
		"business failure": {answer: genesystest.Answer{Status: 200, Body: []byte(`{"statusCode":400}`)},
			args: []string{"--genesys-success", "/statusCode=200"}, exit: 1, code: "ACTION_FAILED", says: []string{"executed: "}},
	} {
		t.Run(name, func(t *testing.T) {
			path := tc.path
			if path == "" {
				path = genesystest.PathInvoke
			}
			api := against(t, genesystest.Options{Behaviour: genesystest.Always(path, tc.answer)})
			r := sluice(t, append([]string{"invoke", "-"}, tc.args...)...)
			require.Equal(t, tc.exit, r.code, r.errs)
			o := r.object(t)
			if tc.exit == exitOK {
				assert.Equal(t, "success", o["status"])
				assert.Contains(t, o, "data")
				assert.NotEmpty(t, o["request_id"])
			} else {
				assert.Equal(t, "error", o["status"])
				assert.Equal(t, tc.code, o["code"])
				assert.NotEmpty(t, o["details"])
				assert.Contains(t, r.errs, "whose move")
			}
			for _, text := range tc.says {
				assert.Contains(t, r.errs, text)
			}
			tries := 1
			if name == "unauthorized" {
				tries = 2 // the one repeat, with a new token
			}
			if path == genesystest.PathInvoke {
				assert.Equal(t, tries, api.Stats().Requests[genesystest.PathInvoke])
			}
		})
	}
}

func TestInvoke_OfTheOtherStyleHasRunTheAction(t *testing.T) {
	against(t, genesystest.Options{})
	t.Setenv("GENESYS_API", "integrations")
	r := sluice(t, "invoke", "-", "-o", "ndjson")
	require.Equal(t, exitOK, r.code, r.errs)
	assert.Equal(t, 1, strings.Count(r.out, "\n"))
	assert.Contains(t, r.errs, "the Data Action ran: HTTP 200")
	assert.NotContains(t, r.errs, "sluice invocations")
}

func TestInvoke_DryRunSendsNothing(t *testing.T) {
	api := against(t, genesystest.Options{})
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	r := sluice(t, "invoke", "-", "--dry-run", "--header", "traceparent="+trace, "--header", "other=x")
	require.Equal(t, exitOK, r.code, r.errs)
	o := r.object(t)
	request := o["request"].(map[string]any)
	assert.Equal(t, true, o["dry_run"])
	assert.Equal(t, "POST", request["method"])
	assert.True(t, strings.HasSuffix(request["url"].(string), "/api/v2/processes/data-actions/action/invocations"), request["url"])
	assert.EqualValues(t, len(markedOrder)+len(`,"tags":[]`), request["body_bytes"], "the default is filled in")
	assert.Contains(t, o["data"], "tags")
	headers := request["headers"].(map[string]any)
	assert.Equal(t, "Bearer ***", headers["Authorization"])
	assert.Equal(t, trace, headers["Traceparent"])
	assert.Len(t, headers, 5)
	assert.Empty(t, api.Stats().Requests, "not even a token was asked for")
}

func TestInvoke_SendsNothingThatIsInvalid(t *testing.T) {
	api := against(t, genesystest.Options{})
	file := filepath.Join(t.TempDir(), "bad.json")
	for name, tc := range map[string]struct{ doc, message string }{
		"empty":         {"", "is empty"},
		"not JSON":      {`{"priority":`, "is not JSON"},
		"trailing":      {markedOrder + " x", "payload invalid"},
		"wrong":         {strings.Replace(markedOrder, `:3,`, `:9,`, 1), "/priority: must be at most 5"},
		"UTF-16":        {"\xff\xfe{\x00}\x00", "payload invalid"},
		"over the size": {`"` + strings.Repeat("x", 2<<20) + `"`, "payload invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(file, []byte(tc.doc), 0o600))
			r := sluice(t, "invoke", file)
			require.Equal(t, exitFailed, r.code)
			o := r.object(t)
			assert.Equal(t, "VALIDATION_FAILED", o["code"])
			assert.Contains(t, o["message"], tc.message)
			assert.Contains(t, r.errs, "not sent")
			assert.Contains(t, r.errs, "sluice validate "+file)
		})
	}
	assert.Empty(t, api.Stats().Requests)
}
