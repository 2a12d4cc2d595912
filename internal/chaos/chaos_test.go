package chaos_test

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestIntegration_Chaos is the short form, and with its flags the long one.
func TestIntegration_Chaos(t *testing.T) {
	begin(t)
	seed := *flagSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay with -chaos.seed %d -chaos.faults %d -chaos.messages %d", seed, *flagFaults, *flagMessages)
	s := newStage(t, seed)
	v := s.run(*flagWorkers, *flagMessages, func(f *fleet) {
		torment(t, s, f, seed, *flagFaults, *flagOnly)
	})
	v.require(t)
}

// run puts workers under load, lets something happen to them, and audits every message.
func (s *stage) run(workers, messages int, happen func(f *fleet)) verdict {
	s.t.Helper()
	f := newFleet(s.t, s, workers)
	over, settled, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		s.produce(messages, over, settled)
	}()
	s.ledger.awaitExecuted(s.t, 200)
	happen(f)
	close(over)
	return s.settle(f, settled, done)
}

// settle waits for the end of every message, lets the workers leave, and audits. The producer goes on with good ones
// until settled is closed, and has ended when done is.
func (s *stage) settle(f *fleet, settled, done chan struct{}) verdict {
	s.t.Helper()
	for s.ledger.body() == 0 { // the producer has still to notice that the faults are over
		time.Sleep(10 * time.Millisecond)
	}
	s.await(s.ledger.body)
	close(settled)
	<-done
	s.await(s.ledger.size)
	f.stop()
	v := s.audit()
	s.tell("%+v; %d workers ended unasked", v, f.unasked)
	return v
}
