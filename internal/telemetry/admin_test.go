package telemetry_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sluice-kafka/sluice/internal/telemetry"
)

func TestAdmin_AnswersHealth(t *testing.T) {
	failing := telemetry.Checks{"joined": {OK: true}, "dead_letter_topic": {Reason: "not writable since 12:00"}}
	tests := map[string]struct {
		cfg  telemetry.AdminConfig
		path string
		code int
		body string
	}{
		"nothing to check": {telemetry.AdminConfig{}, "/livez", 200, `{"status":"ok","checks":{}}`},
		"alive": {telemetry.AdminConfig{Live: func() telemetry.Checks { return telemetry.Checks{"progress": {OK: true}} }}, "/livez",
			200, `{"status":"ok","checks":{"progress":{"ok":true}}}`},
		"not ready": {telemetry.AdminConfig{Ready: func() telemetry.Checks { return failing }}, "/readyz",
			503, `{"status":"failed","checks":{"joined":{"ok":true},"dead_letter_topic":{"ok":false,"reason":"not writable since 12:00"}}}`},
		"alive though not ready": {telemetry.AdminConfig{Ready: func() telemetry.Checks { return failing }}, "/livez",
			200, `{"status":"ok","checks":{}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(telemetry.NewAdmin(test.cfg), "GET", test.path, nil)
			assert.Equal(t, test.code, w.Code)
			assert.JSONEq(t, test.body, w.Body.String())
			assert.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		})
	}
}

func TestAdmin_ShowsStatus(t *testing.T) {
	type partition struct {
		Partition int   `json:"partition"`
		Lag       int64 `json:"lag"`
	}
	admin := telemetry.NewAdmin(telemetry.AdminConfig{Status: func() any {
		return struct {
			Breaker    string      `json:"breaker"`
			Partitions []partition `json:"partitions"`
		}{"closed", []partition{{0, 12}, {1, 0}}}
	}})
	w := ask(admin, "GET", "/status", nil)
	assert.Equal(t, 200, w.Code)
	golden(t, "status.golden", w.Body.String())

	w = ask(telemetry.NewAdmin(telemetry.AdminConfig{Status: func() any { return math.Inf(1) }}), "GET", "/status", nil)
	assert.Equal(t, 500, w.Code)
	assert.True(t, json.Valid(w.Body.Bytes()))
}

func TestAdmin_SaysWhatIsNotAvailable(t *testing.T) {
	admin := telemetry.NewAdmin(telemetry.AdminConfig{})
	for target, what := range map[string]string{
		"GET /metrics": "metrics", "GET /status": "status", "POST /pause": "pause", "POST /resume": "resume",
		"POST /held/payloads%2F3%2F1042/dead-letter": "ending a held message",
	} {
		method, path, _ := strings.Cut(target, " ")
		w := ask(admin, method, path, nil)
		assert.Equal(t, 501, w.Code, target)
		assert.JSONEq(t, `{"status":"error","code":"NOT_AVAILABLE","message":"`+what+` is not available in this process"}`, w.Body.String())
	}
	assert.Equal(t, 404, ask(admin, "GET", "/debug/pprof/", nil).Code)
	assert.Equal(t, 404, ask(admin, "GET", "/", nil).Code)
	assert.Equal(t, 405, ask(admin, "GET", "/pause", nil).Code)
}

func TestAdmin_ControlsTheWorker(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	var done []string
	admin := telemetry.NewAdmin(telemetry.AdminConfig{
		Pause:  func(context.Context) error { done = append(done, "pause"); return nil },
		Resume: func(context.Context) error { return errors.New("not paused") },
		DeadLetterHeld: func(_ context.Context, id string) error {
			if id != "payloads/3/1042" {
				return telemetry.ErrNotHeld
			}
			done = append(done, id)
			return nil
		},
		Logger: zap.New(core),
	})
	tests := []struct {
		path string
		code int
		body string
	}{
		{"/pause", 200, `{"status":"success"}`},
		{"/resume", 500, `{"status":"error","code":"FAILED","message":"resume: not paused"}`},
		{"/held/payloads%2F3%2F1042/dead-letter", 200, `{"status":"success"}`},
		{"/held/payloads/3/1042/dead-letter", 200, `{"status":"success"}`},
		{"/held/payloads%2F3%2F1043/dead-letter", 404,
			"{\"status\":\"error\",\"code\":\"NOT_FOUND\",\"message\":\"no message with this id is held: `sluice held ls` lists those that are\"}"},
	}
	for _, test := range tests {
		w := ask(admin, "POST", test.path, nil)
		assert.Equal(t, test.code, w.Code, test.path)
		assert.JSONEq(t, test.body, w.Body.String(), test.path)
	}
	assert.Equal(t, []string{"pause", "payloads/3/1042", "payloads/3/1042"}, done)
	assert.Equal(t, 3, logs.FilterMessage("done as asked for over the admin server").Len())
	assert.Equal(t, 1, logs.FilterLevelExact(zap.WarnLevel).Len())
}

func TestAdmin_RefusesOtherOrigins(t *testing.T) {
	paused := 0
	admin := telemetry.NewAdmin(telemetry.AdminConfig{Pause: func(context.Context) error { paused++; return nil }})
	tests := map[string]struct {
		headers map[string]string
		code    int
	}{
		"curl":                 {nil, 200},
		"our own page":         {map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8080"}, 200},
		"typed by hand":        {map[string]string{"Sec-Fetch-Site": "none"}, 200},
		"another site":         {map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"another port":         {map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"old browser, foreign": {map[string]string{"Origin": "https://evil.example"}, 403},
		"old browser, ours":    {map[string]string{"Origin": "http://127.0.0.1:8080"}, 200},
		"sandboxed frame":      {map[string]string{"Origin": "null"}, 403},
		"rebound name":         {map[string]string{"Host": "evil.example:8080", "Origin": "http://evil.example:8080", "Sec-Fetch-Site": "same-origin"}, 421},
		"localhost":            {map[string]string{"Host": "localhost:8080"}, 200},
		"IPv6":                 {map[string]string{"Host": "[::1]:8080"}, 200},
		"IPv6 without port":    {map[string]string{"Host": "[::1]"}, 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := paused
			w := ask(admin, "POST", "/pause", test.headers)
			assert.Equal(t, test.code, w.Code)
			assert.Equal(t, test.code == 200, paused > before)
			assert.True(t, json.Valid(w.Body.Bytes()))
		})
	}
	assert.Equal(t, 421, ask(admin, "GET", "/livez", map[string]string{"Host": "evil.example"}).Code)
}

func TestAdmin_AnswersToAnyNameBeyondLoopback(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), "GET", "http://sluice.default.svc:8080/livez", nil)
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 7)}))
	w := httptest.NewRecorder()
	telemetry.NewAdmin(telemetry.AdminConfig{}).Handler().ServeHTTP(w, r)
	assert.Equal(t, 200, w.Code)
}

func TestAdmin_ServesProfilesWhereAllowed(t *testing.T) {
	admin := telemetry.NewAdmin(telemetry.AdminConfig{Pprof: true})
	assert.Contains(t, ask(admin, "GET", "/debug/pprof/", nil).Body.String(), "goroutine")
	assert.Equal(t, 200, ask(admin, "GET", "/debug/pprof/heap", nil).Code)
	assert.Equal(t, 200, ask(admin, "GET", "/debug/pprof/cmdline", nil).Code)
}

func TestAdmin_ServeEndsWithItsContext(t *testing.T) {
	l, err := telemetry.Listen(t.Context(), "127.0.0.1:0", true, "SLUICE_ADMIN_ADDR")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- telemetry.NewAdmin(telemetry.AdminConfig{}).Serve(ctx, l) }()

	report, err := telemetry.Health(t.Context(), l.Addr().String(), telemetry.PathLive)
	require.NoError(t, err)
	assert.True(t, report.OK())
	cancel()
	require.NoError(t, <-ended)
	_, err = telemetry.Health(t.Context(), l.Addr().String(), telemetry.PathLive)
	require.ErrorContains(t, err, "no answer from the admin server at "+l.Addr().String())
}

func TestAdmin_ServeReportsAListenerThatBreaks(t *testing.T) {
	l, err := telemetry.Listen(t.Context(), "127.0.0.1:0", true, "SLUICE_ADMIN_ADDR")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	err = telemetry.NewAdmin(telemetry.AdminConfig{}).Serve(t.Context(), l)
	require.ErrorIs(t, err, net.ErrClosed)
	require.ErrorContains(t, err, "admin server at 127.0.0.1:")
}

func TestAdmin_ServeWaitsForRequestsButNotForEver(t *testing.T) {
	for name, test := range map[string]struct{ takes, want time.Duration }{
		"finishes": {2 * time.Second, 2 * time.Second},
		"hangs":    {time.Hour, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPipeListener()
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() {
					ended <- telemetry.NewAdmin(telemetry.AdminConfig{Pause: func(ctx context.Context) error {
						select {
						case <-time.After(test.takes):
						case <-ctx.Done():
						}
						return nil
					}}).Serve(ctx, l)
				}()
				conn := l.dial()
				go func() { _, _ = io.Copy(io.Discard, conn) }()
				_, err := io.WriteString(conn, "POST /pause HTTP/1.1\r\nHost: localhost\r\n\r\n")
				require.NoError(t, err)
				synctest.Wait()

				began := time.Now()
				cancel()
				require.NoError(t, <-ended)
				assert.InDelta(t, test.want.Seconds(), time.Since(began).Seconds(), 1)
				_ = conn.Close()
			})
		})
	}
}

// ask sends one request as it would arrive on loopback.
func ask(a *telemetry.Admin, method, path string, headers map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, "http://127.0.0.1:8080"+path, nil)
	for name, value := range headers {
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w
}

// pipeListener gives connections in memory, which virtual time needs.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- server
	return client
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
