package worker

import (
	"time"

	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/genesys"
)

const (
	crowdCut   = 0.7         // what a refusal leaves of the requests that were at the API
	crowdEvery = time.Second // how often the limit grows by one at most
)

// crowd is how many requests the API takes at once. An organisation's places are shared with live calls: where
// the API answers that they are taken, fewer requests go out at a time, and then one more each second that it
// serves. That the requests come too fast is another matter, and the client's. It is not safe for concurrent
// use; the worker's lock guards it.
type crowd struct {
	max     int
	now     int
	lowered time.Time
	grown   time.Time // or lowered
}

func newCrowd(concurrency int) crowd { return crowd{max: concurrency, now: concurrency} }

// limit returns how many requests may be at the API at once.
func (c *crowd) limit() int { return c.now }

// refused takes in that a request sent at the given time was one too many, with so many others at the API, and reports
// whether it lowers the limit. Those sent before the last such answer tell nothing new.
func (c *crowd) refused(sent time.Time, others int, now time.Time) bool {
	if !sent.After(c.lowered) {
		return false
	}
	c.lowered, c.grown = now, now
	c.now = min(c.now, max(1, int(crowdCut*float64(others+1))))
	return c.now < c.max
}

// served takes in that the API has served a request, and reports whether the limit is whole again.
func (c *crowd) served(now time.Time) bool {
	if c.now == c.max || now.Sub(c.grown) < crowdEvery {
		return false
	}
	c.grown = now
	c.now++
	return c.now == c.max
}

// crowded lets the number of requests at once follow an answer.
func (e *engine) crowded(r attempt, now time.Time) {
	c := &e.w.crowd
	switch {
	case r.err == nil:
		if c.served(now) {
			e.w.log.Info("the API takes as many requests at once as before", zap.Int("concurrency", c.limit()))
		}
	case r.err.Kind == genesys.KindRateLimited && r.err.Concurrent:
		whole := c.limit() == c.max
		if c.refused(r.started, e.atAPI, now) && whole {
			e.w.log.Warn("the API takes no more requests at once (429): fewer are sent at a time, and then one more each second. "+
				"If this stays, set SLUICE_CONCURRENCY lower",
				zap.Int("concurrency", c.limit()), zap.Int("configured", c.max))
		}
	}
}
