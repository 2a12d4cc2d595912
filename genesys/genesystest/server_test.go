package genesystest_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	processes    = "/api/v2/processes/data-actions/action-1/invocations"
	integrations = "/api/v2/integrations/actions/action-1/execute"
)

// fixture is a server on an in-memory network, and an HTTP client of it. Use it within a synctest bubble.
type fixture struct {
	t      *testing.T
	api    *genesystest.Server
	client *http.Client
	token  string
}

func setup(t *testing.T, opts genesystest.Options) *fixture {
	t.Helper()
	network := new(kfake.VirtualNetwork)
	l, err := network.Listen("tcp", "localhost:80")
	require.NoError(t, err)
	f := &fixture{t: t, api: genesystest.New(opts)}
	require.Equal(t, "http://localhost:80", f.api.Start(l))
	transport := &http.Transport{DialContext: f.api.Dial(network.DialContext)}
	f.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		f.api.Close()
		require.NoError(t, l.Close())
	})
	return f
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (f *fixture) do(method, path, body string, headers ...string) (answer, error) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, "http://localhost:80"+path, strings.NewReader(body))
	require.NoError(f.t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := f.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header}
	raw, err := io.ReadAll(res.Body)
	if err == nil {
		_ = json.Unmarshal(raw, &a.body)
	}
	return a, err
}

func (f *fixture) login(path string, form url.Values, headers ...string) answer {
	f.t.Helper()
	a, err := f.do(http.MethodPost, path, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
	require.NoError(f.t, err)
	return a
}

func (f *fixture) invoke(path, id string) (answer, error) {
	f.t.Helper()
	if f.token == "" {
		a := f.login("/api/v2/oauth/token", form("id", "secret"))
		require.Equal(f.t, 200, a.status)
		f.token = a.body["access_token"].(string)
	}
	return f.do(http.MethodPost, path, payload(id), "Authorization", "Bearer "+f.token, "Content-Type", "application/json")
}

func (f *fixture) status(path, id string) int {
	f.t.Helper()
	a, err := f.invoke(path, id)
	require.NoError(f.t, err)
	return a.status
}

func form(id, secret string) url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {"dataaction:execute"}}
}

func payload(id string) string { return `{"contact":{"external_id":"` + id + `"}}` }

func TestServer_BothStyles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{ClientID: "id", ClientSecret: "secret", ActionID: "action-1"})
		a, err := f.invoke(processes, "m-1")
		require.NoError(t, err)
		assert.Equal(t, 202, a.status)
		assert.Len(t, a.body["invocationId"], 36)
		assert.NotEmpty(t, a.header.Get("request-id"))
		assert.Equal(t, "application/json", a.header.Get("Content-Type"))

		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("id:secret"))
		a = f.login("/oauth/token", url.Values{"grant_type": {"client_credentials"}}, "Authorization", basic)
		assert.Equal(t, 200, a.status)
		assert.EqualValues(t, 86400, a.body["expires_in"])
		assert.Equal(t, "bearer", a.body["token_type"])
		f.token = a.body["access_token"].(string)
		a, err = f.invoke(integrations, "m-2")
		require.NoError(t, err)
		assert.Equal(t, 200, a.status)
		assert.NotEmpty(t, a.header.Get("ININ-Correlation-Id"))
		assert.Len(t, f.api.Executions(), 2)
	})
}

func TestServer_RefusesWhatTheAPIWould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{ClientID: "id", ClientSecret: "secret", ActionID: "action-1", TokenLife: time.Hour})
		_, err := f.invoke(processes, "m")
		require.NoError(t, err)
		bearer := []string{"Authorization", "Bearer " + f.token}
		asJSON := append([]string{"Content-Type", "application/json"}, bearer...)
		tests := []struct {
			name, method, path, body string
			headers                  []string
			status                   int
			code                     string
		}{
			{"no token", "POST", processes, "{}", []string{"Content-Type", "application/json"}, 401, "authentication.required"},
			{"a token of nobody", "POST", processes, "{}", []string{"Authorization", "Bearer x"}, 401, "bad.credentials"},
			{"an unknown path", "POST", "/api/v2/users", "{}", asJSON, 404, "not.found"},
			{"an unknown action", "POST", "/api/v2/processes/data-actions/x/invocations", "{}", asJSON, 404, "not.found"},
			{"GET", "GET", integrations, "", asJSON, 405, "method.not.allowed"},
			{"GET of a token", "GET", "/oauth/token", "", nil, 405, "method.not.allowed"},
			{"no JSON type", "POST", processes, "{}", bearer, 415, "unsupported.media.type"},
			{"no token, published", "POST", integrations, "{}", []string{"Content-Type", "application/json"}, 401, "authentication.required"},
			{"an old id, published", "POST", "/api/v2/integrations/actions/x/execute?flatten=false", "{}", asJSON, 404, "not.found"},
			{"no JSON type, published", "POST", integrations, "{}", append([]string{"Content-Type", "text/plain"}, bearer...), 415, "unsupported.media.type"},
			{"no object, published", "POST", integrations, `"x"`, asJSON, 400, "bad.request"},
			{"far too large", "POST", integrations, `{"a":"` + strings.Repeat("x", 900_000) + `"}`, asJSON, 413, "request.entity.too.large"},
			{"no object", "POST", processes, "[]", asJSON, 400, "bad.request"},
			{"no JSON", "POST", processes, "{", asJSON, 400, "bad.request"},
			{"too large", "POST", integrations, `{"a":"` + strings.Repeat("x", 512_000) + `"}`, asJSON, 413, "request.entity.too.large"},
		}
		for _, tt := range tests {
			a, err := f.do(tt.method, tt.path, tt.body, tt.headers...)
			require.NoError(t, err, tt.name)
			assert.Equal(t, tt.status, a.status, tt.name)
			assert.Equal(t, tt.code, a.body["code"], tt.name)
			assert.EqualValues(t, tt.status, a.body["status"], tt.name)
			assert.NotEmpty(t, a.body["contextId"], tt.name)
		}
		assert.Len(t, f.api.Executions(), 1)
		a, err := f.do("PUT", processes, "{}", asJSON...)
		require.NoError(t, err)
		assert.Equal(t, "GET, POST", a.header.Get("Allow"))
	})
}

