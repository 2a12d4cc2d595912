package worker_test

import (
	"flag"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The simulation runs real workers against an embedded broker, the real dead-letter writer and a simulated API
// in virtual time. A seed determines a scenario: settings, messages, and hours of joins, leaves, crashes,
// outages and broker trouble. Rules are checked at every step (sim_ledger_test.go), and at the end every
// message must have ended.
//
// The order of what happens at one and the same instant is the scheduler's, so a seed replays its scenario and
// not every interleaving: -count repeats it.
var (
	simSeed = flag.Uint64("sim.seed", 0, "replay this seed and print its story")
	simFrom = flag.Uint64("sim.from", 1, "first seed of the simulation")
	simRuns = flag.Int("sim.runs", 0, "seeds to simulate (default 500; 50 with -race; 25 with -short)")
)

func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, drawScenario(*simSeed))
			w.run()
			t.Log(w.story.whole())
			w.report(t)
		})
		return
	}
	runs := *simRuns
	switch {
	case runs > 0:
	case raceEnabled:
		runs = 50
	case testing.Short():
		runs = 25
	default:
		runs = 500
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // short-lived worlds: a third less time
	var all tally
	began := time.Now()
	t.Run("seed", func(t *testing.T) {
		for i := range runs {
			seed := *simFrom + uint64(i)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, drawScenario(seed))
					w.run()
					all.add(w.tally)
					w.report(t)
				})
			})
		}
	})
	took := time.Since(began)
	t.Logf("%d seeds in %s (%.1f a second), %s of virtual time: %s", runs, took.Round(time.Second),
		float64(runs)/took.Seconds(), time.Duration(all.counts[tallyVirtual].Load()).Round(time.Minute), &all)
	if runs >= 500 && !t.Failed() {
		all.requireEverything(t)
	}
}

// what is counted over all seeds, so that a simulation in which nothing happens any more is noticed.
const (
	tallyVirtual = iota
	tallyMessages
	tallyExecutions
	tallyRepeats
	tallyDeadLetters
	tallyWrongful
	tallyGivenUp
	tallyByHand
	tallyCommits
	tallyCommitsRefused
	tallyCarried
	tallyGenerations
	tallyJoins
	tallyLeaves
	tallyCrashes
	tallyFreezes
	tallyOpened
	tallyPauses
	tallyFaulted
	tallyKinds
)

var tallyNames = [tallyKinds]string{
	"", "messages", "executions", "repeated after an unknown outcome or a crash", "dead letters",
	"good ones among them (brownouts, unknown outcomes, given up)", "given up or ended by hand", "ended by hand", "commits", "commits refused", "commits that carried",
	"generations", "joins", "leaves", "crashes", "freezes", "breakers opened", "pauses", "broker faults",
}

type tally struct{ counts [tallyKinds]atomic.Int64 }

func (a *tally) count(kind int) { a.counts[kind].Add(1) }

func (a *tally) add(b *tally) {
	for i := range a.counts {
		a.counts[i].Add(b.counts[i].Load())
	}
}

func (a *tally) String() string {
	text := ""
	for i, name := range tallyNames[1:] {
		text += fmt.Sprintf("%s%d %s", map[bool]string{true: ", "}[i > 0], a.counts[i+1].Load(), name)
	}
	return text
}

// requireEverything fails where one kind of thing never happened: then its rule proves nothing.
func (a *tally) requireEverything(t *testing.T) {
	t.Helper()
	for i := range a.counts {
		if a.counts[i].Load() == 0 {
			t.Errorf("in none of the seeds: %s", tallyNames[i])
		}
	}
}

// story is what happened in one simulation, line by line.
type story struct {
	mu    sync.Mutex
	began time.Time
	lines []storyLine
}

type storyLine struct {
	at   time.Duration
	who  string
	m    *simMessage // whose story it belongs to; nil: everybody's
	text string
	// times it happened in a row; at is the first.
	times int
}

func (s *story) tell(who string, m *simMessage, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := storyLine{time.Since(s.began), who, m, fmt.Sprintf(format, args...), 1}
	if n := len(s.lines) - 1; n >= 0 && s.lines[n].who == l.who && s.lines[n].m == l.m && s.lines[n].text == l.text {
		s.lines[n].times++
		return
	}
	s.lines = append(s.lines, l)
}

func (l storyLine) String() string {
	id := ""
	if l.m != nil {
		id = l.m.id + " "
	}
	again := ""
	if l.times > 1 {
		again = fmt.Sprintf(" (%d times)", l.times)
	}
	return fmt.Sprintf("%14s  %-5s %s%s%s", l.at.Truncate(time.Millisecond), l.who, id, l.text, again)
}

func (s *story) whole() string { return s.text(func(storyLine) bool { return true }) }

// of tells what happened to a message, and to everybody meanwhile.
func (s *story) of(m *simMessage) string {
	var own []time.Duration
	for _, l := range s.lines {
		if l.m == m {
			own = append(own, l.at)
		}
	}
	if len(own) == 0 {
		return "  (nothing ever touched it)\n"
	}
	const around = 20 * time.Second
	return s.text(func(l storyLine) bool {
		return l.m == m || l.m == nil && l.at >= own[0]-around && l.at <= own[len(own)-1]+around
	})
}

func (s *story) text(keep func(storyLine) bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := "\n"
	for _, l := range s.lines {
		if keep(l) {
			text += l.String() + "\n"
		}
	}
	return text
}
