package telemetry_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/telemetry"
)

func TestHealth_ReportsWhatFails(t *testing.T) {
	srv := httptest.NewServer(telemetry.NewAdmin(telemetry.AdminConfig{Ready: func() telemetry.Checks {
		return telemetry.Checks{"joined": {Reason: "waiting for topic payloads"}, "schema": {OK: true}, "a": {}}
	}}).Handler())
	defer srv.Close()
	addr := srv.Listener.Addr().String()

	report, err := telemetry.Health(t.Context(), addr, telemetry.PathReady)
	require.NoError(t, err)
	assert.False(t, report.OK())
	assert.Equal(t, "failed: a; joined: waiting for topic payloads", report.String())

	report, err = telemetry.Health(t.Context(), addr, telemetry.PathLive)
	require.NoError(t, err)
	assert.Equal(t, "ok", report.String())
}

func TestHealth_FindsServersThatListenEverywhere(t *testing.T) {
	srv := httptest.NewServer(telemetry.NewAdmin(telemetry.AdminConfig{}).Handler())
	defer srv.Close()
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	require.NoError(t, err)
	for _, addr := range []string{":" + port, "0.0.0.0:" + port, "localhost:" + port} {
		report, err := telemetry.Health(t.Context(), addr, telemetry.PathLive)
		require.NoError(t, err, addr)
		assert.True(t, report.OK(), addr)
	}
}

func TestHealth_RefusesAnswersOfOthers(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"HTML":       func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"other JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"up":true}`) },
		"not found":  http.NotFound,
		"ok with 503": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(503)
			_, _ = io.WriteString(w, `{"status":"ok"}`)
		},
		"failed with 200": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"status":"failed"}`) },
		"redirect":        func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"status":"`+strings.Repeat("x", 2<<20))
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(handler)
			defer srv.Close()
			_, err := telemetry.Health(t.Context(), srv.Listener.Addr().String(), telemetry.PathLive)
			require.ErrorContains(t, err, "not as a sluice does: set SLUICE_ADMIN_ADDR to the worker's")
		})
	}
}

func TestHealth_NamesAnAddressThatIsNone(t *testing.T) {
	_, err := telemetry.Health(t.Context(), "8080", telemetry.PathLive)
	require.ErrorContains(t, err, `admin address "8080": use host:port in SLUICE_ADMIN_ADDR`)
}

func TestListen_TakesAFreePortOnlyWhereNobodyChose(t *testing.T) {
	taken, err := telemetry.Listen(t.Context(), "127.0.0.1:0", false, "SLUICE_ADMIN_ADDR")
	require.NoError(t, err)
	defer taken.Close()
	addr := taken.Addr().String()

	other, err := telemetry.Listen(t.Context(), addr, false, "SLUICE_ADMIN_ADDR")
	require.NoError(t, err)
	defer other.Close()
	assert.NotEqual(t, addr, other.Addr().String())
	assert.True(t, strings.HasPrefix(other.Addr().String(), "127.0.0.1:"))

	_, err = telemetry.Listen(t.Context(), addr, true, "--admin-addr")
	require.ErrorContains(t, err, "admin server cannot listen at "+addr)
	require.ErrorContains(t, err, "address already in use: set --admin-addr to a free host:port of this machine (port 0 takes any)")

	_, err = telemetry.Listen(t.Context(), "256.0.0.1:1", false, "SLUICE_ADMIN_ADDR")
	require.ErrorContains(t, err, "admin server cannot listen at 256.0.0.1:1")
}
