package chaos_test

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// The tests of this file measure one kind of trouble each: briefly with all tests, at length with -chaos.figures.

func atLength(short, long int) int {
	if *flagFigures {
		return long
	}
	return short
}

// TestIntegration_ChaosRollingRestart: calls that end within the drain are never repeated.
func TestIntegration_ChaosRollingRestart(t *testing.T) {
	begin(t)
	s := newStage(t, *flagSeed)
	v := s.run(3, 0, func(f *fleet) {
		for round := range atLength(1, 20) {
			for n := range f.all {
				f.end(n, syscall.SIGTERM)
				s.ledger.awaitExecuted(t, 500)
			}
			s.tell("round %d: %d duplicates so far", round+1, s.ledger.duplicates())
		}
	})
	v.require(t)
	require.Zero(t, v.duplicates)
	require.Zero(t, v.extraLetter)
}

// TestIntegration_ChaosKill: a worker that is killed repeats at most what it had at the API.
func TestIntegration_ChaosKill(t *testing.T) {
	begin(t)
	var mu sync.Mutex
	var all []int
	t.Run("chains", func(t *testing.T) {
		for chain := range atLength(1, 5) {
			t.Run(fmt.Sprint(chain), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, *flagSeed+uint64(chain)) //nolint:gosec // small
				v := s.run(1, 0, func(f *fleet) {
					for range atLength(1, 20) {
						before := s.ledger.duplicates()
						f.end(0, syscall.SIGKILL)
						s.ledger.awaitExecuted(t, 1000) // far more than could be repeated, so that all of it has been
						mu.Lock()
						all = append(all, s.ledger.duplicates()-before)
						mu.Unlock()
					}
				})
				v.require(t)
			})
		}
	})
	slices.Sort(all)
	t.Logf("duplicates by kill, of %d at the API each: %v", concurrency, all)
	require.NotEmpty(t, all)
	require.LessOrEqual(t, all[len(all)-1], concurrency)
}

// TestIntegration_ChaosKillBehindAStuckKey: what has ended beyond a message that hangs travels in the commit's
// metadata, and is not repeated.
func TestIntegration_ChaosKillBehindAStuckKey(t *testing.T) {
	begin(t)
	s := newStage(t, *flagSeed, func(s *stage) { s.partitions, s.timeout = 1, 10*time.Minute })
	s.stuck.Store(true)
	const messages = 16_000
	f := newFleet(t, s, 1)
	over, settled, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	close(over)
	go func() {
		defer close(done)
		s.produce(messages, over, settled)
	}()
	s.ledger.awaitExecuted(t, messages*9/10)
	s.awaitCommits(2)
	before := s.ledger.duplicates()
	f.end(0, syscall.SIGKILL)
	s.stuck.Store(false)
	v := s.settle(f, settled, done)
	s.tell("%d duplicates by the kill", s.ledger.duplicates()-before)
	v.require(t)
	require.LessOrEqual(t, s.ledger.duplicates()-before, concurrency)
}

// TestIntegration_ChaosOutage: the API fails everybody, and no message is dead-lettered for it.
func TestIntegration_ChaosOutage(t *testing.T) {
	if !*flagFigures {
		t.Skip("minutes long: -chaos.figures")
	}
	begin(t)
	for name, fault := range map[string]genesystest.Fault{
		"503": {Status: 503}, "drops": {Reset: true}, "hanging": {Hang: true}, "401": {Status: 401}, "403": {Status: 403},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, *flagSeed)
			var returned time.Duration
			v := s.run(3, 0, func(*fleet) {
				s.ledger.awaitExecuted(t, 2000)
				before := s.rate()
				s.hurt(fault, time.Minute)
				began := time.Now()
				for s.rate() < before*8/10 && time.Since(began) < 2*time.Minute {
				}
				returned = time.Since(began)
				s.tell("%d a second before the outage; 80 %% of it again %s after", before, returned.Round(100*time.Millisecond))
			})
			v.require(t)
			most := 0
			if name == "403" {
				most = 2 * 3
			}
			assert.LessOrEqual(t, v.forTheAPI[deadletter.CodePermissionDenied], most)
			delete(v.forTheAPI, deadletter.CodePermissionDenied)
			assert.Empty(t, v.forTheAPI)
		})
	}
}

// rate returns the executions of the next second.
func (s *stage) rate() int {
	before := s.ledger.count()
	time.Sleep(time.Second)
	return s.ledger.count() - before
}

// begin skips a test where only short ones are wanted, and lets it run beside others where each has its own broker.
func begin(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes")
	}
	if os.Getenv("SLUICE_TEST_BROKERS") == "" && !*flagFigures {
		t.Parallel()
	}
}
