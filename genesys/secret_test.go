package genesys_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

const tokenMark = "TOKEN-MARK"

// Every way to fail, by an API that echoes all it was sent: no text of any error, nor of one that it wraps,
// holds the secret, the token or the payload; and no field holds the secret or the token.
func TestErrors_LeakNothing(t *testing.T) {
	echo := payloadMark + " Bearer " + tokenMark + " " + clientSecret
	bodies := map[string]string{
		"text":     echo,
		"platform": `{"message":"` + echo + `","code":"` + echo + `","contextId":"` + echo + `","details":[{"errorCode":"ACTION.` + echo + `"}],"errors":[{"message":"` + echo + `"}]}`,
		"action":   `{"userMessage":"` + echo + `","errorCode":"` + echo + `","correlationId":"` + echo + `","details":[{"errorCode":"ACTION.REMOTE_ENDPOINT"}]}`,
		"oauth":    `{"error":"invalid_client","error_description":"` + echo + `"}`,
		"result":   `{"ok":"` + echo + `"}`,
	}
	synctest.Test(t, func(t *testing.T) {
		var path genesystest.Path
		var answer genesystest.Answer
		n := setup(t, genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
			if c.Path == path {
				return answer
			}
			if c.Path == genesystest.PathToken {
				return genesystest.Answer{Body: []byte(`{"access_token":"` + tokenMark + `","expires_in":1}`)}
			}
			return genesystest.Answer{}
		}})
		for _, path = range []genesystest.Path{genesystest.PathToken, genesystest.PathInvoke} {
			for status := 200; status < 600; status++ {
				for _, body := range bodies {
					answer = genesystest.Answer{Status: status, Body: []byte(body), Header: http.Header{"Request-Id": {echo}}}
					c := newClient(t, func(c *genesys.Config) {
						c.BaseURL, c.Dial = "http://localhost:80", n.DialContext
						c.Success = genesys.Success{Pointer: "/ok", Value: true}
					})
					_, err := attempt(t.Context(), c)
					require.NotNil(t, err, status)
					requireNoLeak(t, err)
					c.Close()
				}
			}
		}
	})
}

// The same where the other side speaks no HTTP, or breaks off: net/http quotes what it cannot parse.
func TestErrors_LeakNothingOfBrokenAnswers(t *testing.T) {
	echo := payloadMark + " " + tokenMark + " " + clientSecret
	for _, answer := range []string{
		echo + "\r\n", "HTTP/1.1 200 OK\r\n" + echo + "\r\n\r\n", "HTTP/1.1 2x0 " + echo + "\r\n\r\n", "HTTP/9.9 200 " + echo + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + echo + "\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + echo + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + echo + "\r\n", "",
	} {
		for _, login := range []string{"http://localhost:80", "http://localhost:81"} {
			synctest.Test(t, func(t *testing.T) {
				n := raw(t, func(c net.Conn) { readRequest(c); respond(c, answer) }, func(c *genesys.Config) {
					c.LoginURL = login
					c.Success = genesys.Success{Pointer: "/ok", Value: true}
				})
				_, err := attempt(t.Context(), n.client)
				require.NotNil(t, err)
				requireNoLeak(t, err)
			})
		}
	}
}

func requireNoLeak(t *testing.T, e *genesys.Error) {
	t.Helper()
	for err := error(e); err != nil; err = errors.Unwrap(err) {
		for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v", err, err)} {
			for _, secret := range []string{clientSecret, tokenMark, payloadMark} {
				require.NotContains(t, text, secret)
			}
		}
	}
	require.NotContains(t, e.Code+e.ActionCode+e.RequestID, payloadMark)
	all := e.Message + string(e.Body) + e.Code + e.ActionCode + e.RequestID
	if e.Op == genesys.OpToken {
		require.NotContains(t, all, clientSecret)
		require.Nil(t, e.Body)
	} else {
		require.NotContains(t, all, tokenMark)
	}
}

func TestClient_TokenThatIsEchoedIsMaskedInResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
			if c.Path == genesystest.PathToken {
				return genesystest.Answer{}
			}
			return genesystest.Answer{Status: 200, Body: []byte(`{"sent":"` + c.Header.Get("Authorization") + `"}`)}
		}})
		res, err := attempt(t.Context(), n.client)
		require.Nil(t, err)
		assert.Equal(t, `{"sent":"Bearer ***"}`, string(res.Data))
	})
}

func TestSecret_PrintsAsMask(t *testing.T) {
	s := genesys.NewSecret(clientSecret)
	cfg := genesys.Config{ClientSecret: s}
	c := newClient(t)
	for _, v := range []any{s, &s, cfg, &cfg, c, struct{ hidden genesys.Config }{cfg}, []genesys.Secret{s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			assert.NotContains(t, fmt.Sprintf(verb, v), clientSecret)
			assert.NotContains(t, fmt.Sprintf(verb, v), fmt.Sprintf("%x", clientSecret))
		}
	}
	out, err := json.Marshal(s)
	require.NoError(t, err)
	assert.Equal(t, `"***"`, string(out))
	assert.Equal(t, clientSecret, s.Reveal())
	assert.Empty(t, genesys.Secret{}.Reveal()+genesys.Secret{}.String()+genesys.NewSecret("").String())
}

func TestTransport_UnusableProxyIsNotShown(t *testing.T) {
	_, err := genesys.Nameless(func(*http.Request) (*url.URL, error) {
		return nil, errors.New("invalid proxy address http://user:" + clientSecret + "@%zz")
	})(nil)
	assert.EqualError(t, err, "the proxy of HTTPS_PROXY or HTTP_PROXY is not a URL")
}
