package genesys_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

func TestToken_OneRequestHoweverManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathToken, genesystest.Answer{Delay: time.Second})})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				_, err := attempt(t.Context(), n.client)
				assert.Nil(t, err)
			})
		}
		wg.Wait()
		assert.Equal(t, 1, requests(n, genesystest.PathToken))
		assert.Equal(t, 100, requests(n, genesystest.PathInvoke))
	})
}

func TestToken_AWaiterMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathToken, genesystest.Answer{Delay: 10 * time.Second})})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := attempt(t.Context(), n.client)
			assert.Nil(t, err, "the one that stays gets the token")
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := attempt(ctx, n.client)
		requireKind(t, genesys.KindCanceled, err)
		assert.Equal(t, time.Second, time.Since(start))
		wg.Wait()
		assert.Equal(t, 1, requests(n, genesystest.PathToken))
	})
}

func TestToken_RequestOfEachStyle(t *testing.T) {
	for _, api := range genesys.APIs() {
		synctest.Test(t, func(t *testing.T) {
			var got genesystest.Call
			n := setup(t, genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
				if c.Path == genesystest.PathToken {
					got = c
				}
				return genesystest.Answer{}
			}}, func(c *genesys.Config) { c.API, c.UserAgent = api, "sluice/test" })
			_, err := attempt(t.Context(), n.client)
			require.Nil(t, err)
			form, perr := url.ParseQuery(string(got.Payload))
			require.NoError(t, perr)
			assert.Equal(t, "sluice/test", got.Header.Get("User-Agent"))
			if api == genesys.APIProcesses {
				assert.Equal(t, url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID},
					"client_secret": {clientSecret}, "scope": {"dataaction:execute"}}, form)
				assert.Empty(t, got.Header.Get("Authorization"))
				return
			}
			assert.Equal(t, url.Values{"grant_type": {"client_credentials"}}, form)
			assert.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte(clientID+":"+clientSecret)), got.Header.Get("Authorization"))
		})
	}
}

func TestToken_IsRenewedBeforeItExpires(t *testing.T) {
	tests := []struct {
		name          string
		life, renewAt time.Duration
	}{
		{"a day", 24 * time.Hour, 24*time.Hour - 30*time.Second},
		{"a minute", time.Minute, 30 * time.Second},
		{"less than a minute", 20 * time.Second, 10 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, genesystest.Options{TokenLife: tt.life})
				for i, at := range []time.Duration{0, tt.renewAt - time.Millisecond, time.Millisecond} {
					time.Sleep(at)
					_, err := attempt(t.Context(), n.client)
					require.Nil(t, err)
					synctest.Wait()
					assert.Equal(t, []int{1, 1, 2}[i], requests(n, genesystest.PathToken))
				}
			})
		})
	}
}

func TestToken_ServesOnWhileItsRenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{TokenLife: time.Hour})
		_, err := attempt(t.Context(), n.client)
		require.Nil(t, err)
		n.api.SetFault(genesystest.Fault{Hang: true, Paths: genesystest.PathToken})
		time.Sleep(time.Hour - 30*time.Second)
		start := time.Now()
		for range 29 {
			_, err = attempt(t.Context(), n.client)
			require.Nil(t, err)
			time.Sleep(time.Second)
		}
		assert.Equal(t, 29*time.Second, time.Since(start), "nobody waits for the renewal")
		time.Sleep(2 * time.Second)
		_, err = attempt(t.Context(), n.client)
		requireKind(t, genesys.KindBroken, err)
		assert.Equal(t, genesys.OpToken, err.Op)
	})
}

