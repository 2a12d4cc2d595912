package genesystest

import (
	"net/http"
	"sync"
	"time"
)

// Outage answers the same to every request, tokens too, from the execution numbered At on, and ends by
// itself.
type Outage struct {
	// At is the number of executions after which it starts, at least 1.
	At int
	// For is how long it lasts; if zero, for ever, unless Calls ends it.
	For time.Duration
	// Calls is the number of requests after which it ends; if zero, For alone ends it.
	Calls int
	// Answer is what it answers; if zero, 503.
	Answer Answer
}

// outage is an Outage with its state.
type outage struct {
	Outage
	mu      sync.Mutex
	started time.Time
	calls   int
	over    bool
}

func newOutage(o *Outage) *outage {
	if o == nil {
		return nil
	}
	out := &outage{Outage: *o}
	if out.Answer.Status == 0 && !out.Answer.Hang && !out.Answer.Reset {
		out.Answer.Status = http.StatusServiceUnavailable
	}
	return out
}

// hits says whether a request after so many executions meets the outage.
func (o *outage) hits(executed int64) bool {
	if o == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over || executed < int64(max(o.At, 1)) {
		return false
	}
	if o.started.IsZero() {
		o.started = time.Now()
	}
	if o.For > 0 && time.Since(o.started) >= o.For || o.Calls > 0 && o.calls >= o.Calls {
		o.over = true
		return false
	}
	o.calls++
	return true
}
