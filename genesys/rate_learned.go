package genesys

import (
	"math"
	"time"
)

const (
	// horizon is how far back it is counted what was answered: the minute that Genesys counts requests by.
	horizon = time.Minute
	// idleAfter is the gap between two requests from which on nobody wanted to send.
	idleAfter = 5 * time.Second
	// freeRefusals is how many 429s are overlooked at first, and at most; creditPer is how many other answers earn
	// one more.
	freeRefusals = 1.0
	maxCredit    = 3.0
	creditPer    = 500.0
	// strayCredit is how many are overlooked at most where they were found to be strays.
	strayCredit = 8.0
	// cut is how far the rate is lowered below what was answered, and how far above it it is again when twice
	// the time of the recovery has passed.
	cut   = 0.04
	nudge = 0.01
	// recovery is how long the rate needs to be back at the last good one, in lengths of what was measured.
	recovery = 5
	minClimb = 5 * time.Second
	// floorRate is the rate below which no 429 lowers it, in requests a second.
	floorRate = 0.5
	// forgotten is the rate from which on what was learned bounds nothing, in requests a second.
	forgotten = 10_000
)

// learned is the rate that 429s have taught: additive increase, multiplicative decrease, in the cubic form of TCP
// (RFC 9438). The rate falls to what was answered before, comes back to it quickly, stays there for long and then
// climbs faster and faster, until what was learned is forgotten.
type learned struct {
	good  float64       // what the API took; 0: nothing is known
	from  float64       // where the climb began
	at    time.Time     // when
	climb time.Duration // until good is reached
	step  float64       // what twice that time adds to it

	credit  float64 // 429s that will be overlooked
	strays  strays
	counts  tally
	since   time.Time // what is counted begins here: a pause ended, or somebody wanted to send again
	pending measured  // of the 429 that began this pause, until it is learned from
}

// measured is how many requests were answered in how much time, pause included.
type measured struct {
	n    int
	span time.Duration
}

// rate returns how many requests a second are sent at most.
func (c *learned) rate(now time.Time) float64 {
	if c.good == 0 {
		return math.Inf(1)
	}
	x := max(-1, now.Sub(c.at).Seconds()/c.climb.Seconds()-1) // -1 at the beginning, 0 when good is reached
	if x <= 0 {
		return c.good + (c.good-c.from)*x*x*x
	}
	if rate := c.good + c.step*x*x*x; rate < forgotten {
		return rate
	}
	return math.Inf(1)
}

// answered counts an answer that is not a 429.
func (c *learned) answered(now time.Time) {
	earned, strays := c.strays.tolerance(now)
	most := maxCredit
	if strays {
		most = strayCredit
	}
	c.credit = min(most, c.credit+earned)
	c.strays.answered()
	c.counts.add(now)
}

// idled is told that nobody wanted to send until now.
func (c *learned) idled(now time.Time) { c.since = later(c.since, now) }

// resume is told when the pause ends, and by how much it is longer than was known. The climb waits for it.
func (c *learned) resume(more time.Duration) { c.at = c.at.Add(more) }

// refused takes in a 429, where the pause will end, and whether it begins with it. One that comes rarely enough is
// overlooked: it may be anybody's. Else the API took what was answered since the last pause, or in the last
// minute, in that time and this pause.
func (c *learned) refused(now, until time.Time, limit float64, begins bool) {
	if begins {
		from := later(c.since, until.Add(-horizon))
		c.pending = measured{c.counts.since(from, now), until.Sub(from)}
	}
	c.strays.refused()
	c.credit--
	if c.credit >= 0 || c.pending.n == 0 {
		c.credit = max(0, c.credit)
		if _, strays := c.strays.tolerance(now); begins && !strays {
			c.nudged(now, limit)
		}
		return
	}
	c.credit = 0
	m := c.pending
	c.pending = measured{}
	if good := c.strays.slowed(now, c.counts.minute(until)); good > 0 {
		c.set(now, good, cut, limit)
		c.climb, c.credit = minClimb, strayCredit
		return
	}
	took := float64(m.n) / m.span.Seconds()
	tried := max(took, min(limit, c.rate(now)))
	known := took / tried // 1: we know the limit; 0: it may be anywhere above what was answered
	c.good = took
	if known > 0 {
		c.good = took * math.Pow(tried/took, min(0.5, 1-known))
	}
	c.good = max(c.good, min(floorRate, limit))
	c.set(now, c.good, cut, limit)
	c.since = until
	c.climb = max(minClimb, time.Duration(recovery*known*known*float64(m.span)))
}

// nudged lowers a rate that is at its best a little, after a 429 that is overlooked: who sends exactly what is
// allowed meets one each time that two requests are counted in one window where they were sent in two. A rate that is
// still being looked for is left alone.
func (c *learned) nudged(now time.Time, limit float64) {
	tried := min(limit, c.rate(now))
	switch {
	case math.IsInf(tried, 1):
	case c.good == 0, tried >= c.good*(1-nudge) && (c.climb >= recovery*horizon/2 || !math.IsInf(limit, 1)):
		c.set(now, max(tried, min(limit, c.good)), nudge, limit)
		c.climb = recovery * horizon
	}
}

// set lets the climb begin now, below the rate that is good.
func (c *learned) set(now time.Time, good, cutBy, limit float64) {
	c.good = max(good, min(floorRate, limit))
	c.from = c.good * (1 - cutBy)
	c.step = cut * c.good
	if !math.IsInf(limit, 1) {
		c.step = cut * max(c.good/2, min(2*c.good, limit/4))
	}
	c.at = now // resume moves it to the end of the pause
}

// tally counts by seconds, for as long as the horizon.
type tally struct {
	counts [64]int
	second [64]int64
	began  time.Time
}

func (t *tally) add(now time.Time) {
	if t.began.IsZero() {
		t.began = now
	}
	s := now.Unix()
	i := s & 63
	if t.second[i] != s {
		t.second[i], t.counts[i] = s, 0
	}
	t.counts[i]++
}

// minute returns how many a second were counted in the minute before; 0 where it is too early to say.
func (t *tally) minute(to time.Time) float64 {
	length := min(horizon, to.Sub(t.began)-settling)
	if length < leastMeasured {
		return 0
	}
	return float64(t.since(to.Add(-length), to)) / length.Seconds()
}

// since returns what was counted from one moment to another, to the second.
func (t *tally) since(from, to time.Time) (n int) {
	for s := max(from.Unix(), to.Unix()-63); s <= to.Unix(); s++ {
		if i := s & 63; t.second[i] == s {
			n += t.counts[i]
		}
	}
	return n
}
