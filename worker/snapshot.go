package worker

import (
	"slices"
	"time"
)

// heldListed bounds the messages that a Snapshot lists one by one.
const heldListed = 100

// stuckAfter is how long nothing may move while messages wait. It is longer than any wait of the schedule,
// any pause that the API may ask for, and any request.
const stuckAfter = 10 * time.Minute

// Snapshot is a consistent view of the worker at one moment, as /status shows it.
type Snapshot struct {
	Joined        bool              `json:"joined"` // a member of the group, even with no partition
	Generation    int32             `json:"generation"`
	Partitions    []PartitionStatus `json:"partitions"`
	InFlight      int               `json:"in_flight"`
	InFlightBytes int64             `json:"in_flight_bytes"`
	AtAPI         int               `json:"at_api"`
	Ending        int               `json:"ending"` // results and dead letters being written or waiting to be
	Breaker       Breaker           `json:"breaker"`
	PausedUntil   *time.Time        `json:"paused_until,omitempty"` // no request before this: the API asked for it
	Halted        *Halt             `json:"halted,omitempty"`       // nothing is sent until Resume
	Held          int               `json:"held"`                   // messages held or being retried
	HeldMessages  []Held            `json:"held_messages"`          // the longest held of them
	Stuck         bool              `json:"stuck"`                  // messages wait and nothing has moved for minutes
}

// PartitionStatus is one assigned partition.
type PartitionStatus struct {
	Partition int        `json:"partition"`
	Position  int64      `json:"position"`         // lowest offset not yet ended
	HighWater int64      `json:"high_water"`       // next offset of the log, as last seen
	Lag       int64      `json:"lag"`              // HighWater - Position
	Oldest    *time.Time `json:"oldest,omitempty"` // timestamp of the oldest message in flight
}

// Breaker is the judge's view of the API.
type Breaker struct {
	State string     `json:"state"` // closed, open or half-open
	Since *time.Time `json:"since,omitempty"`
	Cause string     `json:"cause,omitempty"`
	Limit int        `json:"limit"` // requests at once while closed
}

// Held is a message that is held or retried.
type Held struct {
	ID       string     `json:"id"`
	State    string     `json:"state"`
	Why      string     `json:"why"`
	Since    time.Time  `json:"since"`
	Until    time.Time  `json:"until"` // when it is given up
	NextTry  *time.Time `json:"next_try,omitempty"`
	Attempts int        `json:"attempts"`
}

// Snapshot returns the worker's present state. It is safe for concurrent use.
func (w *Worker) Snapshot() Snapshot {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	s := Snapshot{Joined: w.member.id != "", Generation: w.member.generation, HeldMessages: []Held{}, Partitions: []PartitionStatus{}}
	s.Breaker = Breaker{State: w.judge.state().String(), Limit: min(w.judge.limit, w.crowd.limit())}
	s.Halted = w.halted
	if !w.judge.closed() {
		s.Breaker.Since = &w.judge.opened
	}
	if w.engine != nil {
		w.engine.describe(&s, now)
	}
	return s
}

// describe fills in what the current generation's engine knows; the lock is held.
func (e *engine) describe(s *Snapshot, now time.Time) {
	s.InFlight, s.InFlightBytes, s.AtAPI, s.Ending = e.inFlight, e.inFlightBytes, e.atAPI, e.writing+e.ends.len()+e.unstored()
	if e.pausedUntil.After(now) {
		at := e.pausedUntil
		s.PausedUntil = &at
	}
	if s.Breaker.Since != nil {
		since := *s.Breaker.Since
		s.Breaker.Since, s.Breaker.Cause = &since, e.w.judge.cause.Error()
	}
	for id, p := range e.parts {
		status := PartitionStatus{Partition: id, Position: p.window.position(), HighWater: p.highWater}
		status.Lag = max(0, status.HighWater-status.Position)
		if oldest := p.window.oldest(); !oldest.IsZero() && oldest.UTC().Year() >= 0 && oldest.UTC().Year() <= 9999 { // else JSON cannot say it
			status.Oldest = &oldest
		}
		s.Partitions = append(s.Partitions, status)
	}
	slices.SortFunc(s.Partitions, func(a, b PartitionStatus) int { return a.Partition - b.Partition })
	s.Held = e.troubled.Len()
	for el := e.troubled.Front(); el != nil && len(s.HeldMessages) < heldListed; el = el.Next() {
		s.HeldMessages = append(s.HeldMessages, e.heldMessage(troubledMessage(el)))
	}
	s.Stuck = e.inFlight > 0 && s.Ending == 0 && now.Sub(e.moved) >= stuckAfter
}

func (e *engine) heldMessage(m *message) Held {
	h := Held{
		ID: m.id(), State: m.state.String(), Why: "the API does not serve", Since: m.troubled,
		Until: m.troubled.Add(e.w.cfg.GiveUpAfter), Attempts: m.history.count,
	}
	switch {
	case m.result != nil:
		h.Why = "accepted by the API; its result is not written yet"
	case m.failure != nil && m.failure.err != nil:
		h.Why = m.failure.err.Error()
	}
	if m.state == stateWaiting {
		due := m.due
		h.NextTry = &due
	}
	return h
}
