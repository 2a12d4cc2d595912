package deadletter

import (
	"errors"
	"fmt"
)

// Report says what a replay has done.
type Report struct {
	Replay      string    `json:"replay_id"`
	Planned     int       `json:"planned"`
	Replayed    int       `json:"replayed"`           // messages that stand on the source topic, those of earlier runs included
	Succeeded   int       `json:"succeeded"`          // of these, so far, as the worker tells
	FailedAgain int       `json:"failed_again"`       // of these, so far
	Failures    []Skip    `json:"failures,omitempty"` // the first few that failed again
	Skipped     []Skipped `json:"skipped"`
	Left        int       `json:"left"` // neither sent nor skipped, because it stopped
	Stopped     string    `json:"stopped,omitempty"`
}

// Pending returns how many replayed messages have no end yet that is known.
func (r Report) Pending() int { return r.Replayed - r.Succeeded - r.FailedAgain }

// Stop is the kind of what ended a replay before its end.
type Stop int

// The closed set of kinds.
const (
	StopCanary    Stop = iota + 1 // the first messages did not end well, or not in time
	StopUnsure                    // nobody can tell whether a write was done
	StopTaken                     // another run of the same replay has taken over, or its claims are lost
	StopFailed                    // Kafka does not take what is written, or cannot be read
	StopCancelled                 // as asked
)

// StopError says that a replay has ended before its end. It can be resumed, but for StopTaken.
type StopError struct {
	Stop   Stop
	Replay string
	Text   string // what happened, for people
	Err    error  // the cause; nil where Text says all
}

// Error says what happened.
func (e *StopError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("replay %s has stopped: %s: %v", e.Replay, e.Text, e.Err)
	}
	return fmt.Sprintf("replay %s has stopped: %s", e.Replay, e.Text)
}

// Unwrap returns the cause.
func (e *StopError) Unwrap() error { return e.Err }

var (
	// ErrNoReplay is returned by [Replayer.Resume] where the state log knows no replay of that id.
	ErrNoReplay = errors.New("no such replay")
	// ErrNothingSent is returned by [Replayer.Resume] for a replay that broke off before it sent anything. Its
	// claims are given back: plan it again.
	ErrNothingSent = errors.New("the replay broke off before it sent anything")
)