func TestToken_LifeThatIsMissingOrOdd(t *testing.T) {
	tests := []struct {
		name, answer string
		want         genesys.Kind
		life         time.Duration
	}{
		{"a string", `{"access_token":"t","expires_in":"3600"}`, 0, time.Hour},
		{"missing", `{"access_token":"t"}`, 0, 5 * time.Minute},
		{"null", `{"access_token":"t","expires_in":null}`, 0, 5 * time.Minute},
		{"zero", `{"access_token":"t","expires_in":0}`, 0, 5 * time.Minute},
		{"negative", `{"access_token":"t","expires_in":-5}`, 0, 5 * time.Minute},
		{"a fraction", `{"access_token":"t","expires_in":3600.75}`, 0, time.Hour},
		{"a fraction as a string", `{"access_token":"t","expires_in":"3.6e3"}`, 0, time.Hour},
		{"less than a second", `{"access_token":"t","expires_in":0.2}`, 0, time.Second},
		{"longer than Genesys lets any live", `{"access_token":"t","expires_in":2592000}`, 0, 48 * time.Hour},
		{"huge", `{"access_token":"t","expires_in":1e300}`, 0, 48 * time.Hour},
		{"beyond all numbers", `{"access_token":"t","expires_in":1e999}`, 0, 48 * time.Hour},
		{"a negative beyond all numbers", `{"access_token":"t","expires_in":-1e999}`, 0, 5 * time.Minute},
		{"not a number", `{"access_token":"t","expires_in":"NaN"}`, 0, 5 * time.Minute},
		{"a list", `{"access_token":"t","expires_in":[3600]}`, genesys.KindServer, 0},
		{"words", `{"access_token":"t","expires_in":"soon"}`, genesys.KindServer, 0},
		{"no token", `{"token_type":"bearer","expires_in":3600}`, genesys.KindServer, 0},
		{"a token that no header can carry", `{"access_token":"a\r\nb"}`, genesys.KindServer, 0},
		{"an error with 200", `{"error":"invalid_client"}`, genesys.KindServer, 0},
		{"a page", `<html>welcome</html>`, genesys.KindServer, 0},
		{"nothing", ``, genesys.KindServer, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var expires []time.Time
				n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathToken,
					genesystest.Answer{Status: 200, Body: []byte(tt.answer)})},
					func(c *genesys.Config) { c.OnToken = func(at time.Time, _ error) { expires = append(expires, at) } })
				_, err := attempt(t.Context(), n.client)
				if tt.want == 0 {
					// The fake knows nothing of this token: 401 is the proof that it was used.
					requireKind(t, genesys.KindUnauthorized, err)
					assert.Equal(t, genesys.OpInvoke, err.Op)
					assert.WithinDuration(t, time.Now().Add(tt.life), expires[0], 0)
					return
				}
				requireKind(t, tt.want, err)
				assert.Equal(t, genesys.OpToken, err.Op)
				assert.Zero(t, requests(n, genesystest.PathInvoke))
				assert.Zero(t, expires[0])
			})
		})
	}
}

func TestToken_A401DropsItAndRepeatsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{})
		_, err := attempt(t.Context(), n.client)
		require.Nil(t, err)
		n.api.RevokeTokens()
		_, err = attempt(t.Context(), n.client)
		require.Nil(t, err)
		assert.Equal(t, 2, requests(n, genesystest.PathToken))
		assert.Equal(t, 3, requests(n, genesystest.PathInvoke))
		assert.Len(t, n.api.Executions(), 2)
	})
}

func TestToken_A401HitsOnlyTheTokenThatGotIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{})
		_, err := attempt(t.Context(), n.client)
		require.Nil(t, err)
		n.api.RevokeTokens()
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				_, err := attempt(t.Context(), n.client)
				assert.Nil(t, err)
			})
		}
		wg.Wait()
		assert.Equal(t, 2, requests(n, genesystest.PathToken), "the 401s of the old token leave the new one alone")
	})
}

func TestToken_A401ThatStaysIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathInvoke, genesystest.Answer{Status: 401})})
		_, err := attempt(t.Context(), n.client)
		requireKind(t, genesys.KindUnauthorized, err)
		assert.Equal(t, genesys.OpInvoke, err.Op)
		assert.Equal(t, 2, requests(n, genesystest.PathInvoke), "exactly one repeat")
		assert.Equal(t, 2, requests(n, genesystest.PathToken))

		// Ten minutes of it, asked every 100 ms, are no storm at the login host: a token per five seconds.
		for range 6_000 {
			_, err = attempt(t.Context(), n.client)
			requireKind(t, genesys.KindUnauthorized, err)
			time.Sleep(100 * time.Millisecond)
		}
		assert.LessOrEqual(t, requests(n, genesystest.PathToken), 2+600/5)
		assert.Greater(t, requests(n, genesystest.PathToken), 100)
	})
}

