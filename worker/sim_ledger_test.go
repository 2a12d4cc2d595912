package worker_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/worker"
)

// This file holds the rules, each checked at the moment at which it can be broken.

// violate notes a broken rule; the lock is held.
func (w *world) violate(m *simMessage, format string, args ...any) {
	w.more++
	if w.violated != "" {
		return
	}
	w.violated, w.violation = fmt.Sprintf(format, args...), m
	w.story.tell("RULE", m, "%s", w.violated)
}

// report fails the test where a rule was broken.
func (w *world) report(t *testing.T) {
	t.Helper()
	if w.violated == "" {
		return
	}
	story := "\n"
	if w.violation != nil {
		story = fmt.Sprintf("\nthe story of %s:%s", w.violation.id, w.story.of(w.violation))
	}
	t.Fatalf("seed %d: %s (and %d more)\n%s%sreplay: go test ./worker -run Simulation -sim.seed %d -count 20",
		w.scenario.seed, w.violated, w.more-1, w.scenario, story, w.scenario.seed)
}

// spell is a time in which the API serves a process nothing, from a first failure to the next success.
type spell struct {
	ids      map[*simMessage]struct{}
	first    time.Time
	third    time.Time // when a third message failed
	over     time.Time // when the API served again; zero: it does not yet
	wrongful int       // good messages dead-lettered for it
	delay    time.Duration
}

// convicted reports whether the process had to know at t that the API served nobody: three messages had failed
// before, the first of them long enough ago.
func (s *spell) convicted(t time.Time) bool {
	return len(s.ids) >= 3 && s.third.Before(t) && t.Sub(s.first) > s.delay
}

// arrived takes in a request at the API and decides its answer. It reports false to a process that is dead.
func (w *world) arrived(p *process, r genesys.Request) (*simMessage, answer, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !p.crashedAt.IsZero() {
		return nil, answer{}, false
	}
	m, now, cfg := w.byID[r.ID], time.Now(), w.scenario.cfg
	if m == nil {
		w.violate(nil, "%s sent a message that was never produced: %s", p.name, r.ID)
		return nil, answer{}, false
	}
	m.tries++
	p.client.out++
	w.story.tell(p.name, m, "is sent, try %d", m.tries)
	w.requireTurn(p, m)
	if m.group != "" {
		for _, other := range w.groups[m.group] {
			if other.atAPI == p {
				w.violate(m, "%s sent it while %s of the same order group was at the API", p.name, other.id)
			}
		}
	}
	if m.atAPI == p {
		w.violate(m, "%s sent it while a request for it was at the API", p.name)
	}
	m.atAPI = p
	if p.client.out > cfg.Concurrency {
		w.violate(m, "%s has %d requests at the API, more than %d", p.name, p.client.out, cfg.Concurrency)
	}
	me := membership{p, p.generation}
	if cfg.RetryUnknown == worker.UnknownDeadLetter && m.unknown == me {
		w.violate(m, "%s sent it again after an unknown outcome", p.name)
	}
	if m.failed == me && now.Sub(m.failedAt) > cfg.GiveUpAfter+time.Minute {
		w.violate(m, "%s still tries it %s after its first failure", p.name, now.Sub(m.failedAt))
	}
	if m.tries%8 == 1 && m.offset%8 == 0 {
		w.requireBounds(p, m)
	}
	w.requireUnended(p, m, "sent")
	return m, w.decide(m, p), true
}

// requireTurn holds the order: every message before it in its group has ended.
func (w *world) requireTurn(p *process, m *simMessage) {
	if m.group == "" {
		return
	}
	for _, before := range w.groups[m.group][:m.place] {
		if !before.ended {
			w.violate(m, "%s was at it before %s of the same order group (%s) had ended", p.name, before.id, m.group)
			return
		}
	}
}

// requireBounds holds the bounds on what is in flight.
func (w *world) requireBounds(p *process, m *simMessage) {
	cfg, s := w.scenario.cfg, p.Snapshot()
	if s.InFlight > cfg.MaxInFlight || s.InFlightBytes > cfg.MaxInFlightBytes {
		w.violate(m, "%s has %d messages, %d bytes in flight", p.name, s.InFlight, s.InFlightBytes)
	}
	for _, lowest := range w.log[m.partition] {
		if !lowest.ended {
			if ahead := m.offset - lowest.offset; ahead >= cfg.MaxAhead && m.offset != lowest.offset {
				w.violate(m, "%s sent it %d offsets ahead of %s, which has not ended", p.name, ahead, lowest.id)
			}
			return
		}
	}
}

