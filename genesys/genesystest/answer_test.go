package genesystest_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// Every fault that changes answers, on either path, by the numbers that a client sees.
func TestFault_ChangesAnswers(t *testing.T) {
	html := `{"status":200,"body":"<html>Sign in</html>","content_type":"text/html"}`
	for name, tt := range map[string]struct {
		fault    string
		status   int
		executed int
		look     func(t *testing.T, res *http.Response, body []byte)
	}{
		"HTML with 200, from something in between": {html, 200, 0, func(t *testing.T, res *http.Response, body []byte) {
			assert.Equal(t, "text/html", res.Header.Get("Content-Type"))
			assert.Equal(t, "<html>Sign in</html>", string(body))
		}},
		"HTML with 200, from the API itself": {`{"body":"<html>","content_type":"text/html","paths":"invoke"}`, 202, 1, func(t *testing.T, _ *http.Response, body []byte) {
			assert.Equal(t, "<html>", string(body))
		}},
		"a wrong content type": {`{"content_type":"text/plain"}`, 202, 1, func(t *testing.T, res *http.Response, body []byte) {
			assert.Equal(t, "text/plain", res.Header.Get("Content-Type"))
			assert.True(t, json.Valid(body))
		}},
		"oversized": {`{"pad":3000000}`, 202, 1, func(t *testing.T, res *http.Response, body []byte) {
			assert.Greater(t, len(body), 3_000_000)
			assert.EqualValues(t, len(body), res.ContentLength)
			assert.True(t, json.Valid(body))
		}},
		"gzip": {`{"gzip":true}`, 202, 1, func(t *testing.T, res *http.Response, body []byte) {
			assert.True(t, res.Uncompressed)
			assert.True(t, json.Valid(body))
		}},
		"a gzip bomb": {`{"gzip":true,"pad":10000000}`, 202, 1, func(t *testing.T, res *http.Response, body []byte) {
			assert.True(t, res.Uncompressed)
			assert.Greater(t, len(body), 10_000_000)
		}},
		"a redirect": {`{"status":307,"location":"http://elsewhere/"}`, 307, 0, func(t *testing.T, res *http.Response, _ []byte) {
			assert.Equal(t, "http://elsewhere/", res.Header.Get("Location"))
		}},
		"a code of one's own": {`{"status":504,"code":"authentication.request.timeout","message":"m","retry_after":7}`, 504, 0, func(t *testing.T, res *http.Response, body []byte) {
			assert.Contains(t, string(body), `{"message":"m","code":"authentication.request.timeout","status":504,"contextId":"`)
			assert.Equal(t, "7", res.Header.Get("Retry-After"))
		}},
		"somebody else's fault": {`{"status":400,"action_code":"ACTION.REMOTE_ENDPOINT"}`, 400, 0, func(t *testing.T, res *http.Response, body []byte) {
			assert.Contains(t, string(body), `{"status":400,"errorCode":"bad.request","userMessage":"`)
			assert.Contains(t, string(body), `"details":[{"errorCode":"ACTION.REMOTE_ENDPOINT"}]`)
		}},
		"a failure after the execution": {`{"status":504,"execute":true,"paths":"invoke"}`, 504, 1, nil},
		"no outage of other paths":      {`{"status":503,"paths":"history"}`, 202, 1, nil},
		"closed behind the answer":      {`{"close":true}`, 202, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := setup(t, genesystest.Options{})
				f.token = f.login("/api/v2/oauth/token", form("id", "secret")).body["access_token"].(string)
				a, err := f.do("PUT", "/_faults", tt.fault)
				require.NoError(t, err)
				require.Equal(t, 200, a.status, a.body)
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost:80"+processes, strings.NewReader(payload("m")))
				require.NoError(t, err)
				r.Header.Set("Authorization", "Bearer "+f.token)
				r.Header.Set("Content-Type", "application/json")
				res, err := f.client.Do(r)
				require.NoError(t, err)
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				assert.Equal(t, tt.status, res.StatusCode)
				assert.Len(t, f.api.Executions(), tt.executed)
				if tt.look != nil {
					tt.look(t, res, body)
				}
			})
		})
	}
}

func TestFault_SeveralAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{Seed: 1})
		require.Equal(t, 202, f.status(processes, "m"))
		a, err := f.do("PUT", "/_faults", `[{"delay":"1s"},{"status":429,"rate":0.2,"retry_after":1},{"status":503,"rate":0.5},{"delay":"1s"}]`)
		require.NoError(t, err)
		require.Equal(t, 200, a.status)
		require.Len(t, f.api.Faults(), 4)
		seen := map[int]int{}
		for range 1000 {
			start := time.Now()
			status := f.status(processes, "m")
			seen[status]++
			want := time.Second
			if status == 202 {
				want = 2 * time.Second
			}
			require.Equal(t, want, time.Since(start))
		}
		assert.InDelta(t, 200, seen[429], 50)
		assert.InDelta(t, 400, seen[503], 60)
		assert.InDelta(t, 400, seen[202], 60)

		for _, bad := range []string{`[]`, `[{}]`, `[{"status":503},{"status":1}]`} {
			a, err = f.do("PUT", "/_faults", bad)
			require.NoError(t, err)
			assert.Equal(t, 400, a.status, bad)
		}
		require.Len(t, f.api.Faults(), 4, "what is wrong changes nothing")
	})
}

