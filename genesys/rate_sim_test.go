package genesys

import (
	"cmp"
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// This file simulates workers that share a budget, in virtual time: an event at a time, equal seeds give equal runs.

// simAPI allows so many requests a window, fixed windows or a token bucket that refills as fast, and answers others
// 429. Where stray is not zero it allows any number, and answers that share of them 429 all the same.
type simAPI struct {
	allowed int
	window  time.Duration
	bucket  int           // its size; 0: fixed windows
	headers bool          // inin-ratelimit-*
	quiet   bool          // no Retry-After
	stray   float64       // share answered 429 for no reason of ours
	calm    time.Duration // that long there are none of these

	since  time.Time
	begin  time.Time // of the window
	count  int
	tokens float64
	filled time.Time

	ok, refused int
}

// answer is what a request is told that comes in now. dice is a number in [0, 1).
func (a *simAPI) answer(now time.Time, dice float64) heard {
	h := a.decide(now)
	if a.stray > 0 {
		h = heard{limited: dice < a.stray && now.Sub(a.since) >= a.calm, wait: time.Second}
	}
	if h.limited {
		a.refused++
	} else {
		a.ok++
		h.wait = 0
	}
	if a.quiet {
		h.wait = 0
	}
	if !a.headers {
		h.said = allowance{}
	}
	return h
}

func (a *simAPI) decide(now time.Time) heard {
	if a.bucket == 0 {
		if passed := now.Sub(a.begin) / a.window; passed > 0 {
			a.begin, a.count = a.begin.Add(passed*a.window), 0
		}
		a.count++
		reset := wholeSeconds(a.begin.Add(a.window).Sub(now))
		return heard{limited: a.count > a.allowed, wait: reset, said: allowance{a.count, a.allowed, reset}}
	}
	refill := float64(a.allowed) / a.window.Seconds()
	a.tokens = min(float64(a.bucket), a.tokens+refill*now.Sub(a.filled).Seconds())
	a.filled = now
	h := heard{limited: a.tokens < 1, wait: wholeSeconds(seconds((1 - a.tokens) / refill))}
	if !h.limited {
		a.tokens--
	}
	used := float64(a.bucket) - a.tokens
	h.said = allowance{int(math.Ceil(used)), a.bucket, wholeSeconds(seconds(used / refill))}
	return h
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func wholeSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}

// sim is one run.
type sim struct {
	api     simAPI
	workers int
	// concurrency is that of each worker; 0: simConcurrency.
	concurrency int
	rate        int // GENESYS_RATE; 0: none
	latency     time.Duration
	length      time.Duration
	seed        uint64
	learns      bool // false: 429s pause and teach nothing

	dice    *rand.Rand
	start   time.Time
	events  simEvents
	each    []int // requests answered of each worker
	early   int   // 429s in the first ten minutes
	earlyOK int   // other answers in that time
	limiter []*limiter
}

// simConcurrency is that of a simulated worker where nothing else is said.
const simConcurrency = 64

// skipSimulation leaves a long computation in one goroutine out of the short run, which the race detector takes.
func skipSimulation(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("computes for long, and shares nothing")
	}
}

// run lets saturated workers send for a while: there is always a message, and a free slot but for what is at the API.
func (s *sim) run() {
	s.dice = rand.New(rand.NewPCG(s.seed, 1)) //nolint:gosec // repeatable
	s.start = time.Unix(1_800_000_000, 0)
	s.api.since = s.start
	s.api.begin = s.start.Add(-time.Duration(s.dice.Int64N(int64(s.api.window))))
	s.api.filled, s.api.tokens = s.start, float64(s.api.bucket)
	s.each = make([]int, s.workers)
	for i := range s.workers {
		l := newLimiter(s.rate)
		s.limiter = append(s.limiter, &l)
		w := &simWorker{s: s, n: i, limiter: &l}
		s.at(s.start.Add(time.Duration(s.dice.Int64N(int64(2*time.Second)))), w.send)
	}
	for len(s.events) > 0 {
		e := heap.Pop(&s.events).(simEvent) //nolint:forcetypeassert // only events are pushed
		if e.at.Sub(s.start) > s.length {
			return
		}
		e.do(e.at)
		if e.at.Sub(s.start) < 10*time.Minute {
			s.early, s.earlyOK = s.api.refused, s.api.ok
		}
	}
}

// used is the share of the allowance that was used, refused the share of requests that were answered 429, and later
// that same share after the first ten minutes.
func (s *sim) used() float64 {
	return float64(s.api.ok) / (float64(s.api.allowed) * s.length.Seconds() / s.api.window.Seconds())
}

func (s *sim) refused() float64 {
	return float64(s.api.refused) / float64(s.api.ok+s.api.refused)
}

func (s *sim) later() float64 { return float64(s.api.refused-s.early) / float64(s.api.ok) }

func (s *sim) at(t time.Time, do func(time.Time)) { heap.Push(&s.events, simEvent{t, do}) }

type simWorker struct {
	s       *sim
	n       int
	limiter *limiter
	out     int
	asleep  time.Time
}

func (w *simWorker) send(now time.Time) {
	s := w.s
	for w.out < cmp.Or(s.concurrency, simConcurrency) && !now.Before(w.asleep) {
		if wait, _ := w.limiter.reserve(now); wait > 0 {
			w.asleep = now.Add(wait)
			s.at(w.asleep.Add(time.Duration(s.dice.Int64N(int64(time.Millisecond)))), w.send) // timers are late
			return
		}
		w.out++
		w.request(now, w.limiter.sent(now))
	}
}

// request takes a request to the API and its answer back. A 429 comes back at once, an action takes its time.
func (w *simWorker) request(now time.Time, t ticket) {
	s := w.s
	took := time.Duration(float64(s.latency) * (0.5 + s.dice.ExpFloat64()/2))
	there := min(took/4, time.Duration(float64(10*time.Millisecond)*(0.5+s.dice.Float64())))
	s.at(now.Add(there), func(now time.Time) {
		h := s.api.answer(now, s.dice.Float64())
		back := took - there
		if h.limited {
			back = there
		} else {
			s.each[w.n]++
		}
		s.at(now.Add(back), func(now time.Time) {
			w.out--
			w.limiter.heard(now, t, h, s.dice.Float64())
			if !s.learns {
				w.limiter.learned = learned{credit: maxCredit}
			}
			w.send(now)
		})
	})
}

type simEvent struct {
	at time.Time
	do func(now time.Time)
}

// simEvents is a heap of what is to come.
type simEvents []simEvent

func (e simEvents) Len() int           { return len(e) }
func (e simEvents) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e simEvents) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

func (e *simEvents) Push(x any) { *e = append(*e, x.(simEvent)) } //nolint:forcetypeassert // only events are pushed

func (e *simEvents) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}
