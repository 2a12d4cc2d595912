package genesys

import (
	"math"
	"time"
)

const (
	// maxPause bounds the pause after a 429 that names none, maxJitter what is added to any pause.
	maxPause  = time.Minute
	maxJitter = time.Second
	// slack is how late a turn may be taken without moving the turns after it: what timers are late by must
	// not add up. It is also how much earlier than its turn a request may be sent after a late one.
	slack = 20 * time.Millisecond
	// scouting is how long the first request after a pause goes alone, unless it is answered before; again is
	// when others ask again meanwhile.
	scouting = time.Second
	again    = 25 * time.Millisecond
	// concurrentPause is the pause after a 429 that speaks of concurrency and names none.
	concurrentPause = time.Second
)

// limiter decides when a request may be sent. It is a value that changes by what it is told and by nothing else: it
// starts nothing, waits for nothing and reads no clock, and it is not safe for concurrent use. Rates are in
// requests a second; infinity stands for no limit.
//
// Three things bound the rate, the lowest of them counts: what is configured, what 429s have taught, and what the
// API says of its budget in its answers.
type limiter struct {
	limit   float64 // as configured
	learned learned
	budget  budget

	seq     int       // requests sent
	next    time.Time // the next turn
	lastOut time.Time // when a request was last sent

	until   time.Time // nothing is sent before: the API answered 429
	refused int       // pauses in a row without another answer between them
	scout   bool      // after a pause, until the first request is answered
	scoutBy time.Time // and no longer than this; zero: it has not been sent
}

// ticket is one request that was sent.
type ticket struct {
	seq int
	at  time.Time
}

// heard is what an answer tells the limiter.
type heard struct {
	limited    bool          // 429
	concurrent bool          // 429 for too many at once, not too many a minute
	wait       time.Duration // the wait it asked for; 0 where it asked for none
	said       allowance     // what it tells of the budget
}

func newLimiter(perMinute int) limiter {
	l := limiter{limit: math.Inf(1)}
	if perMinute > 0 {
		l.limit = float64(perMinute) / 60
	}
	l.learned.credit = freeRefusals
	return l
}

// rate returns how many requests a second may be sent now.
func (l *limiter) rate(now time.Time) float64 {
	return min(l.limit, l.learned.rate(now), l.budget.rate(now, l.seq))
}

// reserve takes a turn and returns 0 where a request may be sent now, else how long to wait before asking again, and
// whether that is because the API asked for a pause.
func (l *limiter) reserve(now time.Time) (wait time.Duration, paused bool) {
	if now.Before(l.until) {
		return l.until.Sub(now), true
	}
	if l.scout && !l.scoutBy.IsZero() && now.Before(l.scoutBy) {
		return min(again, l.scoutBy.Sub(now)), true
	}
	rate := l.rate(now)
	if rate <= 0 {
		return max(again, l.budget.end.Sub(now)), false
	}
	if now.Before(l.next) {
		return l.next.Sub(now), false
	}
	if l.scout && l.scoutBy.IsZero() {
		l.scoutBy = now.Add(scouting)
	}
	l.spend(now, rate)
	return 0, false
}

// spend moves the next turn by one request's share of time.
func (l *limiter) spend(now time.Time, rate float64) {
	if math.IsInf(rate, 1) {
		return
	}
	if earliest := now.Add(-slack); l.next.Before(earliest) {
		l.next = earliest
	}
	paced := l.next.Add(interval(min(l.limit, l.learned.rate(now))))
	l.next = l.next.Add(interval(rate))
	if now.Before(l.budget.end) && l.next.After(l.budget.end) {
		l.next = later(paced, l.budget.end) // what is left of a budget does not bind beyond its window
	}
}

// sent notes that a request goes out.
func (l *limiter) sent(now time.Time) ticket {
	if gap := now.Sub(later(l.lastOut, l.until)); gap > idleAfter && gap > 3*interval(l.rate(now)) {
		l.learned.idled(now)
	}
	l.seq++
	l.lastOut = now
	return ticket{l.seq, now}
}

func interval(rate float64) time.Duration {
	if rate <= 0 {
		return time.Minute
	}
	return time.Duration(float64(time.Second) / rate)
}

// heard takes an answer in. jitter is a number in [0, 1).
func (l *limiter) heard(now time.Time, t ticket, h heard, jitter float64) {
	l.budget.told(now, t, h.said, h.limited)
	paused := now.Before(l.until)
	if !h.limited {
		l.learned.answered(now)
		// During a pause, answers to requests sent before it still come in: they tell nothing about it.
		if !paused {
			l.refused, l.scout = 0, false
		}
		return
	}
	begins := !paused
	if begins {
		l.refused++
	}
	wait := h.wait
	switch {
	case wait > 0:
	case h.concurrent:
		wait = concurrentPause
	case begins:
		wait = pauseOf(0, l.refused)
	}
	until := now.Add(wait)
	if !h.concurrent {
		l.learned.refused(now, later(until, l.until), l.limit, begins)
	}
	// A little more, so that several workers do not come back in the same instant.
	until = now.Add(withJitter(wait, jitter))
	if until.After(l.until) {
		l.learned.resume(until.Sub(later(l.until, now)))
		l.until = until
	}
	l.scout, l.scoutBy = true, time.Time{}
}

// pauseOf returns how long a 429 makes us wait, the n-th in a row: as long as it asks for, else 2^n s, at most a minute.
func pauseOf(asked time.Duration, n int) time.Duration {
	if asked > 0 {
		return asked
	}
	return min(maxPause, time.Second<<min(n, 10))
}

// withJitter adds up to a tenth, and no more than a second, to a wait; jitter is a number in [0, 1).
func withJitter(wait time.Duration, jitter float64) time.Duration {
	return wait + time.Duration(jitter*float64(min(wait/10, maxJitter)))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
