package worker_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/worker"
)

// An API that runs so many requests at a time and refuses the others, for speaking of concurrency. The worker finds the
// number, loses nothing to it, and comes back when there is room again.
func TestWorker_A429OfConcurrencyLowersConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 4)
		places := &places{free: 8}
		r.api.answer = places.run
		r.api.reserve = places.pause
		run := r.start(t, func(c *worker.Config) { c.Concurrency = 32 })
		r.Produce(t, topic, messages(4000, 4, 400)...)

		eventually(t, time.Minute, "fewer requests at once", func() bool { return run.Snapshot().Breaker.Limit <= 8 })
		time.Sleep(30 * time.Second)
		before, refused := r.api.accepted(), places.refusals()
		time.Sleep(30 * time.Second)
		served, one := r.api.accepted()-before, places.refusals()-refused
		assert.Greater(t, served, 8*30*6/10, "of the places, most are used")
		assert.Less(t, one, served/10, "and few requests are refused")

		places.set(32)
		eventually(t, 2*time.Minute, "all requests at once", func() bool { return run.Snapshot().Breaker.Limit == 32 })
		eventually(t, 5*time.Minute, "everything delivered", func() bool { return r.api.accepted() == 4000 })
		run.leave(t)
		assert.Empty(t, r.dead.all())
		assert.Zero(t, run.events.breakerOpened())
		require.Len(t, r.logs.FilterMessageSnippet("takes no more requests at once").All(), 1, "one line, however many refusals")
		require.Len(t, r.logs.FilterMessageSnippet("as many requests at once as before").All(), 1)
		r.requireAudit(t, 4000)
	})
}

type places struct {
	mu            sync.Mutex
	free, refused int
	until         time.Time
}

// pause is that of the client: it asks for a second after each refusal.
func (p *places) pause() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, time.Until(p.until))
}

func (p *places) run(ctx context.Context, c call) error {
	p.mu.Lock()
	if p.free <= 0 {
		p.refused++
		p.until = time.Now().Add(time.Second)
		p.mu.Unlock()
		return &genesys.Error{Kind: genesys.KindRateLimited, Op: genesys.OpInvoke, Status: 429, Concurrent: true}
	}
	p.free--
	p.mu.Unlock()
	defer p.set(1)
	return slow(time.Second)(ctx, c)
}

// set adds places.
func (p *places) set(more int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free += more
}

func (p *places) refusals() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

// Retries, held messages and probes take their turns from the same limiter as all others.
func TestWorker_RetriesAndProbesKeepToTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		const spacing = 500 * time.Millisecond
		var mu sync.Mutex
		var next time.Time
		r.api.reserve = func() time.Duration {
			mu.Lock()
			defer mu.Unlock()
			if wait := time.Until(next); wait > 0 {
				return wait
			}
			next = time.Now().Add(spacing)
			return 0
		}
		begins, ends := time.Now().Add(20*time.Second), time.Now().Add(80*time.Second)
		var sent []time.Time
		r.api.answer = func(ctx context.Context, c call) error {
			now := time.Now()
			mu.Lock()
			sent = append(sent, now)
			mu.Unlock()
			if now.After(begins) && now.Before(ends) {
				return &genesys.Error{Kind: genesys.KindServer, Op: genesys.OpInvoke, Status: 500}
			}
			return slow(50*time.Millisecond)(ctx, c)
		}
		run := r.start(t)
		r.Produce(t, topic, messages(300, 2, 100)...)
		eventually(t, 10*time.Minute, "everything delivered", func() bool { return r.api.accepted() == 300 })
		run.leave(t)
		assert.Equal(t, 1, run.events.breakerOpened())
		assert.Greater(t, len(sent), 300, "some were retried or probed")
		for i := 1; i < len(sent); i++ {
			require.GreaterOrEqual(t, sent[i].Sub(sent[i-1]), spacing)
		}
		r.requireAudit(t, 300)
	})
}
