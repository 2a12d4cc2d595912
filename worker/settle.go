package worker

import (
	"container/heap"
	"container/list"
	"math/rand/v2"
	"time"

	"github.com/sony/gobreaker/v2"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
)

// This file is what follows from the results of steps and from time, all under the engine's lock.

// validated takes in the result of a validation.
func (e *engine) validated(m *message, r validation) {
	e.validating--
	switch {
	case r.failure != nil:
		e.end(m, r.failure)
	case r.skip != "":
		e.finish(m)
		e.tell(Skipped{Topic: m.part.topic, Partition: m.part.id, Offset: m.offset, Why: r.skip})
	default:
		m.payload = r.payload
		e.ready(m)
	}
}

// attempted takes in the result of a request.
func (e *engine) attempted(m *message, r attempt, now time.Time) {
	e.atAPI--
	j := e.w.judge
	if m.probing {
		m.probing = false
		j.probeReturned()
	}
	if r.panicked {
		e.end(m, internalFailure())
		return
	}
	if r.err != nil && r.err.Kind == genesys.KindCanceled {
		return // cut off by our leaving: neither a failure nor an attempt; the next owner sends it
	}
	e.tell(Attempted{Status: r.status(), Kind: r.kind(), Took: r.took, Retry: m.history.count > 0})
	e.crowded(r, now)
	if r.err == nil {
		e.w.refusals = 0
		j.success(r.started, r.took)
		e.succeeded(r.started, now)
		e.accept(m, r.result, now)
		return
	}
	v := judgeAnswer(r.err, e.w.cfg.RetryUnknown)
	m.failure, m.failedAt = &failure{verdict: v, err: r.err}, now
	m.history.add(r.record())
	m.history.unknown = m.history.unknown || v.outcome == deadletter.OutcomeUnknown
	e.trouble(m, now)
	j.report(m, v.effect, r.started, now, r.took)
	if v.effect == effectSuccess {
		e.w.refused(r.err.Kind)
		e.succeeded(r.started, now)
	}
	e.observeBreaker(now)
	e.failed(m, v, r.err.RetryAfter, now)
}

// failed decides what becomes of a message whose attempt failed. While the breaker is not closed no answer
// of the API ends a message and no attempt is spent, but for one that is the message's own fault (which has
// closed the breaker just before) and for unknown outcomes that must not be sent again.
func (e *engine) failed(m *message, v verdict, retryAfter time.Duration, now time.Time) {
	closed := e.w.judge.closed()
	switch {
	case v.action == actDeadLetter:
		e.end(m, m.failure)
	case m.overdue:
		e.giveUp(m)
	case v.action == actPause:
		e.hold(m) // the client's pacing keeps everybody waiting
	case !closed:
		e.hold(m)
	case v.action == actWait:
		m.waits++
		e.wait(m, backoff(m.waits, retryAfter), now)
	case v.action == actRetry && m.spent+1 < e.w.cfg.MaxAttempts:
		m.spent++
		m.charges = append(m.charges, now)
		m.part.dirty = true
		e.wait(m, backoff(m.spent, retryAfter), now)
	default: // a failure that would end it; its last attempt is not spent until the judge has spoken
		m.state = stateProvisional
		e.provisional.push(m)
	}
}

// refund takes back the attempts that failed since the last request that was served began: the breaker has opened, so
// those failures are the API's. An API that comes and goes would otherwise use up a message's attempts.
func (e *engine) refund() {
	for el := e.troubled.Front(); el != nil; el = el.Next() {
		m := troubledMessage(el)
		for n := len(m.charges) - 1; n >= 0 && m.charges[n].After(e.w.judge.served); n-- {
			m.charges = m.charges[:n]
			m.spent--
			m.part.dirty = true
		}
	}
}

// succeeded is told that the API served a message whose request started at the given time: those whose
// failure came before that are at fault themselves.
func (e *engine) succeeded(started, now time.Time) {
	for p := e.provisional.front(); p != nil && !p.failedAt.After(started); p = e.provisional.front() {
		e.provisional.pop()
		e.end(p, p.failure)
	}
	e.observeBreaker(now)
}

// accept ends a message that the API has accepted, once its result is durable where results are written.
func (e *engine) accept(m *message, r genesys.Result, now time.Time) {
	if e.w.cfg.Results == nil {
		e.delivered(m, r.RequestID, now)
		return
	}
	m.state = stateEnding
	m.result = &Result{Data: r.Data, RequestID: r.RequestID, Source: m.source(), At: now}
	e.accepted.push(m)
}

// stored takes in the result of writing a result, which fails only when we are leaving.
func (e *engine) stored(m *message, r store, now time.Time) {
	e.storing--
	switch {
	case r.panicked:
		m.result = nil
		e.end(m, unwritableResult())
	case r.err != nil:
		return // not durable, so not marked: the next owner sends it again
	default:
		e.delivered(m, m.result.RequestID, now)
	}
}

