package genesys_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

func TestClient_ConnectionCutAtEachStage(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n"
	tests := []struct {
		name  string
		serve func(net.Conn)
		want  genesys.Kind
	}{
		{"before a byte was read", func(net.Conn) {}, genesys.KindNotSent},
		{"within the headers", func(c net.Conn) { _, _ = c.Read(make([]byte, 20)) }, genesys.KindBroken},
		{"after the request", readRequest, genesys.KindBroken},
		{"after garbage", func(c net.Conn) { readRequest(c); respond(c, "SSH-2.0-OpenSSH", "") }, genesys.KindBroken},
		{"within the status line", func(c net.Conn) { readRequest(c); respond(c, "HTTP/1.1 20") }, genesys.KindBroken},
		{"within the answer's headers", func(c net.Conn) { readRequest(c); respond(c, "HTTP/1.1 200 OK", "Content-Len") }, genesys.KindBroken},
		{"within the body", func(c net.Conn) { readRequest(c); respond(c, ok+`{"half":`) }, 0},
		{"within a failure's body", func(c net.Conn) {
			readRequest(c)
			respond(c, "HTTP/1.1 500 Oops", "Content-Length: 100", "", `{"mess`)
		}, genesys.KindServer},
		// An in-memory connection has no buffer: what is not read was not sent. Over TCP this would be broken.
		{"never: it hangs unread", func(net.Conn) { time.Sleep(time.Hour) }, genesys.KindNotSent},
		{"never: it hangs after the request", func(c net.Conn) { readRequest(c); time.Sleep(time.Hour) }, genesys.KindBroken},
		{"never: it hangs within the body", func(c net.Conn) { readRequest(c); respond(c, ok+`{`); time.Sleep(time.Hour) }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var served atomic.Int32
				n := raw(t, func(c net.Conn) { served.Add(1); tt.serve(c) })
				start := time.Now()
				res, err := attempt(t.Context(), n.client)
				assert.LessOrEqual(t, time.Since(start), 5*time.Second)
				assert.EqualValues(t, 1, served.Load(), "a request is never sent again unseen")
				if tt.want != 0 {
					requireKind(t, tt.want, err)
					return
				}
				require.Nil(t, err)
				assert.Equal(t, 200, res.Status)
				assert.JSONEq(t, `{"raw":"`+strings.ReplaceAll(partOf(string(res.Data)), `"`, `\"`)+`"}`, string(res.Data))
			})
		})
	}
}

// partOf returns which beginning of the body was kept.
func partOf(data string) string {
	if strings.Contains(data, "half") {
		return `{"half":`
	}
	return `{`
}

func TestClient_BodyThatBreaksOffWithASuccessRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := raw(t, func(c net.Conn) {
			readRequest(c)
			respond(c, "HTTP/1.1 200 OK", "Content-Type: application/json", "Content-Length: 100", "", `{"ok":true}`)
		}, func(c *genesys.Config) { c.Success = genesys.Success{Pointer: "/ok", Value: true} })
		_, err := attempt(t.Context(), n.client)
		requireKind(t, genesys.KindUnreadable, err)
	})
}

func TestClient_TimeOutWhileDialling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{}, func(c *genesys.Config) {
			c.Timeout = 5 * time.Second
			c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
		})
		_, err := attempt(t.Context(), n.client)
		requireKind(t, genesys.KindNotSent, err)
		assert.ErrorContains(t, err, "no complete answer within 5s")
	})
}

// A connection that the server closed while it was idle costs nothing: the request goes out on another one.
func TestClient_StaleConnectionIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen atomic.Int32
		n := raw(t, func(c net.Conn) {
			readRequest(c)
			seen.Add(1)
			respond(c, "HTTP/1.1 202 Accepted", "Content-Length: 0", "", "")
		})
		for range 5 {
			_, err := attempt(t.Context(), n.client)
			require.NoError(t, asError(err))
		}
		assert.EqualValues(t, 5, seen.Load())
	})
}

// But one that breaks once a byte of the request has left is no reason to send it again.
func TestClient_ReusedConnectionThatBreaksIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen atomic.Int32
		n := raw(t, func(c net.Conn) {
			in := bufio.NewReader(c)
			for i := range 2 {
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				seen.Add(1)
				if i == 0 {
					respond(c, "HTTP/1.1 202 Accepted", "Content-Length: 0", "", "")
				}
			}
		})
		_, err := attempt(t.Context(), n.client)
		require.Nil(t, err)
		_, err = attempt(t.Context(), n.client)
		requireKind(t, genesys.KindBroken, err)
		assert.EqualValues(t, 2, seen.Load())
	})
}

func TestClient_ReusesConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dialled atomic.Int32
		var dial genesys.DialFunc
		n := setup(t, genesystest.Options{}, func(c *genesys.Config) {
			dial = c.Dial
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				dialled.Add(1)
				return dial(ctx, network, address)
			}
		})
		for range 10 {
			_, err := attempt(t.Context(), n.client)
			require.Nil(t, err)
		}
		assert.EqualValues(t, 1, dialled.Load())
	})
}

