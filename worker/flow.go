package worker

import (
	"container/heap"
	"context"
	"time"

	"go.uber.org/zap"
)

// add takes in fetched messages of a partition, waiting for room as needed. It returns early, with the
// context's error, when ctx ends; what was not taken in is then not tracked either and will be fetched again
// by whoever owns the partition next.
func (e *engine) add(ctx context.Context, p *partition, msgs []*message) error {
	for len(msgs) > 0 {
		if err := e.waitRoom(ctx, p); err != nil {
			return err
		}
		e.lock()
		now := time.Now()
		for len(msgs) > 0 && e.room(p) == notBlocked {
			m := msgs[0]
			msgs = msgs[1:]
			if e.inFlight == 0 {
				e.moved = now // idle until now
			}
			m.arrived = now
			m.handle = p.window.add(m.offset, m.timestamp)
			if e.carriedOver(p, m) {
				p.window.mark(m.handle)
				continue
			}
			e.inFlight++
			e.inFlightBytes += m.size
			e.enqueue(m)
		}
		e.unlock()
	}
	return nil
}

// carriedOver applies what the partition's last owner has told of a message, and reports whether it has ended.
func (e *engine) carriedOver(p *partition, m *message) bool {
	if !p.carry.verify(m.offset, m.timestamp) {
		e.w.log.Error("the record is not the one that the group's metadata speaks of: the topic was recreated or compacted; nothing is skipped",
			zap.String("topic", p.topic), zap.Int("partition", p.id), zap.Int64("offset", m.offset))
	}
	if p.carry.ended(m.offset) {
		return true
	}
	// At least the last attempt is this owner's own: a count alone never ends a message.
	m.spent = min(p.carry.attempts[m.offset], e.w.cfg.MaxAttempts-1)
	return false
}

// skipTo notes that a partition holds no message before next.
func (e *engine) skipTo(p *partition, next int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.window.skipTo(next)
}

// room says what, if anything, keeps a partition from taking in another message.
func (e *engine) room(p *partition) blockReason {
	switch {
	case p.window.ahead() >= e.w.cfg.MaxAhead:
		return blockedOnAhead
	case e.inFlight >= e.w.cfg.MaxInFlight, e.inFlightBytes >= e.byteBudget:
		return blockedOnRoom
	default:
		return notBlocked
	}
}

// waitRoom returns when the partition may take in a message, or ctx has ended.
func (e *engine) waitRoom(ctx context.Context, p *partition) error {
	for {
		e.mu.Lock()
		reason := e.room(p)
		if p.blocked == blockedOnRoom {
			e.roomWaiters--
		}
		if reason == blockedOnRoom {
			e.roomWaiters++
		}
		p.blocked = reason
		e.mu.Unlock()
		if reason == notBlocked {
			return ctx.Err()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.wake:
		}
	}
}

// wakeFetchers tells blocked partitions of what the end of a message of p has freed. Those that wait for room
// are told when an eighth of it is free, so that they fetch batches and not message by message.
func (e *engine) wakeFetchers(p *partition) {
	if p.blocked == blockedOnAhead && e.room(p) != blockedOnAhead {
		p.signal()
	}
	if e.roomWaiters == 0 || e.inFlight > e.w.cfg.MaxInFlight*7/8 || e.inFlightBytes > e.byteBudget*7/8 {
		return
	}
	for _, other := range e.parts {
		if other.blocked == blockedOnRoom {
			other.signal()
		}
	}
}

func (p *partition) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// enqueue puts a message behind the ones it must wait for.
func (e *engine) enqueue(m *message) {
	id := queueKey{partition: m.part.id}
	switch e.w.cfg.Order {
	case OrderNone:
		e.becomeHead(m)
		return
	case OrderKey:
		if m.key == nil {
			e.becomeHead(m)
			return
		}
		id.key = string(m.key)
	case OrderPartition:
	}
	q := e.queues[id]
	if q == nil {
		q = &queue{id: id}
		e.queues[id] = q
	}
	m.queue = q
	q.messages = append(q.messages, m)
	if len(q.messages) == 1 {
		e.becomeHead(m)
	}
}

func (e *engine) becomeHead(m *message) {
	m.state = stateUnvalidated
	e.unvalidated.push(m)
}

// finish marks a message whose end is durable and lets the next of its queue become the head.
func (e *engine) finish(m *message) {
	m.part.window.mark(m.handle)
	m.part.dirty = true
	e.inFlight--
	e.inFlightBytes -= m.size
	if m.troubledAt != nil {
		e.troubled.Remove(m.troubledAt)
		m.troubledAt = nil
	}
	e.wakeFetchers(m.part)
	q := m.queue
	if q == nil {
		return
	}
	q.messages[0] = nil
	q.messages = q.messages[1:]
	if len(q.messages) == 0 {
		delete(e.queues, q.id)
		return
	}
	e.becomeHead(q.messages[0])
}

// ready puts a valid head where nextAttempt finds it. While the breaker is not closed it is held from now on;
// what was fetched before the breaker opened and stood behind others of its key, since then.
func (e *engine) ready(m *message) {
	m.state = stateReady
	if m.history.count == 0 {
		e.fresh.push(m)
	} else {
		e.again.push(m)
	}
	if !e.w.judge.closed() {
		e.trouble(m, later(m.arrived, e.w.judge.opened))
	}
}

// trouble notes a message's first failure or hold, from which GiveUpAfter counts. Those noted are in order
// of that time but for messages that stood behind others; a late one is given up when those before it are.
func (e *engine) trouble(m *message, since time.Time) {
	if m.troubledAt == nil {
		m.troubled = since
		m.troubledAt = e.troubled.PushBack(m)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wait lets a head wait for its next attempt, holding no slot.
func (e *engine) wait(m *message, d time.Duration, now time.Time) {
	m.state = stateWaiting
	m.due = now.Add(d)
	m.history.setWait(d)
	heap.Push(&e.waiting, m)
}

// hold keeps a head until the breaker closes or a probe takes it; what it has met meanwhile spends nothing.
func (e *engine) hold(m *message) {
	m.state = stateReady
	e.again.push(m)
}

// end decides how a message ends; it is marked once its dead letter is durable.
func (e *engine) end(m *message, f *failure) {
	m.state = stateEnding
	m.failure = f
	e.ends.push(m)
}