// A storm: bursts of a status that come back.
func TestFault_Storm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{})
		require.Equal(t, 202, f.status(processes, "m"))
		f.api.SetFault(genesystest.Fault{Status: 503, For: genesystest.Duration(10 * time.Second), Every: genesystest.Duration(time.Minute)})
		var got []string
		for range 24 {
			got = append(got, strconv.Itoa(f.status(processes, "m")))
			time.Sleep(5 * time.Second)
		}
		storm := "503 503" + strings.Repeat(" 202", 10)
		assert.Equal(t, storm+" "+storm, strings.Join(got, " "))
	})
}

func TestFault_RefusesNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{})
		for _, bad := range []string{
			`{"code":"x"}`, `{"location":"/"}`, `{"status":200,"location":"/"}`, `{"status":503,"every":"1m"}`, `{"status":503,"every":"1m","for":"1m"}`,
			`{"expires_in":"soon"}`, `{"latency":{"p50":"1s","p99":"1ms"}}`, `{"latency":{"p99":"1s"}}`, `{"pad":-1}`, `{"pad":9999999999}`,
			`{"rate":0.5}`, `{"execute":true}`, `{"refuse":true}`, `null`, `[null]`, `[[]]`, `{"body":7}`, `7`,
		} {
			a, err := f.do("PUT", "/_faults", bad)
			require.NoError(t, err)
			assert.Equal(t, 400, a.status, bad)
			assert.NotEmpty(t, a.body["error"], bad)
		}
		_, on := f.api.Fault()
		assert.False(t, on)
	})
}

func TestServer_RunsWhileTheCallerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := genesystest.Run{Takes: 20 * time.Second}
		f := setup(t, genesystest.Options{
			Run:    func([]byte) genesystest.Run { return run },
			Output: func(p []byte) []byte { return []byte(`{"echo":` + string(p) + `}`) },
		})
		ask := func(path string) (answer, time.Duration) {
			start := time.Now()
			a, err := f.invoke(path, "m")
			require.NoError(t, err)
			return a, time.Since(start)
		}
		a, took := ask(integrations)
		assert.Equal(t, 200, a.status)
		assert.Contains(t, a.body, "echo")
		assert.Equal(t, 20*time.Second, took)

		run.Failed = true
		a, _ = ask(integrations)
		assert.Equal(t, 400, a.status)
		assert.Equal(t, []any{map[string]any{"errorCode": "ACTION.REMOTE_ENDPOINT"}}, a.body["details"])

		run.Takes = time.Hour
		a, took = ask(integrations)
		assert.Equal(t, 504, a.status)
		assert.Equal(t, "request.timeout", a.body["code"])
		assert.Equal(t, time.Minute, took)
		assert.Len(t, f.api.Executions(), 3, "a caller that gives up, or is given up, does not stop it")

		a, took = ask(processes)
		assert.Equal(t, 202, a.status)
		assert.Zero(t, took, "the other style only accepts")
	})
}

// What an end of a connection looks like depends on the network, so these run over TCP.
func TestFault_ConnectionsOverTCP(t *testing.T) {
	api := genesystest.New(genesystest.Options{})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	api.Start(l)
	t.Cleanup(api.Close)
	dial := func() net.Conn {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
		_, err = io.WriteString(conn, "GET /api/v2/users HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		return conn
	}

	api.SetFault(genesystest.ResetEverything())
	conn := dial()
	_, err = io.ReadAll(conn)
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.NoError(t, conn.Close())

	api.SetFault(genesystest.Fault{HalfClose: true})
	conn = dial()
	said, err := io.ReadAll(conn)
	require.NoError(t, err, "an orderly end")
	assert.Empty(t, said)
	for range 100 {
		_, err = io.WriteString(conn, strings.Repeat("x", 1000))
		require.NoError(t, err, "but it still listens")
	}
	require.NoError(t, conn.Close())

	api.SetFault(genesystest.Fault{Cut: true})
	conn = dial()
	said, err = io.ReadAll(conn)
	require.NoError(t, err)
	head, body, ok := strings.Cut(string(said), "\r\n\r\n")
	require.True(t, ok)
	assert.Contains(t, head, "404 Not Found")
	assert.Contains(t, head, "Content-Length: "+strconv.Itoa(2*len(body)))
	require.NoError(t, conn.Close())

	api.SetFault(genesystest.Fault{Close: true})
	conn = dial()
	said, err = io.ReadAll(conn)
	require.NoError(t, err, "closed behind the answer")
	head, body, _ = strings.Cut(string(said), "\r\n\r\n")
	assert.NotContains(t, head, "Connection: close")
	assert.Contains(t, head, "Content-Length: "+strconv.Itoa(len(body)))
	require.NoError(t, conn.Close())
}

// A half-closed connection does not outlive the server, even where the client keeps its half open.
func TestServer_CloseEndsWhatIsHalfClosed(t *testing.T) {
	api := genesystest.New(genesystest.Options{})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	api.Start(l)
	api.SetFault(genesystest.Fault{HalfClose: true})
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	_, err = io.ReadAll(conn)
	require.NoError(t, err)
	api.Close()
	require.Eventually(t, func() bool {
		_, err := io.WriteString(conn, "x")
		return err != nil
	}, time.Minute, time.Millisecond)
}
