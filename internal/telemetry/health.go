package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Check is one thing that is in order or not.
type Check struct {
	OK bool `json:"ok"`
	// Reason says why the check fails, or adds to why it does not. It may be empty.
	Reason string `json:"reason,omitempty"`
}

// Checks are the named checks behind one health question, such as "schema" or "dead_letter_topic". The
// answer is yes where all of them are in order, so that the two cannot disagree.
type Checks map[string]Check

// OK reports whether every check is in order; without any it is true.
func (c Checks) OK() bool {
	for _, check := range c {
		if !check.OK {
			return false
		}
	}
	return true
}

// Report is what /livez and /readyz answer, with status 200 or 503.
type Report struct {
	Status string `json:"status"` // ok or failed
	Checks Checks `json:"checks"`
}

// OK reports whether the answer is yes.
func (r Report) OK() bool { return r.Status == statusOK }

const (
	statusOK     = "ok"
	statusFailed = "failed"
)

// The paths that [Health] can ask.
const (
	PathLive  = "/livez"
	PathReady = "/readyz"
)

// healthTimeout bounds one question of Health. Container health checks give up after 30 s by default.
const healthTimeout = 5 * time.Second

// maxReport bounds the answer that Health reads.
const maxReport = 1 << 20

// Health asks the admin server at addr, a host:port as the server was told to listen at, for the report at
// path. The error says that there is no answer, or none of ours; a worker that is not well is a Report.
// No proxy is used.
func Health(ctx context.Context, addr, path string) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	target, err := reachable(addr)
	if err != nil {
		return Report{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+target+path, http.NoBody)
	if err != nil {
		return Report{}, fmt.Errorf("admin address %q: %w", addr, err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return Report{}, noAnswer(target, err)
	}
	defer func() { _ = res.Body.Close() }()
	var report Report
	err = json.NewDecoder(io.LimitReader(res.Body, maxReport)).Decode(&report)
	if err != nil || report.Status == "" || report.OK() != (res.StatusCode == http.StatusOK) {
		return Report{}, notOurs(target, res.Status, path)
	}
	return report, nil
}

// reachable turns an address to listen at into one to dial: a server that listens at every address of the
// machine is asked on loopback.
func reachable(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("admin address %q: use host:port in SLUICE_ADMIN_ADDR: %w", addr, err)
	}
	switch ip := net.ParseIP(host); {
	case host == "" || ip.Equal(net.IPv4zero):
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}

// serveHealth answers with the report of checks.
func serveHealth(checks func() Checks) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c := Checks{}
		if checks != nil {
			c = checks()
		}
		report, status := Report{Status: statusOK, Checks: c}, http.StatusOK
		if !c.OK() {
			report.Status, status = statusFailed, http.StatusServiceUnavailable
		}
		writeJSON(w, status, report)
	}
}

// String lists what fails, for people.
func (r Report) String() string {
	if r.OK() {
		return statusOK
	}
	var failing []string
	for _, name := range slices.Sorted(maps.Keys(r.Checks)) {
		if c := r.Checks[name]; !c.OK {
			failing = append(failing, strings.TrimSuffix(name+": "+c.Reason, ": "))
		}
	}
	return statusFailed + ": " + strings.Join(failing, "; ")
}
