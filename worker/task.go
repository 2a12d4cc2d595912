package worker

import (
	"context"
	"time"
)

type step int

const (
	stepValidate step = iota
	stepAttempt
	stepWriteDeadLetter
	stepWriteResult
)

// task is a step that a goroutine is to take for a message.
type task struct {
	m    *message
	step step
	slot apiSlot // of an attempt
}

// give has a goroutine take a step.
func (e *engine) give(t task) {
	e.tasks.Add(1)
	if n := len(e.idle) - 1; n >= 0 {
		e.idle[n] <- t
		e.idle = e.idle[:n]
	} else {
		go e.run(t)
	}
}

// run takes steps until the engine has stopped: a goroutine that has finished one goes on with the next that is
// ready, or waits for one. It is not ended meanwhile: a new one would have to grow its stack again.
func (e *engine) run(t task) {
	given := make(chan task, 1)
	for ok := true; ok; {
		settle := e.take(t)
		e.lock()
		now := time.Now()
		e.moved = now
		settle(now)
		e.tick(now)
		if t, ok = e.next(now); ok {
			e.unlockAt(now)
			continue
		}
		e.idle = append(e.idle, given)
		e.tasks.Done()
		e.release(now)
		t, ok = <-given
	}
}

// take runs one step outside the lock and returns what is to be done with its result under it.
func (e *engine) take(t task) func(now time.Time) {
	m := t.m
	switch t.step {
	case stepValidate:
		r := e.w.validate(m)
		return func(time.Time) { e.validated(m, r) }
	case stepAttempt:
		r := e.w.attempt(t.slot.ctx, m)
		return func(now time.Time) { e.slots = append(e.slots, t.slot); e.attempted(m, r, now) }
	case stepWriteDeadLetter:
		r := e.w.writeDeadLetter(e.workCtx, m)
		return func(now time.Time) { e.written(m, r, now) }
	case stepWriteResult:
		r := e.w.writeResult(e.workCtx, m)
		return func(now time.Time) { e.stored(m, r, now) }
	}
	panic("a step without a way to take it")
}

// apiSlot is a context under workCtx for one attempt at a time: to register with one that many others come and go at
// costs more than all else that we add to a request.
type apiSlot struct {
	ctx  context.Context
	free context.CancelFunc
}

func (e *engine) slot() (s apiSlot) {
	if n := len(e.slots) - 1; n >= 0 {
		s, e.slots = e.slots[n], e.slots[:n]
		return s
	}
	s.ctx, s.free = context.WithCancel(e.workCtx)
	return s
}
