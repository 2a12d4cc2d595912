package genesys_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// One row for each thing that goes wrong with tokens: somebody sends a message each second for ten minutes, and the
// trouble lasts from the second minute to the fifth.
func TestToken_Troubles(t *testing.T) {
	page := genesystest.Answer{Status: 200, ContentType: "text/html", Body: []byte("<html>maintenance</html>")}
	tests := []struct {
		name   string
		life   time.Duration        // of tokens; zero: a day
		token  *genesystest.Answer  // in place of a token, while the trouble lasts
		fault  *genesystest.Fault   // while it lasts
		during func(*network, *int) // each second of it
		asked  [2]int               // token requests in all, from and to
		failed [2]int               // messages that failed while it lasted
		after  int                  // and after it, at most
	}{
		{name: "none", asked: [2]int{1, 1}},
		{name: "a token dies early", during: func(n *network, i *int) {
			if *i == 10 {
				n.api.RevokeTokens()
			}
		}, asked: [2]int{2, 2}},
		{name: "each token dies within a second", during: func(n *network, _ *int) { n.api.RevokeTokens() }, asked: [2]int{180, 182}},
		{name: "the client is revoked", token: &genesystest.Answer{Status: 401, Body: []byte(`{"error":"invalid_client"}`)},
			during: func(n *network, _ *int) { n.api.RevokeTokens() }, asked: [2]int{6, 8}, failed: [2]int{179, 181}, after: 60},
		{name: "the login host is down, and no token needed", fault: &genesystest.Fault{Reset: true, Paths: genesystest.PathToken}, asked: [2]int{1, 1}},
		{name: "the login host is down", life: 40 * time.Second, fault: &genesystest.Fault{Reset: true, Paths: genesystest.PathToken},
			asked: [2]int{150, 202}, failed: [2]int{140, 181}, after: 1},
		{name: "the login host is slow", life: 40 * time.Second, fault: &genesystest.Fault{Delay: genesystest.Duration(5 * time.Second), Paths: genesystest.PathToken},
			asked: [2]int{25, 35}},
		{name: "the login host hangs", life: 40 * time.Second, fault: &genesystest.Fault{Hang: true, Paths: genesystest.PathToken},
			asked: [2]int{20, 102}, failed: [2]int{140, 181}, after: 1},
		{name: "the login host answers HTML with 200", life: 40 * time.Second, token: &page, asked: [2]int{150, 202}, failed: [2]int{140, 181}, after: 1},
		{name: "the login host redirects", life: 40 * time.Second, token: &genesystest.Answer{Status: 302, Header: http.Header{"Location": {"http://localhost:80/x"}}},
			asked: [2]int{45, 65}, failed: [2]int{140, 181}, after: 5},
		{name: "the login host answers 429 with Retry-After", life: 40 * time.Second, token: &genesystest.Answer{Status: 429, RetryAfter: 60},
			asked: [2]int{15, 30}, failed: [2]int{140, 181}, after: 61},
		{name: "the login host answers 429 without", life: 40 * time.Second, token: &genesystest.Answer{Status: 429},
			asked: [2]int{15, 40}, failed: [2]int{140, 181}, after: 61},
		{name: "tokens under a minute", life: 20 * time.Second, asked: [2]int{55, 61}},
		{name: "tokens of two seconds", life: 2 * time.Second, asked: [2]int{290, 600}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var troubled atomic.Bool
				n := setup(t, genesystest.Options{TokenLife: tt.life, Keep: -1, Behaviour: func(c genesystest.Call) genesystest.Answer {
					if troubled.Load() && c.Path == genesystest.PathToken && tt.token != nil {
						return *tt.token
					}
					return genesystest.Answer{}
				}})
				var failed, after int
				for i := range 600 {
					switch i {
					case 120:
						troubled.Store(true)
						if tt.fault != nil {
							n.api.SetFault(*tt.fault)
						}
					case 300:
						troubled.Store(false)
						n.api.ClearFault()
					}
					if k := i - 120; troubled.Load() && tt.during != nil {
						tt.during(n, &k)
					}
					start := time.Now()
					if _, err := attempt(t.Context(), n.client); err != nil {
						require.NotContains(t, err.Error(), "fake-", "no token in an error")
						if troubled.Load() {
							failed++
						} else {
							require.GreaterOrEqual(t, i, 300, "before the trouble: %v", err)
							after++
						}
					}
					time.Sleep(max(0, time.Second-time.Since(start)))
				}
				asked := requests(n, genesystest.PathToken)
				t.Logf("%3d token requests, %3d messages failed meanwhile, %2d after it", asked, failed, after)
				assert.GreaterOrEqual(t, asked, max(1, tt.asked[0]))
				assert.LessOrEqual(t, asked, tt.asked[1])
				assert.GreaterOrEqual(t, failed, tt.failed[0])
				assert.LessOrEqual(t, failed, tt.failed[1])
				assert.LessOrEqual(t, after, tt.after)
			})
		})
	}
}

