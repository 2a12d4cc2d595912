package demo

import (
	"fmt"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
)

// Result is what a run came to. Its JSON form is that of `sluice demo -o json`.
type Result struct {
	Produced     int64                     `json:"produced"`
	Delivered    int64                     `json:"delivered"`
	DeadLettered map[deadletter.Code]int64 `json:"dead_lettered"`
	Duplicates   int64                     `json:"duplicates"` // ends beyond a message's first
	Lost         int64                     `json:"lost"`       // committed, and ended nowhere or without a result
	OutOfOrder   int64                     `json:"out_of_order"`
	InFlight     int64                     `json:"in_flight,omitzero"` // not ended when the run was stopped, and not committed
	Elapsed      Seconds                   `json:"elapsed_seconds"`
}

// Err returns what is wrong with the result, or nil.
func (r Result) Err() error {
	if r.Lost == 0 && r.OutOfOrder == 0 {
		return nil
	}
	return fmt.Errorf("of %d messages %d are lost and %d out of order, which must not be: please report it with the seed", r.Produced, r.Lost, r.OutOfOrder)
}

// DeadLetters returns how many messages were dead-lettered, with whatever code.
func (r Result) DeadLetters() (n int64) {
	for _, of := range r.DeadLettered {
		n += of
	}
	return n
}

// Seconds is a time.Duration that JSON shows in seconds, to the millisecond.
type Seconds time.Duration

// MarshalJSON returns the seconds as a number.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", time.Duration(s).Seconds()), nil
}
