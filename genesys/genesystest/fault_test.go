package genesystest_test

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

func TestFault_HitsEveryPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{})
		require.Equal(t, 202, f.status(processes, "m"))
		for status := 300; status < 600; status++ {
			f.api.SetFault(genesystest.AnswerEverything(status))
			assert.Equal(t, status, f.login("/api/v2/oauth/token", form("id", "secret")).status)
			assert.Equal(t, status, f.status(processes, "m"))
			a, err := f.do("GET", "/anything", "")
			require.NoError(t, err)
			assert.Equal(t, status, a.status)
			assert.Nil(t, a.body["error"], "no refusal of OAuth: it answers the same to all")
		}
		assert.Len(t, f.api.Executions(), 1)
	})
}

func TestFault_ConnectionsAndTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{})
		require.Equal(t, 202, f.status(processes, "m"))

		f.api.SetFault(genesystest.RefuseEverything())
		_, err := f.invoke(processes, "m")
		require.Error(t, err, "the connection that was open is closed")
		_, err = f.invoke(processes, "m")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)

		f.api.SetFault(genesystest.ResetEverything())
		_, err = f.invoke(processes, "m")
		require.ErrorIs(t, err, io.EOF)

		f.api.SetFault(genesystest.HangEverything())
		f.client.Timeout = time.Minute
		start := time.Now()
		_, err = f.invoke(processes, "m")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))

		f.api.SetFault(genesystest.Fault{Delay: genesystest.Duration(7 * time.Second)})
		start = time.Now()
		assert.Equal(t, 202, f.status(processes, "m"))
		assert.Equal(t, 7*time.Second, time.Since(start))

		f.api.SetFault(genesystest.Fault{Status: 503, RetryAfter: 3, For: genesystest.Duration(time.Minute), Paths: genesystest.PathInvoke})
		a, err := f.invoke(processes, "m")
		require.NoError(t, err)
		assert.Equal(t, "3", a.header.Get("Retry-After"))
		assert.Equal(t, 200, f.login("/api/v2/oauth/token", form("id", "secret")).status)
		time.Sleep(time.Minute)
		assert.Equal(t, 202, f.status(processes, "m"), "it has ended by itself")
		_, on := f.api.Fault()
		assert.False(t, on)
	})
}

func TestFault_MatchesOnePoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{})
		f.api.SetFault(genesystest.Fault{Status: 500, Match: "poison"})
		assert.Equal(t, 500, f.status(processes, "poison"))
		assert.Equal(t, 202, f.status(processes, "good"))
		assert.Len(t, f.api.Executions(), 1)
	})
}

func TestFault_RateIsAShare(t *testing.T) {
	counts := map[int]bool{}
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			f := setup(t, genesystest.Options{Seed: 7})
			require.Equal(t, 202, f.status(processes, "m"))
			f.api.SetFault(genesystest.Fault{Status: 503, Rate: 0.1})
			n := 0
			for range 2000 {
				if f.status(processes, "m") == 503 {
					n++
				}
			}
			assert.InDelta(t, 200, n, 60)
			counts[n] = true
		})
	}
	assert.Len(t, counts, 1, "equal seeds give equal faults")
}

func TestFault_OverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{})
		a, err := f.do("GET", "/_faults", "")
		require.NoError(t, err)
		assert.Empty(t, a.body)

		a, err = f.do("PUT", "/_faults", `{"status":503,"paths":"all","rate":1,"delay":"100ms","retry_after":5,"for":"1m"}`)
		require.NoError(t, err)
		assert.Equal(t, 200, a.status)
		want := map[string]any{"status": 503.0, "paths": "all", "rate": 1.0, "delay": "100ms", "retry_after": 5.0, "for": "1m0s"}
		assert.Equal(t, want, a.body)
		a, err = f.do("GET", "/_faults", "")
		require.NoError(t, err)
		assert.Equal(t, want, a.body)
		a, err = f.do("POST", processes, "{}")
		require.NoError(t, err)
		assert.Equal(t, 503, a.status)

		a, err = f.do("DELETE", "/_faults", "")
		require.NoError(t, err)
		assert.Empty(t, a.body)
		assert.Equal(t, 202, f.status(processes, "m"))

		for _, bad := range []string{``, `{}`, `{"status":99}`, `{"statu":503}`, `{"status":503,"rate":2}`, `{"hang":true,"paths":"x"}`, `{"delay":"-1s"}`, `{"delay":1}`} {
			a, err = f.do("PUT", "/_faults", bad)
			require.NoError(t, err)
			assert.Equal(t, 400, a.status, bad)
			assert.NotEmpty(t, a.body["error"], bad)
		}
		a, err = f.do("PATCH", "/_faults", "")
		require.NoError(t, err)
		assert.Equal(t, 405, a.status)
	})
}