// What a failure of the token request is, and how many requests ten minutes of it make where somebody
// asks every 50 ms. The refusals' 121 is the first one and one for each five seconds.
func TestToken_FailuresAndHowOftenTheyAreTried(t *testing.T) {
	oauth := func(status int, code string) genesystest.Answer {
		return genesystest.Answer{Status: status, Body: []byte(`{"error":"` + code + `","error_description":"no"}`)}
	}
	tests := []struct {
		name      string
		answer    genesystest.Answer
		want      genesys.Kind
		low, high int // requests in ten minutes
	}{
		{"401 of OAuth", oauth(401, "invalid_client"), genesys.KindUnauthorized, 13, 14},
		{"400 of OAuth", oauth(400, "invalid_client"), genesys.KindUnauthorized, 13, 14},
		{"401 of an outage", genesystest.Answer{Status: 401}, genesys.KindUnauthorized, 119, 121},
		{"400 of an outage", genesystest.Answer{Status: 400}, genesys.KindUnauthorized, 119, 121},
		{"401 with a page", genesystest.Answer{Status: 401, ContentType: "text/html", Body: []byte("<html>")}, genesys.KindUnauthorized, 119, 121},
		{"401 as a form", genesystest.Answer{Status: 401, ContentType: "text/plain", Body: []byte("error=invalid_client")}, genesys.KindUnauthorized, 119, 121},
		{"403", genesystest.Answer{Status: 403}, genesys.KindForbidden, 119, 121},
		{"404", genesystest.Answer{Status: 404}, genesys.KindNotFound, 119, 121},
		{"a redirect", genesystest.Answer{Status: 302, Header: http.Header{"Location": {"http://localhost:80/elsewhere"}}}, genesys.KindNotFound, 119, 121},
		{"422", genesystest.Answer{Status: 422}, genesys.KindRefused, 119, 121},
		{"408", genesystest.Answer{Status: 408}, genesys.KindServer, 570, 601},
		{"500", genesystest.Answer{Status: 500}, genesys.KindServer, 570, 601},
		{"502", genesystest.Answer{Status: 502}, genesys.KindGateway, 570, 601},
		{"cut off", genesystest.Answer{Reset: true}, genesys.KindBroken, 570, 601},
		{"cut in the body", genesystest.Answer{Cut: true}, genesys.KindBroken, 570, 601},
		{"no answer", genesystest.Answer{Hang: true}, genesys.KindBroken, 18, 21},
		{"429 with Retry-After", genesystest.Answer{Status: 429, RetryAfter: 60}, genesys.KindRateLimited, 9, 11},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, genesystest.Options{Keep: -1, Behaviour: genesystest.Always(genesystest.PathToken, tt.answer)})
				for start := time.Now(); time.Since(start) <= 10*time.Minute; time.Sleep(50 * time.Millisecond) {
					_, err := attempt(t.Context(), n.client)
					requireKind(t, tt.want, err)
					require.Equal(t, genesys.OpToken, err.Op)
				}
				got := requests(n, genesystest.PathToken)
				assert.GreaterOrEqual(t, got, tt.low)
				assert.LessOrEqual(t, got, tt.high)
				assert.Zero(t, requests(n, genesystest.PathInvoke))
				assert.Zero(t, requests(n, genesystest.PathOther))
			})
		})
	}
}

func TestToken_ARefusalSaysWhatToCheck(t *testing.T) {
	for _, api := range genesys.APIs() {
		synctest.Test(t, func(t *testing.T) {
			n := setup(t, genesystest.Options{}, func(c *genesys.Config) { c.API, c.ClientSecret = api, genesys.NewSecret("wrong") })
			_, err := attempt(t.Context(), n.client)
			requireKind(t, genesys.KindUnauthorized, err)
			assert.Equal(t, "invalid_client", err.Code)
			assert.ErrorContains(t, err, "token request: unauthorized (HTTP 401 invalid_client): ")
			assert.ErrorContains(t, err, "check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET")
			assert.Nil(t, err.Body)
		})
	}
}

// A caller that asks every five seconds, as a probe does, finds the way free each time.
func TestToken_ProbesFindAnEndedOutageAtOnce(t *testing.T) {
	for _, status := range []int{400, 401, 403, 500} {
		synctest.Test(t, func(t *testing.T) {
			n := setup(t, genesystest.Options{})
			n.api.SetFault(genesystest.AnswerEverything(status))
			for range 10 {
				_, err := attempt(t.Context(), n.client)
				require.NotNil(t, err)
				time.Sleep(5 * time.Second)
			}
			assert.Equal(t, 10, requests(n, genesystest.PathToken))
			n.api.ClearFault()
			_, err := attempt(t.Context(), n.client)
			require.Nil(t, err)
		})
	}
}

func TestToken_A429NeverFetchesANewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathInvoke, genesystest.Answer{Status: 429})})
		for range 100 {
			_, err := attempt(t.Context(), n.client)
			requireKind(t, genesys.KindRateLimited, err)
		}
		assert.Equal(t, 1, requests(n, genesystest.PathToken))
	})
}

func TestClient_CloseEndsATokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{})
		n.api.SetFault(genesystest.HangEverything())
		done := make(chan *genesys.Error)
		go func() {
			_, err := attempt(t.Context(), n.client)
			done <- err
		}()
		synctest.Wait()
		start := time.Now()
		n.client.Close()
		requireKind(t, genesys.KindCanceled, <-done)
		assert.Zero(t, time.Since(start))
		_, err := attempt(t.Context(), n.client)
		requireKind(t, genesys.KindCanceled, err)
	})
}
