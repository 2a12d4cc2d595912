package genesys_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// turn returns what Reserve says of the wait.
func turn(c *genesys.Client) time.Duration {
	d, _ := c.Reserve()
	return d
}

func TestReserve_SpacesEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, func(c *genesys.Config) { c.Rate = 300 })
		start, turns, asked := time.Now(), 0, 0
		for time.Since(start) < time.Minute {
			asked++
			if wait, _ := c.Reserve(); wait > 0 {
				require.LessOrEqual(t, wait, 201*time.Millisecond)
				time.Sleep(wait)
				continue
			}
			turns++
		}
		assert.InDelta(t, 300, turns, 2)
		assert.LessOrEqual(t, asked, 2*turns+2, "who waits as told gets the turn")
	})
}

func TestReserve_WithoutARateNeverWaits(t *testing.T) {
	for _, tweak := range []func(*genesys.Config){
		func(*genesys.Config) {},
		func(c *genesys.Config) { c.API, c.Rate = genesys.APIIntegrations, -1 },
	} {
		c := newClient(t, tweak)
		for range 1000 {
			require.Zero(t, turn(c))
		}
	}
}

func TestReserve_PausesAfterA429(t *testing.T) {
	answers := map[string]string{"seconds": "7", "a date": "", "too long": "86400"}
	want := map[string]time.Duration{"seconds": 7 * time.Second, "a date": 7 * time.Second, "too long": genesys.MaxRetryAfter}
	for name, header := range answers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if header == "" {
					header = time.Now().Add(7 * time.Second).UTC().Format(http.TimeFormat)
				}
				n := setup(t, genesystest.Options{Behaviour: genesystest.Script(genesystest.PathInvoke, genesystest.Answer{
					Status: 429, Header: http.Header{"Retry-After": {header}}})})
				require.Zero(t, n.client.RateStatus().Paused)
				_, err := attempt(t.Context(), n.client)
				requireKind(t, genesys.KindRateLimited, err)
				assert.Equal(t, want[name], err.RetryAfter)
				wait := turn(n.client)
				assert.GreaterOrEqual(t, wait, want[name])
				assert.LessOrEqual(t, wait, want[name]*11/10+1)
				assert.Equal(t, time.Now().Add(wait), n.client.RateStatus().Paused)
				time.Sleep(wait)
				assert.Zero(t, turn(n.client))
				assert.Zero(t, n.client.RateStatus().Paused)
			})
		})
	}
}

func TestReserve_PauseGrowsWith429sThatNameNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status := 429
		n := setup(t, genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
			if c.Path == genesystest.PathInvoke {
				return genesystest.Answer{Status: status}
			}
			return genesystest.Answer{}
		}})
		for _, want := range []time.Duration{2, 4, 8, 16, 32, 60, 60} {
			for range 10 { // all that were under way meet it; they count once
				_, err := attempt(t.Context(), n.client)
				requireKind(t, genesys.KindRateLimited, err)
			}
			wait := turn(n.client)
			assert.GreaterOrEqual(t, wait, want*time.Second)
			assert.LessOrEqual(t, wait, want*time.Second*11/10+1)
			time.Sleep(wait)
		}
		status = 202
		_, err := attempt(t.Context(), n.client)
		require.Nil(t, err)
		status = 429
		_, err = attempt(t.Context(), n.client)
		requireKind(t, genesys.KindRateLimited, err)
		assert.Less(t, turn(n.client), 3*time.Second, "another answer starts the count anew")
	})
}

func TestReserve_PausesAfterA429OfTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{Behaviour: genesystest.Script(genesystest.PathToken, genesystest.Answer{Status: 429, RetryAfter: 9})})
		_, err := attempt(t.Context(), n.client)
		requireKind(t, genesys.KindRateLimited, err)
		assert.Equal(t, genesys.OpToken, err.Op)
		wait := turn(n.client)
		assert.GreaterOrEqual(t, wait, 9*time.Second)
		time.Sleep(wait)
		_, err = attempt(t.Context(), n.client)
		require.Nil(t, err)
	})
}
