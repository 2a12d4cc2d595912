package genesys_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"flag"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

var update = flag.Bool("update", false, "write the transcripts in docs/genesys.md")

const transcriptsFile = "../docs/genesys.md"

// exchanged is what went over the wire for one request, in both directions.
type exchanged struct{ sent, got string }

// recorder keeps what goes over the connections that it dials.
type recorder struct {
	mu        sync.Mutex
	sent, got bytes.Buffer
}

// recordedConn is a connection that tells its recorder.
type recordedConn struct {
	net.Conn
	to *recorder
}

func (c *recordedConn) Write(p []byte) (int, error) {
	c.to.mu.Lock()
	c.to.sent.Write(p)
	c.to.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *recordedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.to.mu.Lock()
	c.to.got.Write(p[:n])
	c.to.mu.Unlock()
	return n, err
}

// take returns what was recorded since it was last called.
func (r *recorder) take() exchanged {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := exchanged{r.sent.String(), r.got.String()}
	r.sent.Reset()
	r.got.Reset()
	return e
}

const transcriptSecret = "secret-of-the-transcripts"

// transcripts plays every exchange that docs/genesys.md shows with a fake API, whose host it calls as in real
// life, and returns what went over the wire, by name.
func transcripts(t *testing.T) map[string]exchanged {
	t.Helper()
	seen := map[string]exchanged{}
	for style, host := range map[genesys.API]string{
		genesys.APIIntegrations: "http://api.mypurecloud.com", genesys.APIProcesses: "http://gateway.example.com",
	} {
		synctest.Test(t, func(t *testing.T) {
			var network kfake.VirtualNetwork
			l, err := network.Listen("tcp", "localhost:80")
			require.NoError(t, err)
			fake := genesystest.New(genesystest.Options{
				Seed: 1, ClientID: "3b5f2d1c", ClientSecret: transcriptSecret,
				Output: func([]byte) []byte { return []byte(`{"caseId":"C-1042","created":true}`) },
			})
			fake.Start(l)
			defer func() {
				fake.Close()
				require.NoError(t, l.Close())
			}()
			var wire recorder
			configure := func(c *genesys.Config) {
				c.API, c.BaseURL, c.UserAgent = style, host, "sluice/VERSION"
				c.ClientID, c.ClientSecret, c.ActionID = "3b5f2d1c", genesys.NewSecret(transcriptSecret), "custom_-_2f1e4b60"
				c.Dial = func(ctx context.Context, network_, _ string) (net.Conn, error) {
					conn, err := network.DialContext(ctx, network_, "localhost:80")
					return &recordedConn{conn, &wire}, err
				}
			}
			client := newClient(t, configure)
			defer client.Close()
			record := func(name string, play func() error, faults ...genesystest.Fault) {
				fake.SetFault(faults...)
				err := play()
				assert.Equal(t, len(faults) > 0, err != nil, "%s %s: %v", style, name, err)
				seen[string(style)+" "+name] = wire.take()
			}
			login := func() error {
				_, err := client.Token(t.Context())
				return err
			}
			invoke := func() error {
				_, err := client.Attempt(t.Context(), genesys.Request{
					Payload: []byte(`{"external_id":"c-1","priority":3}`),
					Headers: []genesys.Header{{Key: "traceparent", Value: []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")}},
				})
				return err
			}
			record("token", login)
			record("invoke", invoke)
			record("failure", invoke, genesystest.Fault{Status: 403, Message: "The user is not authorized."})
			record("remote", invoke, genesystest.Fault{Status: 400, ActionCode: "ACTION.REMOTE_ENDPOINT", Message: "the backend said no"})
			record("limit", invoke, genesystest.Fault{Status: 429, RetryAfter: 3})
			switch style {
			case genesys.APIProcesses:
				record("history", func() error {
					_, err := read(t.Context(), client, genesys.HistoryQuery{PageSize: 100})
					return err
				})
			case genesys.APIIntegrations:
				record("describe", func() error { _, err := client.Describe(t.Context()); return err })
			}
			client = newClient(t, configure)
			defer client.Close()
			record("refused", login, genesystest.Fault{Status: 401, Code: "invalid_client", Message: "client not found"})
		})
	}
	return seen
}

var (
	bearer  = regexp.MustCompile(`fake-[0-9a-f-]{36}`)
	marker  = regexp.MustCompile("(?s)<!-- (integrations|processes) ([a-z]+): (sent|got) -->\n```http\n.*?```")
	bodyEnd = regexp.MustCompile(`([^\n])$`)
)

// shown is a transcript as the page shows it: lines that end in a line feed, and placeholders for what is secret.
func shown(text string) string {
	for secret, placeholder := range map[string]string{
		base64.StdEncoding.EncodeToString([]byte("3b5f2d1c:" + transcriptSecret)): "<base64 of id:secret>",
		transcriptSecret: "<secret>",
	} {
		text = strings.ReplaceAll(text, secret, placeholder)
	}
	text = bearer.ReplaceAllString(text, "<token>")
	return bodyEnd.ReplaceAllString(strings.ReplaceAll(text, "\r\n", "\n"), "$1\n")
}

// TestTranscripts_AreDocumented: docs/genesys.md shows the bytes that go over the wire.
func TestTranscripts_AreDocumented(t *testing.T) {
	seen := transcripts(t)
	page, err := os.ReadFile(transcriptsFile)
	require.NoError(t, err)
	blocks := 0
	fresh := marker.ReplaceAllStringFunc(string(page), func(block string) string {
		blocks++
		m := marker.FindStringSubmatch(block)
		e, ok := seen[m[1]+" "+m[2]]
		require.True(t, ok, "no exchange of this name: %s %s", m[1], m[2])
		text := e.sent
		if m[3] == "got" {
			text = e.got
		}
		require.NotEmpty(t, text)
		head, _, _ := strings.Cut(block, "\n")
		return head + "\n```http\n" + shown(text) + "```"
	})
	require.GreaterOrEqual(t, blocks, 8, "token and invocation, both styles, both directions")
	require.NotContains(t, fresh, transcriptSecret)
	if *update {
		require.NoError(t, os.WriteFile(transcriptsFile, []byte(fresh), 0o600))
		page = []byte(fresh)
	}
	require.Equal(t, fresh, string(page), "run: go test ./genesys -run Transcripts -update")
}
