package main

import (
	"sync"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/telemetry"
	"github.com/sluice-kafka/sluice/worker"
)

// Outcomes of messages_total.
const (
	outcomeDelivered    = "delivered"
	outcomeDeadLettered = "dead_lettered"
	outcomeSkipped      = "skipped"
)

// Results of token_refresh_total.
const (
	tokenOK     = "ok"
	tokenFailed = "failed"
)

// newMetrics returns metrics whose series exist before their first event.
func newMetrics() *telemetry.Metrics {
	return telemetry.NewMetrics(telemetry.Labels{
		Outcomes:     []string{outcomeDelivered, outcomeDeadLettered, outcomeSkipped},
		DeadLetters:  deadLetterLabels(),
		Statuses:     []int{0, 200, 202, 400, 401, 403, 404, 429, 500, 502, 503, 504},
		TokenResults: []string{tokenOK, tokenFailed},
	})
}

// deadLetterLabels returns the codes that have no status in them, each with the classes it comes with.
func deadLetterLabels() []telemetry.DeadLetter {
	label := func(code deadletter.Code, class deadletter.Class) telemetry.DeadLetter {
		return telemetry.DeadLetter{Code: string(code), Class: string(class)}
	}
	return []telemetry.DeadLetter{
		label(deadletter.CodeValidationFailed, deadletter.ClassContract),
		label(deadletter.CodePayloadTooLarge, deadletter.ClassContract),
		label(deadletter.CodeActionFailed, deadletter.ClassPermanent),
		label(deadletter.CodePermissionDenied, deadletter.ClassPermanent),
		label(deadletter.CodeTokenFailed, deadletter.ClassTransient),
		label(deadletter.CodeMaxRetriesExceeded, deadletter.ClassTransient),
		label(deadletter.CodeMaxRetriesExceeded, deadletter.ClassUnknown),
		label(deadletter.CodeNetworkError, deadletter.ClassTransient),
		label(deadletter.CodeNetworkError, deadletter.ClassUnknown),
		label(deadletter.CodeCircuitOpen, deadletter.ClassTransient),
		label(deadletter.CodeInternalError, deadletter.ClassInternal),
	}
}

// observer counts the worker's events.
func observer(m *telemetry.Metrics) worker.Observer {
	return worker.ObserverFunc(func(e worker.Event) {
		switch e := e.(type) {
		case worker.Delivered:
			m.MessageEnded(outcomeDelivered, e.Took, e.Age)
		case worker.DeadLettered:
			m.MessageEnded(outcomeDeadLettered, e.Took, e.Age)
			m.DeadLettered(string(e.Code), string(e.Class))
		case worker.Skipped:
			m.MessageEnded(outcomeSkipped, 0, 0)
		case worker.Attempted:
			m.Invoked(e.Status, e.Took, e.Retry)
		case worker.Committed:
			m.Committed(e.Took)
		case worker.OffsetsLost:
			m.OffsetsLost(e.To - e.From)
		case worker.Throttled:
			m.Throttled(e.For)
		case worker.BreakerChanged, worker.Assigned: // mirrored from the snapshot
		}
	})
}

// drainRate estimates from successive snapshots how long the lag will take.
type drainRate struct {
	mu      sync.Mutex
	at      time.Time
	ended   int64 // sum of positions
	perSec  float64
	settled bool
}

// toDrain returns how long until the lag is gone at the present rate; negative where it is not shrinking.
func (d *drainRate) toDrain(now time.Time, position, lag int64) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if since := now.Sub(d.at); since >= time.Second {
		rate := float64(position-d.ended) / since.Seconds()
		if position < d.ended || d.at.IsZero() { // another assignment: begin again
			rate, d.settled = 0, false
		}
		if d.settled {
			rate = d.perSec*0.7 + rate*0.3
		}
		d.at, d.ended, d.perSec, d.settled = now, position, rate, !d.at.IsZero()
	}
	switch {
	case lag == 0:
		return 0
	case d.perSec <= 0:
		return -1
	default:
		return time.Duration(float64(lag) / d.perSec * float64(time.Second))
	}
}

// mirror returns what the gauges show.
func mirror(w *worker.Worker, client *genesys.Client) func() telemetry.State {
	drain := &drainRate{}
	return func() telemetry.State {
		s := w.Snapshot()
		breaker, _ := telemetry.ParseBreakerState(s.Breaker.State)
		state := telemetry.State{Breaker: breaker, RateLimit: client.RateStatus().Now, InFlight: s.InFlight, Held: s.Held}
		now := time.Now()
		var position int64
		for _, p := range s.Partitions {
			state.ConsumerLag += p.Lag
			position += p.Position
			if p.Oldest != nil {
				state.OldestMessageAge = max(state.OldestMessageAge, now.Sub(*p.Oldest))
			}
		}
		state.ToDrain = drain.toDrain(now, position, state.ConsumerLag)
		return state
	}
}

// liveness answers /livez: messages that wait while nothing moves mean that the process is stuck.
func liveness(w *worker.Worker) func() telemetry.Checks {
	return func() telemetry.Checks {
		check := telemetry.Check{OK: true}
		if w.Snapshot().Stuck {
			check = telemetry.Check{Reason: "messages wait and nothing has moved for minutes: restart this process"}
		}
		return telemetry.Checks{"progress": check}
	}
}

// readiness answers /readyz. An open breaker is not "not ready": the worker does what it should.
// written checks the topics that are written to, by the name of the check.
func readiness(w *worker.Worker, written map[string]func() error) func() telemetry.Checks {
	return func() telemetry.Checks {
		checks := telemetry.Checks{"schema": {OK: true}, "group": {OK: true}}
		if !w.Snapshot().Joined {
			checks["group"] = telemetry.Check{Reason: "not yet a member of the consumer group"}
		}
		for name, topic := range written {
			checks[name] = telemetry.Check{OK: true}
			if err := topic(); err != nil {
				checks[name] = telemetry.Check{Reason: err.Error()}
			}
		}
		return checks
	}
}
