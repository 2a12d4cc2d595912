package worker

import (
	"container/list"
	"context"
	"net"
	"runtime"
	"sync"
	"time"
)

// maxWriters bounds the dead letters being written at once, and the results; their writers batch them.
const maxWriters = 64

// engine moves the messages of one generation along: from the fetch loops into queues by key, through
// validation and the API, to their durable end. It is data under one lock; what waits is an entry in a list,
// not a parked goroutine, so it can be listed, let go of and ended by hand. Goroutines exist only for steps
// that are running: a validation, a request, a write.
//
// Only a request at the API takes one of the Concurrency slots, which is free again once the message's end is
// committed.
type engine struct {
	w       *Worker
	mu      *sync.Mutex // the worker's: it guards the judge too, which outlives the engine
	workCtx context.Context
	cancel  context.CancelCauseFunc
	slots   []apiSlot // of attempts that have ended

	parts  map[int]*partition
	queues map[queueKey]*queue

	unvalidated fifo      // heads that wait for validation
	fresh       fifo      // valid heads that were never sent
	again       fifo      // heads whose time to be sent again has come, or which are held
	waiting     timers    // heads that wait for their time
	provisional fifo      // heads whose end awaits the judge, by the time of their failure
	troubled    list.List // messages in trouble, by first failure or hold: what is held, and until when
	ends        fifo      // decided ends, to be dead-lettered
	accepted    fifo      // accepted, with a result to be written

	validating, atAPI, writing int
	storing                    int // results being written
	validators                 int // validations at once: one a processor
	inFlight                   int
	inFlightBytes, byteBudget  int64
	againNext                  bool // whose turn it is: again's or fresh's
	roomWaiters                int  // partitions that wait for room
	exposure                   exposure
	coordinator                net.Addr // as last found; for the commits, which are made one after the other

	resumeAt     time.Time // no request before this: the client's pacing
	pausedUntil  time.Time // the same, where the API asked for it
	breakerState string    // as last told to the observer
	moved        time.Time // when a step last ended or a message came in
	stopped      bool      // nothing new starts; decided ends are still written
	tasks        sync.WaitGroup
	idle         []chan task // of goroutines that wait for a step
	timer        *time.Timer
	timerAt      time.Time
	events       []Event // to be told when the lock is released
}

// partition is one assigned partition.
type partition struct {
	topic     string
	id        int
	window    *window
	committed commitPoint // as last committed, or found
	dirty     bool        // whether something has changed that a commit would tell
	carry     carry       // what the partition's last owner left
	highWater int64
	blocked   blockReason
	wake      chan struct{} // tells the fetch loop that what it was blocked on has changed
}

type blockReason int

const (
	notBlocked blockReason = iota
	blockedOnRoom
	blockedOnAhead
)

func newEngine(w *Worker, byteBudget int64) *engine {
	e := &engine{
		w: w, mu: &w.mu, parts: map[int]*partition{}, queues: map[queueKey]*queue{},
		byteBudget: byteBudget, validators: runtime.GOMAXPROCS(0), moved: time.Now(), breakerState: w.judge.state().String(),
		exposure: exposure{wanted: make(chan struct{}, 1)},
	}
	e.workCtx, e.cancel = context.WithCancelCause(context.Background())
	e.timer = time.AfterFunc(time.Hour, e.timeout)
	return e
}

// lock takes the lock; unlock starts what may now run, arms the timer, releases the lock and tells events.
func (e *engine) lock() { e.mu.Lock() }

func (e *engine) unlock() { e.unlockAt(time.Now()) }

func (e *engine) unlockAt(now time.Time) {
	e.tick(now)
	for t, ok := e.next(now); ok; t, ok = e.next(now) {
		e.give(t)
	}
	e.release(now)
}

func (e *engine) release(now time.Time) {
	e.arm(now)
	events := e.events
	e.events = nil
	e.mu.Unlock()
	for _, ev := range events {
		e.w.cfg.Observer.Observe(ev)
	}
}

func (e *engine) tell(ev Event) { e.events = append(e.events, ev) }

