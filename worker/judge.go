package worker

import (
	"errors"
	"slices"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Rules of the judge (docs/adr/0003-judge.md tells why these and not a failure ratio).
const (
	tripMessages  = 3               // this many different messages must have failed
	tripMinimum   = time.Second     // and the first of them at least this long ago
	openFor       = 5 * time.Second // how long the breaker is open before a probe
	probeEvery    = 5 * time.Second // a further probe while earlier ones hang
	maxProbes     = 8
	provisionally = 5 * time.Second // how long a failure that would end a message awaits the judge
	answersKept   = 101             // answer times of which the median is taken
)

// effect says what an answer tells of the API.
type effect int

const (
	effectNone    effect = iota // nothing
	effectSuccess               // the API serves: what failed, failed for the message's own sake
	effectFailure               // the API did not serve
)

// judge decides whose fault a failure is. While the breaker is closed the API serves others, so a message
// that fails is at fault; while it is not, none is. gobreaker holds the state; what counts as a failure,
// when it opens, and who probes is decided here.
//
// Results are reported when they arrive, not when requests start: an outage is judged by answers. The judge
// outlives generations, since the API's health does not change with the assignment. It is not safe for
// concurrent use; the worker's lock guards it.
type judge struct {
	breaker     *gobreaker.CircuitBreaker[struct{}]
	concurrency int

	failing      map[string]struct{} // messages that failed since the last success, up to tripMessages of them
	firstFailure time.Time
	answers      []time.Duration // ring of the last answer times of successes
	answered     int
	served       time.Time // when the latest request began that the API is known to have served

	serves      bool      // the breaker is closed
	cause       error     // the last failure of the API
	limit       int       // requests at once while closed; ramps up after an outage
	opened      time.Time // when the breaker last left closed
	reopened    time.Time // when it last turned open, from closed or from half-open
	probes      int       // probes out
	lastProbe   time.Time
	lateSuccess bool // a success arrived while open; it closes the breaker as soon as that can be told
}

// errFailed is what gobreaker is told of a failure; the real one is kept with the message.
var errFailed = errors.New("failed")

func newJudge(concurrency int) *judge {
	j := &judge{concurrency: concurrency, limit: concurrency, serves: true, failing: map[string]struct{}{}}
	j.breaker = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        "api",
		MaxRequests: 1, // one success closes it
		Timeout:     openFor,
		ReadyToTrip: func(gobreaker.Counts) bool { return j.convicted(time.Now()) },
	})
	return j
}

// state returns the breaker's state. gobreaker turns half-open when asked after its time-out.
func (j *judge) state() gobreaker.State { return j.breaker.State() }

// closed reports whether the breaker is closed. It is asked with every message; only a report can close or
// open a closed breaker, so gobreaker need not be.
func (j *judge) closed() bool { return j.serves }

// suspects reports whether enough messages have failed that the breaker may be about to open.
func (j *judge) suspects() bool { return len(j.failing) >= tripMessages }

// convicted reports whether the failures so far are the API's.
func (j *judge) convicted(now time.Time) bool {
	return j.suspects() && now.Sub(j.firstFailure) >= j.tripDelay()
}

// tripDelay is one second, or twice the median answer time: where answers take long, successes do too.
func (j *judge) tripDelay() time.Duration {
	n := min(j.answered, answersKept)
	if n == 0 {
		return tripMinimum
	}
	times := slices.Clone(j.answers[:n])
	slices.Sort(times)
	return max(tripMinimum, 2*times[n/2])
}

// report takes in what the answer for one message tells of the API.
func (j *judge) report(m *message, e effect, started, now time.Time, took time.Duration) {
	switch e {
	case effectSuccess:
		j.success(started, took)
	case effectFailure:
		j.cause = m.failure.err
		j.failure(m.id(), now)
	case effectNone:
	}
}

// success takes in an answer that shows the API serving, when its request began and how long it took.
func (j *judge) success(started time.Time, took time.Duration) {
	j.served = later(j.served, started)
	if len(j.answers) < answersKept {
		j.answers = append(j.answers, took)
	} else {
		j.answers[j.answered%answersKept] = took
	}
	j.answered++
	clear(j.failing)
	if j.closed() {
		j.limit = min(j.limit*2, j.concurrency)
		return
	}
	j.lateSuccess = j.tell(nil) != nil
}

func (j *judge) failure(id string, now time.Time) {
	if len(j.failing) == 0 {
		j.firstFailure = now
	}
	if len(j.failing) < tripMessages {
		j.failing[id] = struct{}{}
	}
	j.lateSuccess = false // what failed since speaks louder; let a probe decide
	_ = j.tell(errFailed) // while open gobreaker takes no reports, and needs none
}

// tell reports one result to gobreaker; the error says that it did not take it.
func (j *judge) tell(result error) error {
	before := j.breaker.State()
	_, err := j.breaker.Execute(func() (struct{}, error) { return struct{}{}, result })
	now := time.Now()
	after := j.breaker.State()
	j.serves = after == gobreaker.StateClosed
	switch {
	case before == after:
	case after == gobreaker.StateOpen:
		if before == gobreaker.StateClosed {
			j.opened = now
			j.limit = 1 // what follows the outage starts small and doubles with each success
		}
		j.reopened = now
	case after == gobreaker.StateClosed:
		clear(j.failing)
	}
	if err != nil && !errors.Is(err, result) {
		return err
	}
	return nil
}

// tick lets time do its part: it opens the breaker when the failures so far turn out to be the API's, and
// applies a success that came while it was open. Call it when wakeAt says so.
func (j *judge) tick(now time.Time) {
	if j.serves && !j.suspects() {
		return
	}
	switch j.state() {
	case gobreaker.StateClosed:
		if j.convicted(now) {
			_ = j.tell(errFailed)
		}
	case gobreaker.StateHalfOpen:
		if j.lateSuccess {
			j.lateSuccess = false
			_ = j.tell(nil)
		}
	case gobreaker.StateOpen:
	}
}

// mayProbe reports whether a probe may go out: while half-open, and every five seconds a further one, since
// a probe that hangs must not keep the breaker open.
func (j *judge) mayProbe(now time.Time) bool {
	if j.state() != gobreaker.StateHalfOpen || j.probes >= maxProbes {
		return false
	}
	return j.probes == 0 || now.Sub(j.lastProbe) >= probeEvery
}

func (j *judge) probeSent(now time.Time) { j.probes++; j.lastProbe = now }

func (j *judge) probeReturned() { j.probes-- }

// mayEnd reports whether a provisional failure from the given time may now end its message: five seconds
// have passed, the breaker is closed and not about to open.
func (j *judge) mayEnd(failed, now time.Time) bool {
	return j.closed() && !j.suspects() && now.Sub(failed) >= provisionally
}

// wakeAt returns when tick has something to do or a probe may go out; zero for never.
func (j *judge) wakeAt() time.Time {
	if j.serves && !j.suspects() {
		return time.Time{}
	}
	switch j.state() {
	case gobreaker.StateClosed:
		if j.suspects() {
			return j.firstFailure.Add(j.tripDelay())
		}
	case gobreaker.StateOpen:
		return j.reopened.Add(openFor + time.Millisecond) // gobreaker wants its time-out passed, not reached
	case gobreaker.StateHalfOpen:
		if j.probes > 0 && j.probes < maxProbes {
			return j.lastProbe.Add(probeEvery)
		}
	}
	return time.Time{}
}