func (e *engine) delivered(m *message, requestID string, now time.Time) {
	e.finish(m)
	e.exposure.ended++
	e.replayEnded(m, "")
	e.tell(Delivered{
		Topic: m.part.topic, Partition: m.part.id, Offset: m.offset,
		RequestID: requestID, Attempts: m.history.count + 1,
		Took: now.Sub(m.arrived), Age: now.Sub(m.timestamp),
	})
}

// written takes in the result of a dead-letter write, which fails only when we are leaving.
func (e *engine) written(m *message, r write, now time.Time) {
	e.writing--
	switch {
	case r.panicked && r.again:
		e.end(m, internalFailure())
	case r.err != nil:
		return // not durable, so not marked: the next owner ends it
	default:
		e.finish(m)
		e.replayEnded(m, m.id())
		e.w.log.Warn("dead letter", r.fields...)
		e.tell(DeadLettered{
			ID: m.id(), Code: r.code, Class: r.class, Fingerprint: r.fingerprint,
			RequestID: r.requestID, Attempts: m.history.count,
			Took: now.Sub(m.arrived), Age: now.Sub(m.timestamp),
		})
	}
}

// tick lets time do its part.
func (e *engine) tick(now time.Time) {
	if e.stopped {
		return
	}
	e.w.judge.tick(now)
	e.observeBreaker(now)
	for len(e.waiting) > 0 && !now.Before(e.waiting[0].due) {
		m := heap.Pop(&e.waiting).(*message) //nolint:forcetypeassert // only messages are pushed
		e.hold(m)
	}
	for m := e.provisional.front(); m != nil && e.w.judge.mayEnd(m.failedAt, now); m = e.provisional.front() {
		e.provisional.pop()
		e.end(m, m.failure)
	}
	for el := e.troubled.Front(); el != nil; el = el.Next() {
		m := troubledMessage(el)
		if now.Sub(m.troubled) < e.w.cfg.GiveUpAfter {
			break
		}
		e.expire(m)
	}
}

func troubledMessage(el *list.Element) *message {
	return el.Value.(*message) //nolint:forcetypeassert // only messages are pushed
}

// expire gives a message up where it stands. One that is at the API is given up when its answer comes.
func (e *engine) expire(m *message) {
	m.overdue = true
	switch m.state {
	case stateReady:
		_ = e.fresh.remove(m) || e.again.remove(m)
	case stateWaiting:
		heap.Remove(&e.waiting, m.heapIndex)
	case stateProvisional:
		e.provisional.remove(m)
	case stateQueued, stateUnvalidated, stateValidating, stateAtAPI, stateEnding, stateWriting:
		return
	}
	e.giveUp(m)
}

// giveUp ends a message that was held or retried for too long, with the code of its last answer.
func (e *engine) giveUp(m *message) {
	f := m.failure
	if f == nil {
		f = circuitOpen()
	}
	f.gaveUp = true
	e.end(m, f)
}

// breakerClosed is the name of the state in which the API serves.
var breakerClosed = gobreaker.StateClosed.String()

// observeBreaker tells of a change of the breaker's state and lets it take effect: when it opens, failures
// that were about to end their messages are the API's after all, and what is ready is held from now on.
func (e *engine) observeBreaker(now time.Time) {
	if e.w.judge.closed() && e.breakerState == breakerClosed {
		return
	}
	state := e.w.judge.state().String()
	if state == e.breakerState {
		return
	}
	changed := BreakerChanged{From: e.breakerState, To: state}
	e.breakerState = state
	switch {
	case changed.From == breakerClosed:
		e.refund()
		for e.provisional.len() > 0 {
			e.hold(e.provisional.pop())
		}
		for _, m := range e.fresh.items[e.fresh.head:] {
			e.trouble(m, now)
		}
		changed.Cause = e.w.judge.cause.Error()
		e.w.log.Warn("the API does not serve: messages are held, nothing is dead-lettered for it",
			zap.String("cause", changed.Cause), zap.Time("since", e.w.judge.firstFailure),
			zap.Time("held_until", now.Add(e.w.cfg.GiveUpAfter)),
			zap.String("change_with", "SLUICE_GIVE_UP_AFTER"), zap.Int("in_flight", e.inFlight))
	case changed.To == breakerClosed:
		e.w.log.Info("the API serves again: sending resumes",
			zap.Duration("after", now.Sub(e.w.judge.opened)), zap.Int("held", e.troubled.Len()))
	}
	e.tell(changed)
}

const (
	maxBackoff    = 60 * time.Second
	maxRetryAfter = 5 * time.Minute
)

// backoff returns the wait before attempt n+1: 2^n s × U(0.5, 1), at most a minute, or what the API asked
// for where that is more, at most five minutes.
func backoff(n int, retryAfter time.Duration) time.Duration {
	d := maxBackoff
	if n < 6 {
		d = time.Second << n
	}
	d = time.Duration(float64(d) * (0.5 + rand.Float64()/2))
	return max(d, min(retryAfter, maxRetryAfter))
}
