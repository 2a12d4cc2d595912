package genesys_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// wantKind is the table of docs/architecture.md, written a second time: 0 stands for success.
func wantKind(status int) genesys.Kind {
	switch {
	case status >= 200 && status < 300:
		return 0
	case status >= 300 && status < 400:
		return genesys.KindNotFound
	}
	special := map[int]genesys.Kind{
		401: genesys.KindUnauthorized, 403: genesys.KindForbidden, 404: genesys.KindNotFound,
		405: genesys.KindNotFound, 407: genesys.KindNotFound, 410: genesys.KindNotFound, 421: genesys.KindNotFound,
		408: genesys.KindServer, 429: genesys.KindRateLimited, 502: genesys.KindGateway, 504: genesys.KindGateway,
	}
	if k, ok := special[status]; ok {
		return k
	}
	switch {
	case status >= 400 && status < 500:
		return genesys.KindRefused
	case status >= 500 && status < 600:
		return genesys.KindServer
	}
	return genesys.KindGateway
}

// Statuses 100 to 199 are not final answers on the wire; TestClient_InformationalStatuses sees to them.
func TestClient_EveryStatusHasItsKind(t *testing.T) {
	for _, api := range genesys.APIs() {
		synctest.Test(t, func(t *testing.T) {
			status := 0
			n := setup(t, genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
				if c.Path == genesystest.PathInvoke {
					return genesystest.Answer{Status: status}
				}
				return genesystest.Answer{}
			}}, func(c *genesys.Config) { c.API = api })
			for status = 200; status < 600; status++ {
				time.Sleep(time.Minute) // past what the last answer made the client remember
				res, err := attempt(t.Context(), n.client)
				if want := wantKind(status); want != 0 {
					requireKind(t, want, err, status)
					assert.Equal(t, status, err.Status)
					assert.Equal(t, genesys.OpInvoke, err.Op)
					assert.NotEmpty(t, err.RequestID, "status %d", status)
					continue
				}
				require.Nil(t, err, "status %d", status)
				assert.Equal(t, status, res.Status)
				assert.NotEmpty(t, res.RequestID)
			}
		})
	}
}

func TestKindOf_EveryStatusAndActionCode(t *testing.T) {
	for status := 100; status < 1000; status++ {
		if want := wantKind(status); want != 0 {
			require.Equal(t, want, genesys.KindOf(status, "", ""), status)
			require.Equal(t, want, genesys.KindOf(status, "bad.request", "ACTION.UNKNOWN"), status)
		}
		require.Equal(t, genesys.KindProcessing, genesys.KindOf(status, "authentication.request.timeout", "ACTION.PROCESSING"), status)
		require.Equal(t, genesys.KindRemote, genesys.KindOf(status, "authentication.request.timeout", "ACTION.REMOTE_ENDPOINT"), status)
		require.Equal(t, genesys.KindRemote, genesys.KindOf(status, "authentication.request.timeout", "ACTION.AUTHENTICATION"), status)
	}
}

// The platform that could not check the token in time did not run the action; after any other 504 it may have.
func TestKindOf_TimeoutsBeforeTheAction(t *testing.T) {
	for status := 100; status < 1000; status++ {
		want := wantKind(status)
		if status == http.StatusGatewayTimeout {
			want = genesys.KindServer
		}
		if want != 0 {
			require.Equal(t, want, genesys.KindOf(status, "authentication.request.timeout", ""), status)
		}
	}
}

// net/http reads past informational answers to the final one; 101 alone it takes for final.
func TestClient_InformationalStatuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status := 0
		n := raw(t, func(conn net.Conn) {
			readRequest(conn)
			respond(conn, fmt.Sprintf("HTTP/1.1 %d Odd", status), "", "")
			respond(conn, "HTTP/1.1 202 Accepted", "Content-Length: 0", "Connection: close", "", "")
		})
		for status = 100; status < 200; status++ {
			_, err := attempt(t.Context(), n.client)
			if status == http.StatusSwitchingProtocols {
				requireKind(t, genesys.KindGateway, err)
				continue
			}
			require.Nil(t, err, status)
		}
		for status = 600; status < 1000; status += 57 {
			_, err := attempt(t.Context(), n.client)
			requireKind(t, genesys.KindGateway, err, status)
		}
	})
}

func TestClient_WhoseFailureItIsComesBeforeTheStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answer genesystest.Answer
		n := setup(t, genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
			if c.Path == genesystest.PathInvoke {
				return answer
			}
			return genesystest.Answer{}
		}}, integrations)
		for _, status := range []int{400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 500, 502, 503, 504} {
			for code, want := range map[string]genesys.Kind{
				"ACTION.PROCESSING":      genesys.KindProcessing,
				"ACTION.REMOTE_ENDPOINT": genesys.KindRemote,
				"ACTION.AUTHENTICATION":  genesys.KindRemote,
			} {
				answer = genesystest.Answer{Status: status, ActionCode: code, Message: "the backend said no"}
				_, err := attempt(t.Context(), n.client)
				requireKind(t, want, err, status, code)
				assert.Equal(t, code, err.ActionCode)
				assert.Equal(t, "the backend said no", err.Message)
			}
		}
		assert.Equal(t, 1, requests(n, genesystest.PathToken), "the third party's 401 is not about our token")
		assert.Zero(t, n.client.RateStatus().Paused, "the third party's 429 is not about our rate")
	})
}