// next picks a step that may run now and takes its message out of its list. Dead letters and results do not
// wait for each other: where one topic is out of reach, the other is still written to.
func (e *engine) next(now time.Time) (task, bool) {
	if e.accepted.len() > 0 && e.storing < maxWriters {
		m := e.accepted.pop()
		m.state = stateWriting
		e.storing++
		return task{m: m, step: stepWriteResult}, true
	}
	if e.ends.len() > 0 && e.writing < maxWriters {
		m := e.ends.pop()
		m.state = stateWriting
		e.writing++
		return task{m: m, step: stepWriteDeadLetter}, true
	}
	if e.stopped {
		return task{}, false
	}
	if m := e.nextAttempt(now); m != nil {
		m.state = stateAtAPI
		e.atAPI++
		return task{m, stepAttempt, e.slot()}, true
	}
	if e.unvalidated.len() > 0 && e.validating < e.validators {
		m := e.unvalidated.pop()
		m.state = stateValidating
		e.validating++
		return task{m: m, step: stepValidate}, true
	}
	return task{}, false
}

// nextAttempt returns the message that may be sent now, or nil. While the breaker is closed, those never sent
// and those to be sent again take turns, so that neither starves the other. While it is not, only a probe
// goes, and takes the oldest never sent before any that failed: poison must not keep the breaker open.
func (e *engine) nextAttempt(now time.Time) *message {
	list := &e.fresh
	j := e.w.judge
	switch {
	case e.w.halted != nil, e.fresh.len() == 0 && e.again.len() == 0,
		now.Before(e.resumeAt), !now.Before(e.w.lease), e.exposed(now):
		return nil
	case !j.closed():
		if !j.mayProbe(now) {
			return nil
		}
		if e.fresh.len() == 0 {
			list = &e.again
		}
	case e.atAPI-j.probes >= min(j.limit, e.w.crowd.limit()):
		return nil
	case e.fresh.len() == 0, e.againNext && e.again.len() > 0:
		list = &e.again
	}
	if wait, paused := e.w.attempter.Reserve(); wait > 0 {
		e.resumeAt = now.Add(wait)
		if paused {
			e.pausedUntil = e.resumeAt
			e.tell(Throttled{For: wait})
		}
		return nil
	}
	e.againNext = list == &e.fresh
	m := list.pop()
	if m.probing = !j.closed(); m.probing {
		j.probeSent(now)
	}
	return m
}

// unstored returns how many messages the API has accepted whose results are not durable yet.
func (e *engine) unstored() int { return e.accepted.len() + e.storing }

// stop makes the engine let go of what has not started. It returns once what is running has ended, or, when
// ctx ends first, has been cut off with ctx's cause. Ends that are decided are still written.
func (e *engine) stop(ctx context.Context) {
	e.lock()
	e.stopped = true
	e.unlock()
	done := make(chan struct{})
	go func() { e.tasks.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		e.cancel(context.Cause(ctx))
		<-done
	}
	e.timer.Stop()
	e.cancel(errLeft)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, given := range e.idle {
		close(given)
	}
	for _, s := range e.slots {
		s.free()
	}
}

// wakeAt returns when time alone will change something; zero for never.
func (e *engine) wakeAt(now time.Time) time.Time {
	var at time.Time
	sooner := func(t time.Time) {
		// What is due already was dealt with by tick or waits for something else than time.
		if t.After(now) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	sooner(e.w.judge.wakeAt())
	if e.fresh.len()+e.again.len() > 0 {
		sooner(e.resumeAt)
		sooner(e.exposure.since.Add(commitPatience))
	}
	if len(e.waiting) > 0 {
		sooner(e.waiting[0].due)
	}
	if m := e.provisional.front(); m != nil {
		sooner(m.failedAt.Add(provisionally))
	}
	for el := e.troubled.Front(); el != nil; el = el.Next() {
		if m := troubledMessage(el); !m.overdue {
			sooner(m.troubled.Add(e.w.cfg.GiveUpAfter))
			break
		}
	}
	return at
}

// arm sets the timer to the next time at which something happens by itself.
func (e *engine) arm(now time.Time) {
	at := e.wakeAt(now)
	if e.stopped || at.IsZero() || at.Equal(e.timerAt) {
		return
	}
	e.timerAt = at
	e.timer.Reset(at.Sub(now))
}

func (e *engine) timeout() {
	e.lock()
	e.timerAt = time.Time{}
	e.unlock()
}