func TestClient_RedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		synctest.Test(t, func(t *testing.T) {
			n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathInvoke, genesystest.Answer{
				Status: status, Header: http.Header{"Location": {"http://localhost:80/elsewhere"}}})})
			_, err := attempt(t.Context(), n.client)
			requireKind(t, genesys.KindNotFound, err)
			assert.Zero(t, requests(n, genesystest.PathOther))
			assert.Equal(t, 1, requests(n, genesystest.PathInvoke))
		})
	}
}

func TestClient_Request(t *testing.T) {
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	tests := []struct {
		name    string
		headers []genesys.Header
		want    string
	}{
		{"none", nil, ""},
		{"one", []genesys.Header{{Key: "other", Value: []byte("x")}, {Key: "TraceParent", Value: []byte(trace)}}, trace},
		{"malformed", []genesys.Header{{Key: "traceparent", Value: []byte("00-zz\r\nX: y")}}, ""},
		{"of version ff", []genesys.Header{{Key: "traceparent", Value: []byte("ff" + trace[2:])}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got genesystest.Call
				n := setup(t, genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
					if c.Path == genesystest.PathInvoke {
						got = c
						got.Payload = append([]byte(nil), c.Payload...)
					}
					return genesystest.Answer{}
				}})
				body := " {\"a\" : 1.0}\n"
				res, err := n.client.Attempt(t.Context(), genesys.Request{Payload: []byte(body), Headers: tt.headers})
				require.NoError(t, err)
				assert.Equal(t, body, string(got.Payload), "byte for byte")
				assert.Equal(t, tt.want, got.Header.Get("Traceparent"))
				assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
				assert.Equal(t, "sluice", got.Header.Get("User-Agent"))
				assert.Equal(t, http.StatusAccepted, res.Status)
				assert.Contains(t, string(res.Data), `"invocationId"`)
			})
		})
	}
}

func TestClient_BodyIsReadToItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := raw(t, func(c net.Conn) {
			readRequest(c)
			respond(c, "HTTP/1.1 200 OK", "Content-Type: text/plain", "", strings.Repeat("x", 3<<20))
		})
		res, err := attempt(t.Context(), n.client)
		require.Nil(t, err)
		assert.Len(t, res.Data, 1<<20+len(`{"raw":""}`))
	})
}

func TestClient_OverTLS(t *testing.T) {
	var refuse atomic.Bool
	api := genesystest.New(genesystest.Options{})
	defer api.Close()
	srv := httptest.NewUnstartedServer(api)
	srv.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if refuse.Load() {
			return nil, io.EOF
		}
		return nil, nil
	}}
	srv.StartTLS()
	defer srv.Close()
	c := newClient(t, func(c *genesys.Config) { c.BaseURL = srv.URL })
	_, err := attempt(t.Context(), c)
	requireKind(t, genesys.KindNotSent, err)
	assert.ErrorContains(t, err, "certificate")
	assert.Empty(t, api.Stats().Requests)
}

func asError(e *genesys.Error) error {
	if e == nil {
		return nil
	}
	return e
}

// The token request takes the same way: a closed connection costs nothing there either.
func TestToken_StaleConnectionIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen atomic.Int32
		n := raw(t, func(c net.Conn) {
			readRequest(c)
			seen.Add(1)
			body := `{"access_token":"t","expires_in":1}`
			respond(c, "HTTP/1.1 200 OK", "Content-Type: application/json", "Content-Length: "+strconv.Itoa(len(body)), "", body)
		}, func(c *genesys.Config) { c.LoginURL = c.BaseURL })
		for range 5 {
			_, err := attempt(t.Context(), n.client)
			require.NoError(t, asError(err))
			time.Sleep(time.Second) // the token's life
		}
		assert.EqualValues(t, 10, seen.Load())
	})
}

// Over TCP the kernel takes what the other side does not read: it has left, so the outcome is unknown.
func TestClient_HangsUnreadOverTCP(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c := newClient(t, func(c *genesys.Config) { c.BaseURL, c.Timeout = "http://"+l.Addr().String(), 50*time.Millisecond })
	_, failed := attempt(t.Context(), c)
	requireKind(t, genesys.KindBroken, failed)
	require.NoError(t, l.Close())
	c = newClient(t, func(c *genesys.Config) { c.BaseURL = "http://" + l.Addr().String() })
	_, failed = attempt(t.Context(), c)
	requireKind(t, genesys.KindNotSent, failed)
	assert.ErrorContains(t, failed, "connection refused")
}

func TestError_KeepsTheBeginningOfALargeBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathInvoke, genesystest.Answer{
			Status: 500, Body: []byte(`{"message":"` + strings.Repeat("m", 900_000) + `"}`)})})
		_, err := attempt(t.Context(), n.client)
		requireKind(t, genesys.KindServer, err)
		assert.Len(t, err.Body, 16<<10)
		assert.Len(t, err.Message, 2<<10)
	})
}
