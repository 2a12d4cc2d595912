package genesys_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

const (
	clientID     = "client-of-the-tests"
	clientSecret = "SECRET+of/the=tests" // with characters that form encoding changes
	actionID     = "custom_-_a/b c"
	payloadMark  = "PAYLOAD-MARK"
	payload      = `{"contact":{"external_id":"m-1"},"mark":"` + payloadMark + `"}`
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network is a fake API on an in-memory network, and a client of it. Use it within a synctest bubble.
type network struct {
	*kfake.VirtualNetwork
	api    *genesystest.Server
	client *genesys.Client
}

func setup(t *testing.T, opts genesystest.Options, tweaks ...func(*genesys.Config)) *network {
	t.Helper()
	n := &network{VirtualNetwork: new(kfake.VirtualNetwork)}
	opts.ClientID, opts.ClientSecret, opts.ActionID = clientID, clientSecret, actionID
	n.api = genesystest.New(opts)
	l, err := n.Listen("tcp", "localhost:80")
	require.NoError(t, err)
	base := n.api.Start(l)
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		n.api.Close()
	})
	n.client = newClient(t, append([]func(*genesys.Config){func(c *genesys.Config) {
		c.BaseURL, c.Dial = base, n.api.Dial(n.DialContext)
	}}, tweaks...)...)
	return n
}

func newClient(t testing.TB, tweaks ...func(*genesys.Config)) *genesys.Client {
	t.Helper()
	cfg := genesys.Defaults()
	cfg.ClientID, cfg.ClientSecret, cfg.ActionID = clientID, genesys.NewSecret(clientSecret), actionID
	for _, tweak := range tweaks {
		tweak(&cfg)
	}
	c, err := genesys.New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func integrations(c *genesys.Config) { c.API = genesys.APIIntegrations }

func attempt(ctx context.Context, c *genesys.Client) (genesys.Result, *genesys.Error) {
	res, err := c.Attempt(ctx, genesys.Request{Payload: []byte(payload), ID: "payloads/0/1"})
	if err == nil {
		return res, nil
	}
	e, ok := errors.AsType[*genesys.Error](err)
	if !ok {
		panic("Attempt returned something else than an *Error: " + err.Error())
	}
	return res, e
}

func requireKind(t *testing.T, want genesys.Kind, e *genesys.Error, msg ...any) {
	t.Helper()
	require.NotNil(t, e, msg...)
	require.Equal(t, want.String(), e.Kind.String(), msg...)
}

func requests(n *network, path genesystest.Path) int { return n.api.Stats().Requests[path] }

// raw listens on its own network and gives each connection to a function that speaks HTTP by hand. The
// client it returns has its token from the healthy fake at the login URL.
func raw(t *testing.T, serve func(net.Conn), tweaks ...func(*genesys.Config)) *network {
	t.Helper()
	n := setup(t, genesystest.Options{})
	l, err := n.Listen("tcp", "localhost:81")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		serving.Wait()
	})
	n.client = newClient(t, append([]func(*genesys.Config){func(c *genesys.Config) {
		c.BaseURL, c.LoginURL, c.Dial = "http://localhost:81", "http://localhost:80", n.DialContext
		c.Timeout = 5 * time.Second
	}}, tweaks...)...)
	return n
}

// readRequest reads one whole request.
func readRequest(conn net.Conn) {
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err == nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}

func respond(conn net.Conn, lines ...string) {
	_, _ = io.WriteString(conn, strings.Join(lines, "\r\n"))
}
