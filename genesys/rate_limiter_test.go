package genesys

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A 429 that comes seldom may be anybody's: it costs its pause and nothing more. One in 10,000 is what `sluice
// demo` sprinkles.
func TestLimiter_AStray429CostsItsPauseOnly(t *testing.T) {
	skipSimulation(t)
	for _, rate := range []int{0, 30_000} {
		for stray, loss := range map[float64]float64{1e-4: 0.05, 5e-4: 0.1} {
			answered := map[bool]int{}
			for _, learns := range []bool{true, false} {
				seeds := uint64(1)
				if *Long {
					seeds = 3
				}
				for seed := range seeds {
					s := &sim{api: simAPI{window: time.Minute, stray: stray}, workers: 1, rate: rate, learns: learns, seed: seed,
						latency: 60 * time.Millisecond, length: 3 * time.Minute}
					s.run()
					answered[learns] += s.api.ok
				}
			}
			assert.InEpsilon(t, answered[false], answered[true], loss, "rate %d, one in %v", rate, 1/stray)
		}
	}
}

// 429s that come at any rate are not slowed down for: after ten minutes of them, or after they begin in calm, at least half of what is
// left by pauses alone is sent. A single run may be unlucky, a few together are not.
func TestLimiter_StraysAreToldFromABudget(t *testing.T) {
	skipSimulation(t)
	for _, calm := range []time.Duration{0, 10 * time.Minute} {
		for _, concurrency := range []int{1, simConcurrency} {
			for _, rate := range []int{0, 300, 3000} {
				answered := map[bool]int{}
				for _, learns := range []bool{true, false} {
					for seed := range uint64(4) {
						s := &sim{api: simAPI{window: time.Minute, stray: 0.01, calm: calm}, workers: 1, concurrency: concurrency, rate: rate,
							learns: learns, seed: seed, latency: 60 * time.Millisecond, length: 20 * time.Minute}
						s.run()
						answered[learns] += s.api.ok - s.earlyOK
					}
				}
				assert.GreaterOrEqual(t, float64(answered[true])/float64(answered[false]), 0.5, "calm %v, %d at once, rate %d", calm, concurrency, rate)
			}
		}
	}
}

// A budget is not taken for strays for long: not one that was saved up, nor one that others have taken most of.
func TestStrays_MoreOfThemThanWereFound(t *testing.T) {
	var s strays
	now := time.Unix(1_800_000_000, 0)
	meet := func(every int) {
		now = now.Add(time.Minute)
		for range every {
			s.answered()
		}
		s.refused()
	}
	meet(100)
	require.Zero(t, s.slowed(now, 10))
	for range 7 {
		meet(100)
		require.Zero(t, s.slowed(now, 3), "too few to say")
	}
	meet(100)
	require.InDelta(t, 10, s.slowed(now, 3), 0.8)
	share, found := s.tolerance(now)
	require.InDelta(t, 0.02, share, 0.001)
	require.True(t, found)
	require.Zero(t, s.slowed(now, 3), "they were more than that")
	_, found = s.tolerance(now)
	require.False(t, found)
	for range 9 {
		meet(100)
		require.Zero(t, s.slowed(now, 1), "believed less easily now")
	}

	s = strays{}
	meet(100)
	require.Zero(t, s.slowed(now, 10))
	for i := range 30 {
		meet(100 / (i/4 + 1))
		require.Zero(t, s.slowed(now, 3), "one a minute at any rate is no stray")
	}
}

// A 429 that comes while little is sent says nothing of what the API would take.
func TestLimiter_A429AtALowLoadIsNoBudget(t *testing.T) {
	l, now := newLimiter(0), time.Unix(1_800_000_000, 0)
	for range 3 { // a request every 20 s, all of them refused
		require.Zero(t, reserveAt(&l, now))
		l.heard(now.Add(10*time.Millisecond), l.sent(now), heard{limited: true, wait: time.Second}, 0.5)
		now = now.Add(20 * time.Second)
	}
	assert.True(t, math.IsInf(l.rate(now), 1), "nothing was answered that a ceiling could be told from")
	l.heard(now, l.sent(now), heard{}, 0.5)
	for range 5 { // one in two is refused
		l.heard(now, l.sent(now), heard{}, 0.5)
		now = now.Add(10 * time.Second)
		l.heard(now, l.sent(now), heard{limited: true, wait: time.Second}, 0.5)
		now = now.Add(10 * time.Second)
	}
	assert.GreaterOrEqual(t, l.rate(now), floorRate)
	assert.Greater(t, l.rate(now.Add(3*time.Minute)), 100.0, "it is forgotten within minutes")
}

func TestLimiter_ABudgetThatGrowsIsFound(t *testing.T) {
	s := &sim{api: simAPI{window: time.Minute, allowed: 100}, workers: 1, rate: 300, learns: true, latency: 200 * time.Millisecond, length: time.Hour}
	s.run()
	l, end := s.limiter[0], s.start.Add(s.length)
	require.InDelta(t, 100, l.rate(end)*60, 15)
	assert.Greater(t, l.rate(end.Add(30*time.Minute))*60, 200.0)
	assert.InDelta(t, 300, l.rate(end.Add(time.Hour))*60, 0.1, "an hour without a 429, and nothing of it is left")
}

