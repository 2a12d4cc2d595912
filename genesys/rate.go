package genesys

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxPause bounds the pause after a 429 that names none.
const maxPause = time.Minute

// pace decides when a request may be sent: evenly spaced, and not at all for a while after a 429.
type pace struct {
	mu      sync.Mutex
	limiter *rate.Limiter // nil: requests are not spaced
	until   time.Time     // nothing is sent before
	refused int           // 429s in a row, of which those within one pause count once
}

func newPace(perMinute int) *pace {
	p := &pace{}
	if perMinute > 0 {
		p.limiter = rate.NewLimiter(rate.Limit(float64(perMinute)/60), 1)
	}
	return p
}

// Reserve returns 0 where a request may be sent now; its turn is then taken. Otherwise it returns how long
// to wait before asking again, and nothing is taken. It never blocks.
func (c *Client) Reserve() time.Duration { return c.pace.reserve(time.Now()) }

// Paused returns until when all sending pauses because the API answered 429; the zero time where it does
// not.
func (c *Client) Paused() time.Time {
	c.pace.mu.Lock()
	defer c.pace.mu.Unlock()
	if time.Now().Before(c.pace.until) {
		return c.pace.until
	}
	return time.Time{}
}

func (p *pace) reserve(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.until) {
		return p.until.Sub(now)
	}
	if p.limiter == nil || p.limiter.AllowN(now, 1) {
		return 0
	}
	turn := p.limiter.ReserveN(now, 1)
	defer turn.CancelAt(now)
	// The limiter counts in float64; a microsecond more and the caller does not come a nanosecond too soon.
	return turn.DelayFrom(now) + time.Microsecond
}

// answered takes note of an answer's status and of the wait it asked for, 0 where it asked for none. Any
// request's answer counts, the token's too.
func (p *pace) answered(status int, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if status != http.StatusTooManyRequests && p.until.IsZero() {
		return // as nearly always: there has been no 429 at all
	}
	now := time.Now()
	paused := now.Before(p.until)
	if status != http.StatusTooManyRequests {
		// During a pause, answers to requests sent before it still come in: they tell nothing about it.
		if !paused {
			p.refused = 0
		}
		return
	}
	if !paused {
		p.refused++
	}
	if wait <= 0 {
		if paused {
			return
		}
		wait = min(maxPause, time.Second<<min(p.refused, 10))
	}
	// Up to a tenth more, so that several workers do not come back in the same instant.
	if until := now.Add(wait + rand.N(wait/10+1)); until.After(p.until) { //nolint:gosec // jitter, not a key
		p.until = until
	}
}
