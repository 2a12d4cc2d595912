package genesys

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// pace is a client's limiter, safe for concurrent use.
type pace struct {
	mu sync.Mutex
	limiter
}

// Reserve returns 0 where a request may be sent now; its turn is then taken. Otherwise it returns how long
// to wait before asking again, and nothing is taken; paused says that this is because the API asked for a
// pause. It never blocks.
func (c *Client) Reserve() (wait time.Duration, paused bool) {
	now := time.Now()
	if until := c.tokens.pausedUntil(now); !until.IsZero() {
		return until.Sub(now), true
	}
	c.pace.mu.Lock()
	defer c.pace.mu.Unlock()
	return c.pace.reserve(now)
}

// sent notes a request that goes out now. One without a turn moves those after it.
func (p *pace) sent(turn bool) ticket {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !turn {
		if rate := p.rate(now); rate > 0 {
			p.spend(now, rate)
		}
	}
	return p.limiter.sent(now)
}

// answered takes note of a request's answer.
func (p *pace) answered(t ticket, h heard) {
	var jitter float64
	if h.limited {
		jitter = rand.Float64() //nolint:gosec // jitter, not a key
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard(time.Now(), t, h, jitter)
}

// RateStatus is what a client sends at most now, and why.
type RateStatus struct {
	Configured float64   // requests a minute; 0: no limit
	Now        float64   // requests a minute that are sent at most, but for what Exhausted and Paused say; 0: no limit
	Learned    float64   // requests a minute that 429s have taught; 0: none have
	Stray      float64   // part of the requests that may be answered 429 without slowing us, since slowing did not help; 0: none
	Allowed    int       // the API's budget, ours and that of others, by its own headers; 0: it has told of none
	Used       int       // of it, as last told
	ResetAt    time.Time // when it begins anew; the zero time where Allowed is 0
	Exhausted  bool      // nothing is left of it until then
	Paused     time.Time // nothing is sent before: the API answered 429; the zero time where it has not
}

// RateStatus returns what is sent at most now.
func (c *Client) RateStatus() RateStatus {
	now := time.Now()
	paused := c.tokens.pausedUntil(now)
	p := c.pace
	p.mu.Lock()
	defer p.mu.Unlock()
	learned := p.learned.rate(now)
	s := RateStatus{
		Configured: perMinute(p.limit), Now: perMinute(min(p.limit, learned, p.budget.steady())), Learned: perMinute(learned),
		Allowed: p.budget.allowed, Used: p.budget.count, ResetAt: p.budget.end, Exhausted: p.rate(now) == 0,
	}
	if share, found := p.learned.strays.tolerance(now); found {
		s.Stray = share
	}
	if now.Before(p.until) {
		paused = later(paused, p.until)
	}
	s.Paused = paused
	return s
}

// perMinute returns a rate as people are told it: requests a minute, 0 for no limit.
func perMinute(rate float64) float64 {
	if math.IsInf(rate, 1) {
		return 0
	}
	return rate * 60
}
