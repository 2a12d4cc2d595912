package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
)

// allFlag gives a command that lists what is open --all.
func allFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("all", false, "also those that were replayed or resolved; else only what is open")
}

// leftOut counts what a listing of open dead letters leaves out.
type leftOut struct{ n atomic.Int64 }

// onlyOpen reads the state log and makes a filter leave out what nothing more is to be done about, unless all of it
// is wanted.
func (d *deadLetters) onlyOpen(ctx context.Context, f *deadletter.Filter, all bool) (*leftOut, error) {
	left := &leftOut{}
	log, err := deadletter.NewStateLog(d.topic, d.cluster)
	if err != nil {
		return nil, err
	}
	state, err := log.Load(ctx)
	if err != nil {
		return nil, d.ended(err)
	}
	d.state = state
	if all {
		return left, nil
	}
	f.Skip = func(id, payloadSHA256 string) bool {
		open := state.Of(id, payloadSHA256).Open()
		if !open {
			left.n.Add(1)
		}
		return !open
	}
	return left, nil
}

// status returns what the state log says of a dead letter.
func (d *deadLetters) status(e deadletter.Entry) deadletter.Status {
	if e.Source.Topic == "" { // nobody can have dealt with what does not say what it is
		return deadletter.Status{}
	}
	return d.state.Of(e.Source.ID(), e.PayloadSHA256)
}

// stateWord writes a status as a column and -o json have it.
func stateWord(s deadletter.Status) string {
	if s.Kind == deadletter.StateNone || s.Kind == deadletter.StateReopened {
		return "open"
	}
	return string(s.Kind)
}

// tellLeftOut says what was left out.
func (a *app) tellLeftOut(left *leftOut) {
	switch n := left.n.Load(); {
	case n == 1:
		fmt.Fprintln(a.streams.Err, "1 record is not open any more: --all lists it too")
	case n > 1:
		fmt.Fprintf(a.streams.Err, "%s are not open any more: --all lists them too\n", plural(n, "record"))
	}
}
