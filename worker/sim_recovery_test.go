package worker_test

import (
	"slices"
	"time"

	"github.com/sluice-kafka/sluice/worker"
)

// expectFullRate looks, some time after the API's last trouble has ended, whether every worker sends at its
// full rate again; the lock is held.
func (w *world) expectFullRate(e trouble) {
	healed, began, s := w.healthy, time.Now(), w.scenario
	// The next probe is due within five; each success doubles the rate; poison among what is
	// held may waste a probe each, and a request that hangs is waited for.
	patience := 10*time.Second + 10*2*s.latency
	if e.name == "hanging" || e.name == "slow" {
		patience += s.cfg.RequestTimeout
	}
	for _, m := range w.byID {
		if !m.ended && m.fate != good {
			patience += 5 * time.Second
		}
	}
	for _, p := range w.all {
		p.served = 0
	}
	w.ending.Go(func() {
		// Twice, since what became ready just now may await a probe.
		var slow []*process
		for range 2 {
			time.Sleep(patience)
			w.mu.Lock()
			undisturbed := w.healthy == healed && w.violated == ""
			now := slices.DeleteFunc(slices.Clone(w.all), func(p *process) bool { return p.atFullRate(began) })
			w.mu.Unlock()
			if !undisturbed {
				return
			}
			if slow == nil {
				slow = now
			}
			slow = slices.DeleteFunc(slow, func(p *process) bool { return !slices.Contains(now, p) })
			patience = 6 * time.Second
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, p := range slow {
			w.violate(nil, "%s does not send at its full rate %s after the API's trouble (%s) ended: %+v", p.name, time.Since(began), e.name, p.Snapshot().Breaker)
		}
	})
}

// atFullRate reports whether the process sends as much as it may, has nothing to send, or has a reason.
func (p *process) atFullRate(since time.Time) bool {
	if p.leaving || !p.crashedAt.IsZero() || p.killed.Err() != nil || p.generation == 0 || p.joined.After(since) || p.client.pausedAt(since) {
		return true
	}
	s := p.Snapshot()
	switch {
	case s.Halted != nil, p.opened.After(since): // opened anew by poison
		return true
	case s.Breaker.State == "closed":
		return s.Breaker.Limit == p.w.scenario.cfg.Concurrency || p.served <= 7
	}
	return !slices.ContainsFunc(s.HeldMessages, func(h worker.Held) bool {
		return h.State == "ready" && p.w.byID[h.ID].fate == good
	})
}

// attend does what an operator does about a breaker that nothing closes, because all that may be sent is
// poison: whether that is an outage only a person can tell, or SLUICE_GIVE_UP_AFTER.
func (w *world) attend() {
	for _, p := range w.slots {
		if p == nil {
			continue
		}
		s := p.Snapshot()
		if s.Breaker.State == "closed" {
			continue
		}
		for _, h := range s.HeldMessages {
			w.mu.Lock()
			m := w.byID[h.ID]
			w.mu.Unlock()
			if m.fate == good {
				continue
			}
			w.mu.Lock()
			m.byHand = true
			w.mu.Unlock()
			w.story.tell(p.name, m, "is ended by hand")
			if p.DeadLetterHeld(h.ID) == nil {
				w.tally.count(tallyByHand)
			}
		}
	}
}
