package worker

import (
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
)

// Event is something the worker did or met; one of the types of this file.
type Event interface{ event() }

// Delivered says that the API accepted a message and, where results are written, that its result is durable.
type Delivered struct {
	Topic     string
	Partition int
	Offset    int64
	RequestID string
	Attempts  int
	Took      time.Duration // from fetch to end
	Age       time.Duration // from the message's timestamp to its end
}

// DeadLettered says that a message's dead letter is durable.
type DeadLettered struct {
	ID          string
	Code        deadletter.Code
	Class       deadletter.Class
	Fingerprint string
	RequestID   string
	Attempts    int
	Took        time.Duration // from fetch to end
	Age         time.Duration // from the message's timestamp to its end
}

// SkipReason says why a message is passed over.
type SkipReason string

// The reasons.
const (
	SkipTombstone  SkipReason = "tombstone"   // it has no value, and those are passed over, as configured
	SkipOtherGroup SkipReason = "other_group" // it replays a dead letter of another group
)

// Skipped says that a message was passed over.
type Skipped struct {
	Topic     string
	Partition int
	Offset    int64
	Why       SkipReason
}

// Attempted says that one request at the API has returned.
type Attempted struct {
	Status int    // 0: no answer
	Kind   string // genesys.Kind of a failure; "" for a success
	Took   time.Duration
	Retry  bool // not the message's first request
}

// BreakerChanged says that the breaker changed its state: "closed", "open" or "half-open".
type BreakerChanged struct {
	From, To string
	Cause    string // when opening: what fails
}

// Assigned says which partitions the worker now has; none when it has left.
type Assigned struct {
	Generation int32
	Partitions []int
}

// Committed says that offsets were committed, or not.
type Committed struct {
	Took time.Duration
	Err  error
}

// OffsetsLost says that the log no longer holds offsets the group had not read.
type OffsetsLost struct {
	Topic     string
	Partition int
	From, To  int64 // lost: [From, To)
}

// Throttled says that nothing is sent for a while, because the API asked for a pause.
type Throttled struct{ For time.Duration }

func (Delivered) event()      {}
func (DeadLettered) event()   {}
func (Skipped) event()        {}
func (Attempted) event()      {}
func (BreakerChanged) event() {}
func (Assigned) event()       {}
func (Committed) event()      {}
func (OffsetsLost) event()    {}
func (Throttled) event()      {}

// Observer is told about events after the fact. It must return quickly, must not call back into the Worker,
// cannot change what happens, and must be safe for concurrent use.
type Observer interface{ Observe(e Event) }

// ObserverFunc adapts a function to an Observer.
type ObserverFunc func(Event)

// Observe calls f.
func (f ObserverFunc) Observe(e Event) { f(e) }