func TestLimiter_OneRequestGoesAloneAfterAPause(t *testing.T) {
	l, now := newLimiter(0), time.Unix(1_800_000_000, 0)
	l.heard(now, l.sent(now), heard{limited: true, wait: 5 * time.Second}, 0)
	now = now.Add(5 * time.Second)
	require.Zero(t, reserveAt(&l, now))
	scout := l.sent(now)
	wait, paused := l.reserve(now)
	require.True(t, paused)
	require.LessOrEqual(t, wait, again)
	require.Zero(t, reserveAt(&l, now.Add(scouting)), "but nobody waits for a slow action")
	l.heard(now.Add(10*time.Millisecond), scout, heard{}, 0)
	require.Zero(t, reserveAt(&l, now.Add(10*time.Millisecond)))
}

func TestLimiter_HeadersAreObeyedBeforeA429(t *testing.T) {
	l, now := newLimiter(0), time.Unix(1_800_000_000, 0)
	l.heard(now.Add(time.Millisecond), l.sent(now), heard{said: allowance{count: 240, allowed: 300, reset: 29 * time.Second}}, 0)
	assert.InDelta(t, 2, l.rate(now), 0.1, "58 are left for 29 s")
	l.heard(now.Add(time.Millisecond), l.sent(now), heard{said: allowance{count: 300, allowed: 300, reset: 29 * time.Second}}, 0)
	assert.Zero(t, l.rate(now))
	wait, paused := l.reserve(now)
	assert.Equal(t, 29*time.Second, wait)
	assert.False(t, paused)
	assert.Zero(t, reserveAt(&l, now.Add(wait)), "the next window")
}

func TestParseAllowance(t *testing.T) {
	tests := []struct {
		count, allowed, reset string
		want                  allowance
	}{
		{"12", "300", "58", allowance{12, 300, 58 * time.Second}},
		{" 0", "300 ", "0", allowance{0, 300, 0}},
		{"", "300", "58", allowance{}},
		{"12", "0", "58", allowance{}},
		{"12", "-300", "58", allowance{}},
		{"12", "300", "86400", allowance{}},
		{"12", "300", "1800000000", allowance{}},
		{"1.5", "300", "58", allowance{}},
		{"12", "99999999999999999999", "58", allowance{}},
	}
	for _, tt := range tests {
		h := map[string][]string{"Inin-Ratelimit-Count": {tt.count}, "Inin-Ratelimit-Allowed": {tt.allowed}, "Inin-Ratelimit-Reset": {tt.reset}}
		assert.Equal(t, tt.want, parseAllowance(h), "%q", tt)
	}
}

// Whatever the API answers: no more is sent than is configured, nothing waits for ever, and once the API only
// serves, the configured rate comes back.
func TestLimiter_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perMinute := rapid.SampledFrom([]int{0, 1, 60, 300, 60_000}).Draw(t, "rate")
		l, now := newLimiter(perMinute), time.Unix(1_800_000_000, 0)
		var out []ticket
		var sent []time.Time
		said := rapid.Custom(func(t *rapid.T) allowance {
			return allowance{rapid.IntRange(0, 400).Draw(t, "count"), rapid.SampledFrom([]int{0, 1, 300}).Draw(t, "allowed"), seconds(float64(rapid.IntRange(0, 300).Draw(t, "reset")))}
		})
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			if wait, _ := l.reserve(now); wait > 0 {
				require.LessOrEqual(t, wait, MaxRetryAfter+maxJitter)
				now = now.Add(min(wait, seconds(rapid.Float64Range(0, 70).Draw(t, "asks again"))))
			} else {
				sent = append(sent, now)
				out = append(out, l.sent(now))
			}
			now = now.Add(seconds(rapid.Float64Range(0, 1).Draw(t, "passes")))
			if n := len(out); n > 0 && rapid.Bool().Draw(t, "answered") {
				h := heard{limited: rapid.Bool().Draw(t, "limited"), concurrent: rapid.Bool().Draw(t, "concurrent"), said: said.Draw(t, "said")}
				h.wait = seconds(float64(rapid.SampledFrom([]int{0, 1, 30, 300}).Draw(t, "wait")))
				i := rapid.IntRange(0, n-1).Draw(t, "which")
				l.heard(now, out[i], h, 0.5)
				out = append(out[:i], out[i+1:]...)
			}
		}
		requireWithin(t, sent, perMinute)
		for deadline := now.Add(24 * time.Hour); now.Before(deadline); { // asked each time as told, and answered
			wait, _ := l.reserve(now)
			if wait == 0 {
				l.heard(now, l.sent(now), heard{}, 0)
				now = now.Add(time.Minute)
				continue
			}
			now = now.Add(wait)
		}
		require.Equal(t, l.limit, l.rate(now), "a day without 429s, and the configured rate is back")
	})
}

// requireWithin checks every span of time between two requests.
func requireWithin(t *rapid.T, sent []time.Time, perMinute int) {
	if perMinute == 0 {
		return
	}
	for i, from := range sent {
		for j := i; j < len(sent); j++ {
			most := float64(perMinute)/60*(sent[j].Sub(from)+slack).Seconds() + 1.001
			require.LessOrEqual(t, float64(j-i+1), most)
		}
	}
}

func reserveAt(l *limiter, now time.Time) time.Duration {
	wait, _ := l.reserve(now)
	return wait
}
