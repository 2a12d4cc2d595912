package mockkafka

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Fault is what a Server does wrong from the moment it is set. Its JSON form is that of /_faults.
type Fault struct {
	// Produce, Fetch, Commit and Group name the error, as Kafka does (NOT_ENOUGH_REPLICAS), that such requests
	// are answered with; Group is joining, syncing and heartbeats. Nothing is written or committed then, except
	// where the error itself means that it may have been, as REQUEST_TIMED_OUT.
	Produce string `json:"produce,omitempty"`
	Fetch   string `json:"fetch,omitempty"`
	Commit  string `json:"commit,omitempty"`
	Group   string `json:"group,omitempty"`
	// Topic limits Produce, Fetch and Commit to one topic; if empty, all.
	Topic string `json:"topic,omitempty"`
	// Down closes every connection, and each new one as soon as it is made.
	Down bool `json:"down,omitempty"`
	// Latency is waited before every answer.
	Latency Duration `json:"latency,omitzero"`
	// For ends the fault by itself; if zero, it lasts until it is cleared.
	For Duration `json:"for,omitzero"`
}

// Duration is a time.Duration with the JSON form "1m30s".
type Duration time.Duration

// MarshalText returns the duration as time.Duration prints it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads, and refuses what is negative.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return fmt.Errorf("want a duration such as 1m30s (got %q)", text)
	}
	*d = Duration(v)
	return nil
}

// wrongAnswer is an error that some requests are answered with.
type wrongAnswer struct {
	field, code string
	keys        []kmsg.Key
	byTopic     bool // whether such requests name topics
}

func (f Fault) wrongAnswers() []wrongAnswer {
	var found []wrongAnswer
	for _, a := range []wrongAnswer{
		{"produce", f.Produce, []kmsg.Key{kmsg.Produce}, true},
		{"fetch", f.Fetch, []kmsg.Key{kmsg.Fetch}, true},
		{"commit", f.Commit, []kmsg.Key{kmsg.OffsetCommit}, true},
		{"group", f.Group, []kmsg.Key{kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat}, false},
	} {
		if a.code != "" {
			found = append(found, a)
		}
	}
	return found
}

// faults translates f for the broker.
func (f Fault) faults() ([]kfake.Fault, error) {
	var found []kfake.Fault
	byTopic := false
	for _, a := range f.wrongAnswers() {
		err, ok := kafkaErrors[a.code]
		if !ok {
			return nil, fmt.Errorf("%s: Kafka has no error %q: want one such as NOT_ENOUGH_REPLICAS or TOPIC_AUTHORIZATION_FAILED", a.field, a.code)
		}
		fault := kfake.Fault{Keys: a.keys, Err: err, Count: -1, TopLevel: !a.byTopic}
		if a.byTopic {
			fault.Topic, byTopic = f.Topic, true
		}
		found = append(found, fault)
	}
	switch {
	case found == nil && !f.Down && f.Latency == 0:
		return nil, errors.New("want one of produce, fetch, commit, group, down and latency")
	case f.Topic != "" && !byTopic:
		return nil, errors.New("topic: goes with produce, fetch and commit only")
	}
	return found, nil
}

// kafkaErrors holds Kafka's errors by name.
var kafkaErrors = func() map[string]*kerr.Error {
	const last = 150 // beyond every code there is
	byName := map[string]*kerr.Error{}
	for code := int16(-1); code < last; code++ {
		var e *kerr.Error
		if errors.As(kerr.ErrorForCode(code), &e) {
			byName[e.Message] = e
		}
	}
	return byName
}()

// SetFault puts a fault in force, in place of any other. The error says what is wrong with f.
func (s *Server) SetFault(f Fault) error {
	faults, err := f.faults()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	s.fault = f
	if len(faults) > 0 {
		s.errors = s.cluster.Fault(faults...)
	}
	s.gate.set(f.Down, time.Duration(f.Latency))
	if f.For > 0 {
		set := s.set
		s.expiry = time.AfterFunc(time.Duration(f.For), func() { s.expire(set) })
	}
	return nil
}

// expire ends the fault that was set as the nth, unless another has taken its place.
func (s *Server) expire(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == n {
		s.clear()
	}
}

// ClearFault ends the fault in force.
func (s *Server) ClearFault() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
}

func (s *Server) clear() {
	if s.errors != nil {
		s.errors.Remove()
	}
	if s.expiry != nil {
		s.expiry.Stop()
	}
	s.fault, s.errors, s.expiry = Fault{}, nil, nil
	s.set++
	s.gate.set(false, 0)
}

// Fault returns the fault in force, the zero Fault where there is none.
func (s *Server) Fault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}
