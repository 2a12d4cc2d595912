package worker

import (
	"container/list"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
)

// state says where a message is on its way. Each message is in exactly one.
type state int

const (
	stateQueued      state = iota // behind another message of its key
	stateUnvalidated              // heads its queue, waits for validation
	stateValidating
	stateReady       // valid; waits for a slot, or, where the breaker is open or sending is paused, is held
	stateAtAPI       // a request is out
	stateWaiting     // waits for its next attempt's time
	stateProvisional // a failure that would end it awaits the judge
	stateEnding      // its end is decided and waits to be made durable
	stateWriting     // its end is being made durable
)

// String returns the state as `held ls` and /status show it.
func (s state) String() string {
	switch s {
	case stateQueued:
		return "queued"
	case stateUnvalidated:
		return "unvalidated"
	case stateValidating:
		return "validating"
	case stateReady:
		return "ready"
	case stateAtAPI:
		return "at_api"
	case stateWaiting:
		return "waiting"
	case stateProvisional:
		return "provisional"
	case stateEnding:
		return "ending"
	case stateWriting:
		return "writing"
	default:
		return "unknown"
	}
}

// message is one Kafka message in flight. The engine's lock guards it, except while a step runs: then the
// step's goroutine alone touches what that step is about.
type message struct {
	part      *partition
	handle    uint64 // its place in the partition's window
	offset    int64
	key       []byte // nil: no key
	value     []byte // nil: tombstone
	headers   []kafkago.Header
	timestamp time.Time
	size      int64
	arrived   time.Time

	queue   *queue // nil: it waits for nobody and nobody waits for it
	state   state
	payload []byte // the validated payload, from stateReady on

	spent      int           // attempts that count
	charges    []time.Time   // when each of those failed that were made here, not by the partition's last owner
	waits      int           // repeats on the schedule that do not count
	troubled   time.Time     // first failure or first hold
	troubledAt *list.Element // its place among those in trouble; nil: it is not
	overdue    bool          // in trouble for too long: its next answer ends it
	byHand     bool          // somebody has asked for its end
	probing    bool          // its request is a probe
	history    history
	failure    *failure  // the last failure, or the end that was decided
	failedAt   time.Time // when it met that failure
	result     *Result   // the API's answer, once it has accepted the message and results are written

	due       time.Time // stateWaiting: when to go on
	heapIndex int       // stateWaiting: its place in the engine's timer heap
}

// id names the message as its dead letter will: topic/partition/offset.
func (m *message) id() string {
	return deadletter.Source{Topic: m.part.topic, Partition: m.part.id, Offset: m.offset}.ID()
}

func (m *message) source() deadletter.Source {
	s := deadletter.Source{
		Topic: m.part.topic, Partition: m.part.id, Offset: m.offset, Timestamp: m.timestamp, Key: m.key,
	}
	for _, h := range m.headers {
		s.Headers = append(s.Headers, deadletter.Header{Key: h.Key, Value: h.Value})
	}
	return s
}

func (m *message) request() genesys.Request {
	r := genesys.Request{Payload: m.payload, ID: m.id(), Key: m.key, Timestamp: m.timestamp}
	for _, h := range m.headers {
		r.Headers = append(r.Headers, genesys.Header{Key: h.Key, Value: h.Value})
	}
	return r
}

// Attempts kept of a message that fails for hours: how it began and how it went on.
const (
	firstAttempts = 3
	lastAttempts  = 10
)

// history is the bounded list of a message's attempts.
type history struct {
	attempts []deadletter.Attempt
	count    int
	unknown  bool // whether any of them may have been executed
}

func (h *history) add(a deadletter.Attempt) {
	h.count++
	a.N = h.count
	if len(h.attempts) == firstAttempts+lastAttempts {
		h.attempts = append(h.attempts[:firstAttempts], h.attempts[firstAttempts+1:]...)
	}
	h.attempts = append(h.attempts, a)
}

// setWait notes the wait that follows the last attempt.
func (h *history) setWait(d time.Duration) {
	if len(h.attempts) > 0 {
		h.attempts[len(h.attempts)-1].WaitMS = d.Milliseconds()
	}
}