// requireUnended holds that nothing is done again but for a reason: what was told ended is repeated only where
// the end was not committed, and that only after a crash within a commit's interval, or trouble with Kafka.
func (w *world) requireUnended(p *process, m *simMessage, what string) {
	if !m.ended {
		return
	}
	w.tally.count(tallyRepeats)
	by := m.endedBy
	switch {
	case m.kept:
		w.violate(m, "%s %s it again although its end was committed", p.name, what)
	case by == nil:
		w.violate(m, "%s %s it, a tombstone to be skipped", p.name, what)
	case !w.scenario.metadata, w.troubled(m.endedAt):
	case by.crashedAt.IsZero():
		w.violate(m, "%s %s it again although nobody crashed since %s ended it", p.name, what, by.name)
	case by.crashedAt.Sub(m.endedAt) > w.scenario.cfg.CommitInterval+100*time.Millisecond:
		w.violate(m, "%s %s it again although %s had time to commit its end", p.name, what, by.name)
	}
}

// executed takes in that the API does what a request asks.
func (w *world) executed(p *process, m *simMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.executed++
	w.tally.count(tallyExecutions)
	w.story.tell(p.name, m, "is executed")
}

// cutOff takes in that a process is no longer there for the answer.
func (w *world) cutOff(p *process, m *simMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.returned(p, m)
	w.story.tell(p.name, m, "is cut off")
}

func (w *world) returned(p *process, m *simMessage) {
	p.client.out--
	if m.atAPI == p {
		m.atAPI = nil
	}
}

// answered takes in that a process gets an answer. It reports false to one that is dead.
func (w *world) answered(p *process, m *simMessage, err *genesys.Error, took time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.returned(p, m)
	if !p.crashedAt.IsZero() {
		return false
	}
	now := time.Now()
	p.slowest = max(p.slowest, took)
	if err == nil {
		w.story.tell(p.name, m, "is accepted")
		w.end(p, m)
		p.success()
		return true
	}
	w.story.tell(p.name, m, "fails: %v", err)
	m.convicted = false
	if me := (membership{p, p.generation}); m.failed != me {
		m.failed, m.failedAt = me, now
	}
	switch err.Kind {
	case genesys.KindRateLimited:
		m.throttled++
		return true
	case genesys.KindRefused, genesys.KindProcessing, genesys.KindActionFailed:
		p.success()
		return true
	case genesys.KindBroken, genesys.KindGateway:
		m.unknown = membership{p, p.generation}
	case genesys.KindCanceled, genesys.KindInput, genesys.KindTooLarge, genesys.KindUnreadable, genesys.KindRemote,
		genesys.KindUnauthorized, genesys.KindForbidden, genesys.KindNotFound, genesys.KindServer, genesys.KindNotSent:
	}
	if m.fate == good || w.inTrouble() {
		m.unlucky++
	}
	m.convicted = p.failure(m, now)
	if m.convicted && m.spell.wrongful > 2 {
		w.violate(m, "%s has dead-lettered %d good messages for an outage", p.name, m.spell.wrongful)
	}
	return true
}

// inTrouble reports whether the API answers for other reasons than the messages'.
func (w *world) inTrouble() bool { return len(w.api) > 0 }

func (p *process) success() {
	if p.spell != nil {
		p.spell.over = time.Now()
		p.spell = nil
	}
	p.served++
}

// failure notes one and reports whether it came while the process knew already that the API serves nobody.
func (p *process) failure(m *simMessage, now time.Time) (convicted bool) {
	if p.spell == nil {
		p.spell = &spell{ids: map[*simMessage]struct{}{}, first: now, delay: max(time.Second, 2*p.slowest)}
	}
	convicted = p.spell.convicted(now)
	p.spell.ids[m] = struct{}{}
	if len(p.spell.ids) == 3 && p.spell.third.IsZero() {
		p.spell.third = now
	}
	m.spell = p.spell
	return convicted
}

// end takes in that a process was told of a message's end; the lock is held.
func (w *world) end(p *process, m *simMessage) {
	if !m.ended {
		w.unended--
	}
	m.ended, m.endedBy, m.endedAt = true, p, time.Now()
}

// simWriter is a process's dead-letter writer.
type simWriter struct {
	p *process
	*deadletter.Writer
}