// Whatever is answered, support can be asked about it.
func TestServer_NamesEveryAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{})
		seen := map[string]bool{}
		for _, fault := range []genesystest.Fault{{Delay: 1}, {Status: 503}, {Status: 429}, {Status: 302}, {Status: 204}} {
			f.api.SetFault(fault)
			for path, header := range map[string]string{
				integrations: "ININ-Correlation-Id", "/oauth/token": "ININ-Correlation-Id", "/api/v2/users": "ININ-Correlation-Id",
				"/api/v2/integrations/actions/a": "ININ-Correlation-Id", processes: "Request-Id", "/api/v2/oauth/token": "Request-Id",
			} {
				for _, method := range []string{"GET", "POST", "PUT"} {
					a, err := f.do(method, path, "")
					require.NoError(t, err)
					id := a.header.Get(header)
					assert.Len(t, id, 36, path)
					assert.False(t, seen[id])
					seen[id] = true
					if said, ok := a.body["contextId"]; ok {
						assert.Equal(t, id, said)
					}
				}
			}
		}
	})
}

func TestServer_RefusesClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{ClientID: "id", ClientSecret: "secret"})
		grant := url.Values{"grant_type": {"client_credentials"}}
		noScope, otherGrant := form("id", "secret"), form("id", "secret")
		noScope.Del("scope")
		otherGrant.Set("grant_type", "password")
		for _, tt := range []struct {
			path   string
			form   url.Values
			status int
			code   string
		}{
			{"/api/v2/oauth/token", form("id", "wrong"), 401, "invalid_client"},
			{"/api/v2/oauth/token", form("", ""), 401, "invalid_client"},
			{"/api/v2/oauth/token", noScope, 400, "invalid_scope"},
			{"/api/v2/oauth/token", otherGrant, 400, "unsupported_grant_type"},
			{"/oauth/token", grant, 401, "invalid_client"},
			{"/oauth/token", form("id", "secret"), 401, "invalid_client"},
		} {
			a := f.login(tt.path, tt.form)
			assert.Equal(t, tt.status, a.status, tt.form)
			assert.Equal(t, tt.code, a.body["error"], tt.form)
		}
		a, err := f.do("POST", "/oauth/token", "{}", "Content-Type", "application/json")
		require.NoError(t, err)
		assert.Equal(t, 400, a.status)
		assert.Equal(t, "invalid_request", a.body["error"])
	})
}

func TestServer_RecordsExecutions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		f := setup(t, genesystest.Options{Keep: 3, OnExecute: func(e genesystest.Execution) {
			told = append(told, fmt.Sprintf("%d %s %s %s %s", e.Seq, e.API, e.Action, e.ID, e.Payload))
		}})
		for i := 1; i <= 5; i++ {
			require.Equal(t, 202, f.status(processes, strconv.Itoa(i)))
		}
		assert.Len(t, told, 5)
		assert.Equal(t, "5 processes action-1 5 "+payload("5"), told[4])
		var kept []int64
		for _, e := range f.api.Executions() {
			kept = append(kept, e.Seq)
			assert.Nil(t, e.Payload)
			assert.Len(t, e.SHA256, 64)
		}
		assert.Equal(t, []int64{3, 4, 5}, kept)
		stats := f.api.Stats()
		assert.EqualValues(t, 5, stats.Executed)
		assert.Equal(t, map[genesystest.Path]int{genesystest.PathToken: 1, genesystest.PathInvoke: 5}, stats.Requests)
		assert.Equal(t, genesystest.Tally{202: 5}, stats.Answers[genesystest.PathInvoke])

		a, err := f.do("GET", "/_executions?after=3&limit=1", "")
		require.NoError(t, err)
		assert.EqualValues(t, 5, a.body["count"])
		assert.Len(t, a.body["executions"], 1)
		assert.EqualValues(t, 4, a.body["executions"].([]any)[0].(map[string]any)["seq"])
	})
}

func TestServer_MessageWithoutAnID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{ID: func([]byte) string { return "" }})
		require.Equal(t, 202, f.status(processes, "m"))
		e := f.api.Executions()[0]
		assert.Equal(t, e.SHA256, e.ID)
	})
}

func TestServer_CloseEndsWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{})
		f.api.SetFault(genesystest.HangEverything())
		done := make(chan error)
		go func() {
			_, err := f.do("GET", "/", "")
			done <- err
		}()
		synctest.Wait()
		start := time.Now()
		f.api.Close()
		require.Error(t, <-done)
		assert.Zero(t, time.Since(start))
	})
}

func TestServer_ServeOverTCP(t *testing.T) {
	api := genesystest.New(genesystest.Options{})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error)
	go func() { done <- api.Serve(l) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func() error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/_faults", http.NoBody)
		require.NoError(t, err)
		res, err := client.Do(r)
		if err == nil {
			_ = res.Body.Close()
		}
		return err
	}
	require.NoError(t, get())
	api.SetFault(genesystest.RefuseEverything())
	require.Error(t, get())
	api.ClearFault()
	require.NoError(t, get())
	api.Close()
	require.NoError(t, <-done)
	require.Error(t, get())
	require.False(t, errors.Is(api.Serve(l), http.ErrServerClosed), "a closed server serves no more")
}
