package worker_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sluice-kafka/sluice/genesys"
)

// trouble is what ails the API for a while.
type trouble struct {
	name       string
	share      float64       // of the calls that meet it
	retryAfter time.Duration // with 429
}

// troubleAPI begins a trouble and returns how to end it.
func (w *world) troubleAPI(e trouble) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.api = append(w.api, &e)
	w.healthy++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.api = slices.DeleteFunc(w.api, func(other *trouble) bool { return other == &e })
		w.healthy++
		if len(w.api) == 0 {
			w.expectFullRate(e)
		}
	}
}

// answer is what a call is going to meet.
type answer struct {
	executes bool
	after    time.Duration // until it is executed
	takes    time.Duration // until it is answered
	err      *genesys.Error
}

// decide says what the call meets; the lock is held.
func (w *world) decide(m *simMessage, p *process) answer {
	s := w.scenario
	dice := func(what string) float64 { return roll(s.seed, m.id+what, m.tries) }
	took := time.Duration(float64(s.latency) * (0.5 + dice("latency")))
	a := answer{executes: true, after: time.Duration(dice("executes") * float64(took)), takes: took}
	for _, e := range w.api {
		if dice(e.name) >= e.share {
			continue
		}
		if e.name == "slow" {
			a.takes = min(s.cfg.RequestTimeout*9/10, 20*a.takes)
			break
		}
		err := errorOf(e.name)
		err.RetryAfter = e.retryAfter
		a = answer{takes: min(took, 50*time.Millisecond), err: &err}
		switch e.name {
		case "hanging":
			a.takes = s.cfg.RequestTimeout
			a.executes = dice("anyway") < 0.3
		case "502", "dropped":
			a.executes = dice("anyway") < 0.5
		case "refused", "token unreachable":
			a.takes = 0
		}
		break
	}
	if a.err == nil && m.fate != good {
		a = answer{takes: took}
		name := m.fate.String()
		switch m.fate {
		case refused:
			name = "400"
		case hangs:
			a.takes = s.cfg.RequestTimeout
		case actionFailed:
			a.executes = true
		case good, invalid, tombstone, panics, misfit, forbidden, failing, fates:
		}
		err := errorOf(name)
		a.err = &err
	}
	if a.err != nil && m.fate != good && m.fate != actionFailed {
		a.executes = false
	}
	return a
}

// simClient is a process's API client.
type simClient struct {
	w *world
	p *process

	mu    sync.Mutex
	until time.Time // nothing is sent before: the API asked for a pause
	out   int       // requests at the API; guarded by the world's lock
}

// Reserve implements worker.Attempter.
func (c *simClient) Reserve() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, time.Until(c.until)), true
}

func (c *simClient) pausedAt(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.until.Before(t)
}

// Attempt implements worker.Attempter.
func (c *simClient) Attempt(ctx context.Context, r genesys.Request) (genesys.Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.p.killed, cancel)()
	m, a, ok := c.w.arrived(c.p, r)
	if !ok {
		return genesys.Result{}, &genesys.Error{Kind: genesys.KindCanceled, Op: genesys.OpInvoke}
	}
	began := time.Now()
	cut := !waited(ctx, a.after)
	if a.executes && (!cut || roll(c.w.scenario.seed, m.id+"cut", m.tries) < 0.5) {
		c.w.executed(c.p, m)
	}
	if cut = cut || !waited(ctx, a.takes-a.after); cut {
		c.w.cutOff(c.p, m)
		return genesys.Result{}, &genesys.Error{Kind: genesys.KindCanceled, Op: genesys.OpInvoke, Err: context.Cause(ctx)}
	}
	if a.err != nil && a.err.Kind == genesys.KindRateLimited {
		c.pause(a.err.RetryAfter)
	}
	if !c.w.answered(c.p, m, a.err, time.Since(began)) {
		return genesys.Result{}, &genesys.Error{Kind: genesys.KindCanceled, Op: genesys.OpInvoke}
	}
	if a.err != nil {
		return genesys.Result{}, a.err
	}
	return genesys.Result{Status: 202, RequestID: "r"}, nil
}

func (c *simClient) pause(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d == 0 {
		d = 2 * time.Second
	}
	if until := time.Now().Add(d); until.After(c.until) {
		c.until = until
	}
}

// waited waits and reports whether ctx still lives.
func waited(ctx context.Context, d time.Duration) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}