// Each Kind but those of the status table, which TestClient_EveryStatusHasItsKind produces.
func TestClient_KindsWithoutAnAnswer(t *testing.T) {
	rule := func(c *genesys.Config) { c.Success = genesys.Success{Pointer: "/ok", Value: true} }
	body := func(s string) genesystest.Behaviour {
		return genesystest.Always(genesystest.PathInvoke, genesystest.Answer{Status: 200, Body: []byte(s)})
	}
	tests := []struct {
		name   string
		want   genesys.Kind
		opts   genesystest.Options
		fault  genesystest.Fault
		tweak  func(*genesys.Config)
		body   string
		within time.Duration
	}{
		{name: "the caller gives up", want: genesys.KindCanceled, within: time.Second,
			fault: genesystest.Fault{Hang: true, Paths: genesystest.PathInvoke}},
		{name: "an empty payload", want: genesys.KindInput, body: " "},
		{name: "over the limit", want: genesys.KindTooLarge, tweak: func(c *genesys.Config) { c.MaxBody = len(payload) - 1 }},
		{name: "the rule is not met", want: genesys.KindActionFailed, opts: genesystest.Options{Behaviour: body(`{"ok":false}`)}, tweak: rule},
		{name: "the rule has nothing to look at", want: genesys.KindActionFailed, opts: genesystest.Options{Behaviour: body(``)}, tweak: rule},
		{name: "the rule cannot be checked", want: genesys.KindUnreadable, opts: genesystest.Options{Behaviour: body(`<html>`)}, tweak: rule},
		{name: "no connection", want: genesys.KindNotSent, fault: genesystest.RefuseEverything()},
		{name: "no answer", want: genesys.KindBroken, fault: genesystest.Fault{Hang: true, Paths: genesystest.PathInvoke}},
		{name: "cut off before the answer", want: genesys.KindBroken, fault: genesystest.Fault{Reset: true, Paths: genesystest.PathInvoke}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.tweak == nil {
					tt.tweak = func(*genesys.Config) {}
				}
				n := setup(t, tt.opts, tt.tweak)
				if tt.fault != (genesystest.Fault{}) {
					n.api.SetFault(tt.fault)
				}
				ctx := t.Context()
				if tt.within > 0 {
					var cancel func()
					ctx, cancel = context.WithTimeout(ctx, tt.within)
					defer cancel()
				}
				r := genesys.Request{Payload: []byte(payload)}
				if tt.body != "" {
					r.Payload = []byte(tt.body)
				}
				_, err := n.client.Attempt(ctx, r)
				var e *genesys.Error
				require.ErrorAs(t, err, &e)
				requireKind(t, tt.want, e)
				if tt.want == genesys.KindInput || tt.want == genesys.KindTooLarge {
					assert.Empty(t, n.api.Stats().Requests, "nothing is sent, not even for a token")
				}
			})
		})
	}
}

func TestKinds_HaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range genesys.Kinds() {
		assert.False(t, seen[k.String()] || k.String() == "unknown", k)
		seen[k.String()] = true
	}
	assert.Equal(t, "unknown", genesys.Kind(0).String())
	assert.Equal(t, "unknown", genesys.Op(0).String())
	assert.Equal(t, "invoke request: refused (HTTP 400 bad.request)",
		(&genesys.Error{Op: genesys.OpInvoke, Kind: genesys.KindRefused, Status: 400, Code: "bad.request"}).Error())
}

func TestClient_RequestIDFromTheBodyWhereNoHeaderHasIt(t *testing.T) {
	for body, want := range map[string]string{
		`{"contextId":"ctx-1"}`: "ctx-1", `{"correlationId":"cor-1"}`: "cor-1", `{}`: "", `[1]`: "", `nonsense`: "",
	} {
		for _, status := range []int{200, 500} {
			synctest.Test(t, func(t *testing.T) {
				n := raw(t, func(conn net.Conn) {
					readRequest(conn)
					respond(conn, "HTTP/1.1 "+strconv.Itoa(status)+" X", "Content-Type: application/json",
						"Content-Length: "+strconv.Itoa(len(body)), "", body)
				})
				res, err := attempt(t.Context(), n.client)
				if status == 200 {
					require.Nil(t, err)
					assert.Equal(t, want, res.RequestID)
				} else {
					assert.Equal(t, want, err.RequestID)
				}
			})
		}
	}
}