func TestScript_AnswersInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{Behaviour: genesystest.Script(genesystest.PathInvoke,
			genesystest.Answer{Status: 429, RetryAfter: 1}, genesystest.Answer{Status: 504, Execute: true}, genesystest.Answer{Cut: true})})
		assert.Equal(t, 429, f.status(processes, "m"))
		assert.Equal(t, 504, f.status(processes, "m"))
		a, err := f.invoke(processes, "m")
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, 202, a.status)
		assert.Equal(t, 202, f.status(processes, "m"))
		var got []int
		for _, e := range f.api.Executions() {
			got = append(got, e.Status)
		}
		assert.Equal(t, []int{504, 202, 202}, got)
	})
}

func TestMix_DependsOnSeedIDAndCallOnly(t *testing.T) {
	mix := genesystest.Mix{Seed: 1, Refused: 0.1, Poison: 0.05, RateLimited: 0.02, ServerError: 0.05, Unavailable: 0.05, Timeout: 0.01, Lost: 0.02}
	one, two := mix.Behaviour(), mix.Behaviour()
	mix.Seed = 2
	other := mix.Behaviour()
	count, differ := map[string]int{}, 0
	const messages = 20_000
	for i := range messages {
		for n := 1; n <= 4; n++ {
			c := genesystest.Call{Path: genesystest.PathInvoke, ID: fmt.Sprintf("m-%d", i), N: n}
			a := one(c)
			require.Equal(t, a, two(c))
			if n == 1 {
				count[fmt.Sprint(a.Status, a.Hang, a.Reset)]++
				if b := other(c); b.Status != a.Status {
					differ++
				}
			}
			if n > 2 {
				require.Contains(t, []int{0, 400, 500}, a.Status)
				require.False(t, a.Hang || a.Reset)
			}
		}
	}
	share := func(name string) float64 { return float64(count[name]) / messages }
	assert.InDelta(t, 0.10, share("400 false false"), 0.01)
	assert.InDelta(t, 0.05+0.85*0.05, share("500 false false"), 0.01)
	assert.InDelta(t, 0.85*0.05, share("503 false false"), 0.01)
	assert.InDelta(t, 0.85*0.02, share("429 false false"), 0.005)
	assert.InDelta(t, 0.85*0.01, share("0 true false"), 0.004)
	assert.InDelta(t, 0.85*0.02, share("0 false true"), 0.005)
	assert.Greater(t, differ, messages/10)
	assert.Zero(t, one(genesystest.Call{Path: genesystest.PathToken}))
}

func TestCall_CountsUntilSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []string
		f := setup(t, genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
			if c.Path != genesystest.PathInvoke {
				return genesystest.Answer{}
			}
			calls = append(calls, c.ID+" "+strconv.Itoa(c.N))
			if c.N < 3 && c.ID == "a" {
				return genesystest.Answer{Status: 500}
			}
			return genesystest.Answer{}
		}})
		for _, id := range []string{"a", "b", "a", "a", "a", "b"} {
			f.status(processes, id)
		}
		assert.Equal(t, []string{"a 1", "b 1", "a 2", "a 3", "a 1", "b 1"}, calls)
	})
}

func TestOutage_StartsAtAnExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{Outage: &genesystest.Outage{At: 3, For: time.Minute}})
		for i := range 3 {
			require.Equal(t, 202, f.status(processes, strconv.Itoa(i)))
		}
		assert.Equal(t, 503, f.status(processes, "x"))
		assert.Equal(t, 503, f.login("/oauth/token", nil).status)
		time.Sleep(time.Minute)
		assert.Equal(t, 202, f.status(processes, "x"))
		assert.Len(t, f.api.Executions(), 4)
	})
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{Outage: &genesystest.Outage{At: 1, Calls: 2, Answer: genesystest.Answer{Status: 429}}})
		var got []int
		for range 5 {
			got = append(got, f.status(processes, "x"))
		}
		assert.Equal(t, []int{202, 429, 429, 202, 202}, got)
	})
}
