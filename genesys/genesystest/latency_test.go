package genesystest_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// distribution checks that waits are distributed as the latency says.
func distribution(t *testing.T, l genesystest.Latency, waits []time.Duration) {
	t.Helper()
	slices.Sort(waits)
	at := func(share float64) float64 { return waits[int(share*float64(len(waits)))].Seconds() }
	p50, p99 := time.Duration(l.P50).Seconds(), time.Duration(l.P99).Seconds()
	assert.InEpsilon(t, p50, at(0.5), 0.1)
	assert.InEpsilon(t, p99, at(0.99), 0.35)
	assert.Less(t, at(0.01), p50/2)
	assert.Greater(t, at(0), 0.0)
	assert.LessOrEqual(t, waits[len(waits)-1].Seconds(), 10*p99)
}

func TestLatency_OfAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{Seed: 3})
		require.Equal(t, 202, f.status(processes, "m"))
		a, err := f.do("PUT", "/_faults", `{"latency":{"p50":"100ms","p99":"2s"},"paths":"invoke"}`)
		require.NoError(t, err)
		require.Equal(t, 200, a.status, a.body)
		var waits []time.Duration
		for range 2000 {
			start := time.Now()
			require.Equal(t, 202, f.status(processes, "m"))
			waits = append(waits, time.Since(start))
		}
		distribution(t, genesystest.Latency{P50: genesystest.Duration(100 * time.Millisecond), P99: genesystest.Duration(2 * time.Second)}, waits)
	})
}

func TestLatency_OfAMix(t *testing.T) {
	l := genesystest.Latency{P50: genesystest.Duration(time.Second), P99: genesystest.Duration(5 * time.Second)}
	mix := genesystest.Mix{Seed: 1, Latency: l, Refused: 0.5}
	one, two := mix.Behaviour(), mix.Behaviour()
	var waits []time.Duration
	for n := range 5000 {
		c := genesystest.Call{Path: genesystest.PathInvoke, ID: string(rune('a' + n)), N: 1}
		a := one(c)
		require.Equal(t, a, two(c))
		waits = append(waits, a.Delay)
	}
	distribution(t, l, waits)
}
