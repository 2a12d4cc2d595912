package main

import (
	"math"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/worker"
)

// runStatus is what /status shows.
type runStatus struct {
	worker.Snapshot
	Rate rateStatus `json:"rate"`
}

// rateStatus tells how fast requests are sent at most, in requests a minute; null is no limit.
type rateStatus struct {
	Now         *float64    `json:"requests_per_minute"`
	Configured  *float64    `json:"configured"`
	Learned     *float64    `json:"learned_from_429"`
	Stray       float64     `json:"stray_429_share,omitempty"`
	Budget      *rateBudget `json:"budget,omitempty"` // of the API, by its own headers
	PausedUntil *time.Time  `json:"paused_until,omitempty"`
}

// rateBudget is what the API's headers tell: requests of ours and of others.
type rateBudget struct {
	Allowed   int       `json:"allowed"`
	Used      int       `json:"used"`
	ResetAt   time.Time `json:"reset_at"`
	Exhausted bool      `json:"exhausted"`
}

func newStatus(w *worker.Worker, client *genesys.Client) runStatus {
	r := client.RateStatus()
	s := runStatus{Snapshot: w.Snapshot(), Rate: rateStatus{
		Now: limitOf(r.Now), Configured: limitOf(r.Configured), Learned: limitOf(r.Learned),
		Stray: math.Round(r.Stray*1000) / 1000,
	}}
	if r.Allowed > 0 {
		s.Rate.Budget = &rateBudget{Allowed: r.Allowed, Used: r.Used, ResetAt: r.ResetAt, Exhausted: r.Exhausted}
	}
	if !r.Paused.IsZero() {
		s.Rate.PausedUntil = &r.Paused
	}
	return s
}

// limitOf returns a number of requests a minute as people are told it, nil where there is no limit.
func limitOf(rate float64) *float64 {
	if rate == 0 {
		return nil
	}
	rounded := math.Round(rate*10) / 10
	return &rounded
}

// pauseQuiet is how long the log says nothing more of pauses.
const pauseQuiet = 30 * time.Second

// pauseLog tells the log of pauses: one line when they begin, and one each half a minute while there are more.
type pauseLog struct {
	log    *zap.Logger
	client *genesys.Client

	mu   sync.Mutex
	last time.Time
}

// Observe implements worker.Observer.
func (p *pauseLog) Observe(e worker.Event) {
	pause, ok := e.(worker.Throttled)
	if !ok || !p.due(time.Now()) {
		return
	}
	fields := []zap.Field{zap.Duration("for", pause.For)}
	if r := p.client.RateStatus(); r.Now > 0 {
		fields = append(fields, zap.Float64("then_requests_per_minute", math.Round(r.Now)))
	}
	p.log.Warn("the API asks for a pause (429): nothing is sent meanwhile", fields...)
}

func (p *pauseLog) due(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.last) < pauseQuiet {
		return false
	}
	p.last = now
	return true
}

// both tells two observers.
func both(one, other worker.Observer) worker.Observer {
	return worker.ObserverFunc(func(e worker.Event) { one.Observe(e); other.Observe(e) })
}