// Write implements worker.DeadLetterWriter.
func (d simWriter) Write(ctx context.Context, r deadletter.Record) error {
	w := d.p.w
	w.mu.Lock()
	m := w.byID[r.Source.ID()]
	w.story.tell(d.p.name, m, "is to be dead-lettered: %s, %s", r.Code, r.Outcome)
	w.requireUnended(d.p, m, "dead-letters")
	w.requireTurn(d.p, m)
	w.mu.Unlock()
	err := d.Writer.Write(ctx, r)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && !d.p.crashedAt.IsZero() {
		err = context.Canceled // it is not there any more to hear of it
	}
	if err != nil {
		w.story.tell(d.p.name, m, "is not dead-lettered: %v", err)
		return err
	}
	w.story.tell(d.p.name, m, "is dead-lettered: %s, %s", r.Code, r.Outcome)
	w.tally.count(tallyDeadLetters)
	w.requireReason(d.p, m, r)
	w.end(d.p, m)
	return nil
}

// requireReason holds that a dead letter is for what the message did, not for what the API did to everyone.
func (w *world) requireReason(p *process, m *simMessage, r deadletter.Record) {
	cfg := w.scenario.cfg
	gaveUp := strings.Contains(r.Message, "given up") || m.byHand
	if held := r.FailedAt.Sub(m.produced); gaveUp && !m.byHand && held < cfg.GiveUpAfter {
		w.violate(m, "%s gave it up %s after it was produced", p.name, held)
	}
	if m.unlucky+m.throttled == 0 && !gaveUp {
		if expected := expectedCode(m.fate); r.Code != expected {
			w.violate(m, "its dead letter says %s; a message that is %s, alone, ends with %q", r.Code, m.fate, expected)
		}
	}
	if m.unknown == (membership{p, p.generation}) && r.Outcome != deadletter.OutcomeUnknown && r.Outcome != deadletter.OutcomeExecuted {
		w.violate(m, "its dead letter says %q, while a request for it may have been executed", r.Outcome)
	}
	switch {
	case m.fate == invalid, m.fate == tombstone, m.fate == panics, m.fate.ownFault() && m.unlucky == 0:
	case gaveUp:
		w.tally.count(tallyGivenUp)
	case cfg.RetryUnknown == worker.UnknownDeadLetter && r.Outcome == deadletter.OutcomeUnknown:
	case m.convicted:
		w.violate(m, "%s dead-lettered it on an answer that came while the API served nobody", p.name)
	case m.fate == good:
		m.spell.wrongful++
		over := m.spell.over
		if over.IsZero() {
			over = time.Now()
		}
		if m.spell.wrongful > 2 && m.spell.convicted(over) {
			w.violate(m, "%s dead-lettered %d good messages for one outage", p.name, m.spell.wrongful)
		}
		least := cfg.MaxAttempts
		if r.Class == deadletter.ClassPermanent {
			least = 1
		}
		if m.unlucky < least {
			w.violate(m, "%s dead-lettered it after %d failures", p.name, m.unlucky)
		}
	}
}

func expectedCode(f fate) deadletter.Code {
	switch f {
	case invalid, tombstone:
		return deadletter.CodeValidationFailed
	case panics:
		return deadletter.CodeInternalError
	case refused, misfit:
		return deadletter.CodeForStatus(400)
	case forbidden:
		return deadletter.CodePermissionDenied
	case failing:
		return deadletter.CodeMaxRetriesExceeded
	case hangs:
		return deadletter.CodeNetworkError
	case actionFailed:
		return deadletter.CodeActionFailed
	case good, fates:
	}
	return ""
}

// Observe implements worker.Observer.
func (p *process) Observe(e worker.Event) {
	w := p.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if !p.crashedAt.IsZero() {
		return
	}
	switch e := e.(type) {
	case worker.Assigned:
		if p.generation = e.Generation; e.Generation > 0 {
			w.tally.count(tallyGenerations)
		}
		p.joined = time.Now()
		w.story.tell(p.name, nil, "has partitions %v in generation %d", e.Partitions, e.Generation)
	case worker.Committed:
		if e.Err != nil {
			w.tally.count(tallyCommitsRefused)
			w.story.tell(p.name, nil, "could not commit: %v", e.Err)
			return
		}
		w.tally.count(tallyCommits)
		w.commitAccepted(p)
	case worker.BreakerChanged:
		if e.From == "closed" {
			p.opened = time.Now()
			w.tally.count(tallyOpened)
		}
		w.story.tell(p.name, nil, "breaker: %s → %s (%s)", e.From, e.To, e.Cause)
	case worker.OffsetsLost:
		w.violate(nil, "%s says that offsets %d to %d of partition %d are lost", p.name, e.From, e.To, e.Partition)
	}
}
