package genesys_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// The figures of TestRate_Figures once more with everything real but time: HTTP, tokens, headers and the client's locks.
func TestRate_OfRealClients(t *testing.T) {
	length, most := 25*time.Minute, 0.015 // what is learned at first weighs more in so short a time
	if *genesys.Long {
		length, most = time.Hour, 0.005
	}
	for name, limits := range map[string]genesystest.Limits{
		"headers":          {Requests: 300, Shared: true},
		"Retry-After only": {Requests: 300, Shared: true, NoHeaders: true},
		"a bucket":         {Requests: 300, Shared: true, NoHeaders: true, Bucket: 20},
	} {
		for _, workers := range []int{1, 3} {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, genesystest.Options{Limits: limits, Keep: -1,
					Behaviour: genesystest.Always(genesystest.PathInvoke, genesystest.Answer{Delay: 150 * time.Millisecond})})
				ctx, cancel := context.WithTimeout(t.Context(), length)
				defer cancel()
				var busy sync.WaitGroup
				for range workers {
					c := newClient(t, func(c *genesys.Config) {
						c.BaseURL, c.Dial, c.Rate = "http://localhost:80", n.DialContext, 300
					})
					saturate(ctx, &busy, c)
				}
				busy.Wait()
				invoked := n.api.Stats().Answers[genesystest.PathInvoke]
				ok, refused := float64(invoked[http.StatusAccepted]), float64(invoked[http.StatusTooManyRequests])
				used, share := ok/(300*length.Minutes()), refused/(ok+refused)
				t.Logf("%-16s %d workers: used %6.2f %%, answered 429 %5.3f %%", name, workers, 100*used, 100*share)
				assert.GreaterOrEqual(t, used, 0.98, name)
				assert.LessOrEqual(t, share, most, name)
				assert.Equal(t, workers, requests(n, genesystest.PathToken), "a 429 is no reason for a new token")
			})
		}
	}
}

// saturate sends as the worker does: ten at a time, each with a turn, until ctx ends.
func saturate(ctx context.Context, busy *sync.WaitGroup, c *genesys.Client) {
	var mu sync.Mutex // the worker asks under a lock
	for range 10 {
		busy.Go(func() {
			for ctx.Err() == nil {
				mu.Lock()
				wait, _ := c.Reserve()
				mu.Unlock()
				if wait > 0 {
					select {
					case <-time.After(wait):
					case <-ctx.Done():
					}
					continue
				}
				_, _ = attempt(ctx, c)
			}
		})
	}
}

func TestRate_A429OfConcurrencyIsNotAboutTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{Limits: genesystest.Limits{Concurrent: 2},
			Behaviour: genesystest.Always(genesystest.PathInvoke, genesystest.Answer{Delay: time.Second})},
			func(c *genesys.Config) { c.Rate = 6000 })
		var wg sync.WaitGroup
		var refused []*genesys.Error
		var mu sync.Mutex
		for range 10 {
			wg.Go(func() {
				if _, err := attempt(t.Context(), n.client); err != nil {
					mu.Lock()
					defer mu.Unlock()
					refused = append(refused, err)
				}
			})
		}
		wg.Wait()
		require.Len(t, refused, 8)
		for _, err := range refused {
			requireKind(t, genesys.KindRateLimited, err)
			assert.True(t, err.Concurrent)
		}
		assert.InDelta(t, 6000, n.client.RateStatus().Now, 0.1)
	})
}

func TestRate_OtherWaysToSpeakOfConcurrency(t *testing.T) {
	for body, want := range map[string]bool{
		`{"code":"actions.concurrent.executions.max"}`:                                       true,
		`{"code":"too.many.requests","message":"Concurrency limit reached"}`:                 true,
		`{"code":"too.many.requests","limit":{"key":"x","namespace":"concurrent.requests"}}`: true,
		`{"code":"too.many.requests","limit":{"key":"actions.concurrent.executions.max"}}`:   true,
		`{"code":"too.many.requests.retry.after","message":"Rate limit exceeded"}`:           false,
		`{"limit":"concurrent"}`:  false,
		`<html>concurrent</html>`: false,
		``:                        false,
	} {
		synctest.Test(t, func(t *testing.T) {
			n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathInvoke,
				genesystest.Answer{Status: 429, Body: []byte(body), RetryAfter: 1})})
			_, err := attempt(t.Context(), n.client)
			requireKind(t, genesys.KindRateLimited, err)
			assert.Equal(t, want, err.Concurrent, body)
		})
	}
}