// The login host's clock is not asked: a token lives as long as expires_in says from when it came, whatever the Date
// header says.
func TestToken_ClockSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{TokenLife: 10 * time.Minute, Behaviour: genesystest.Always(genesystest.PathToken,
			genesystest.Answer{Header: http.Header{"Date": {"Thu, 01 Jan 1970 00:00:00 GMT"}, "Expires": {"Thu, 01 Jan 1970 00:00:00 GMT"}}})})
		for range 20 {
			_, err := attempt(t.Context(), n.client)
			require.Nil(t, err)
			time.Sleep(time.Minute)
		}
		assert.LessOrEqual(t, requests(n, genesystest.PathToken), 3)
	})
}

// When the login host is back, all that waited share one token request.
func TestToken_NoStampedeOnRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{TokenLife: time.Minute})
		n.api.SetFault(genesystest.Fault{Status: 503, Paths: genesystest.PathToken})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				for ctx.Err() == nil {
					if _, err := attempt(ctx, n.client); err == nil {
						return
					}
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		time.Sleep(time.Minute + 50*time.Millisecond) // between two of their tries, which come at whole tenths of a second
		synctest.Wait()
		before := requests(n, genesystest.PathToken)
		assert.LessOrEqual(t, before, 62)
		n.api.ClearFault()
		wg.Wait()
		assert.Equal(t, before+1, requests(n, genesystest.PathToken))
	})
}

// A month of a message a minute: tokens that live a day, early deaths at random, a quiet quarter of an hour
// each night after which the token is dead (HIPAA), and three hours without a login host.
func TestToken_AMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var expiries []time.Time
		var texts strings.Builder
		n := setup(t, genesystest.Options{TokenLife: 86_400 * time.Second, Keep: -1, Seed: 7}, func(c *genesys.Config) {
			c.OnToken = func(at time.Time, err error) {
				if err == nil {
					expiries = append(expiries, at)
				} else {
					texts.WriteString(err.Error())
				}
			}
		})
		dice := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // repeatable
		deaths, waits, done, messages := 0, 0, 0, 0
		start := time.Now()
		days := 7
		if *genesys.Long {
			days = 30
		}
		for day := range days {
			for end := start.Add(time.Duration(day+1)*24*time.Hour - 20*time.Minute); time.Now().Before(end); time.Sleep(time.Minute) {
				if dice.Float64() < 1.0/3_000 {
					n.api.RevokeTokens()
					deaths++
				}
				switch sinceDawn := time.Since(start.Add(time.Duration(day) * 24 * time.Hour)); {
				case day%10 == 3 && sinceDawn > 6*time.Hour && sinceDawn < 7*time.Hour:
					n.api.SetFault(genesystest.Fault{Status: 503, Paths: genesystest.PathToken})
				default:
					n.api.ClearFault()
				}
				messages++
				if _, err := attempt(t.Context(), n.client); err != nil {
					require.Equal(t, genesys.OpToken, err.Op, "nothing of the message was sent: the worker waits and spends no attempt")
					waits++
				} else {
					done++
				}
			}
			time.Sleep(time.Until(start.Add(time.Duration(day+1) * 24 * time.Hour)))
			n.api.RevokeTokens() // idle for 15 minutes and more
		}
		least, asked := days+deaths, requests(n, genesystest.PathToken) // one a night, and one for each early death
		t.Logf("%d messages; %d tokens died early, %d idle: %d tokens, of at least %d; %d requests failed as the login host was down when a token died",
			messages, deaths, days, len(expiries), least, asked-len(expiries))
		assert.LessOrEqual(t, len(expiries), least+2)
		assert.Equal(t, waits, asked-len(expiries), "an attempt that waits asks once")
		assert.LessOrEqual(t, waits, 3*60, "only while the login host was down")
		assert.EqualValues(t, done, n.api.Stats().Executed)
		assert.Equal(t, messages, done+waits)
		assert.NotContains(t, texts.String(), "fake-")
	})
}
