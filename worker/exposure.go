package worker

import (
	"context"
	"time"
)

// This file bounds what a crash repeats. A message whose action has run is safe once its end is committed; until
// then, whoever owns its partition next sends it again. So a slot at the API is free again only when that is
// done: of the messages of a process that dies, at most Config.Concurrency are executed a second time.
//
// Commits keep up: beside the one each interval, one is made as soon as a message has to wait for it.

// commitPatience bounds how long sending waits for a commit. A coordinator that does not answer must not stop
// the work; until it does, a crash repeats more, which the log says.
const commitPatience = 250 * time.Millisecond

// exposure counts the messages that were delivered and whose ends are not committed.
type exposure struct {
	ended  int           // since the last commit was taken
	taken  int           // told by the commit that is under way
	since  time.Time     // when sending began to wait for a commit, and none has succeeded since; zero: it does not wait
	wanted chan struct{} // tells the commit loop that sending waits
}

// exposed reports whether a crash would repeat as many messages as there are slots: those at the API, those whose
// results are not durable, and those whose ends are not committed, for which it then wants a commit.
func (e *engine) exposed(now time.Time) bool {
	x := &e.exposure
	unsafe := e.atAPI + e.unstored()
	switch {
	case unsafe >= e.w.cfg.Concurrency:
		return true
	case unsafe+x.ended+x.taken < e.w.cfg.Concurrency:
		if x.taken == 0 && 2*x.ended >= e.w.cfg.Concurrency {
			x.want() // so that it is done when the other half is
		}
		return false
	}
	if x.since.IsZero() {
		x.since = now
	}
	x.want()
	return now.Sub(x.since) < commitPatience
}

// want asks for a commit.
func (x *exposure) want() {
	select {
	case x.wanted <- struct{}{}:
	default:
	}
}

// take moves what has ended into the commit that is being made.
func (x *exposure) take() { x.taken, x.ended = x.taken+x.ended, 0 }

// settle notes how that commit went.
func (x *exposure) settle(ok bool) {
	if ok {
		x.since = time.Time{}
	} else {
		x.ended += x.taken
	}
	x.taken = 0
}

// nextCommit waits until a commit is due, by the interval or, where hurried ones are allowed, because sending waits
// for it, and reports whether ctx still lives.
func (w *Worker) nextCommit(ctx context.Context, e *engine, hurry bool) bool {
	wanted := e.exposure.wanted
	if !hurry {
		wanted = nil
	}
	interval := time.NewTimer(w.cfg.CommitInterval)
	defer interval.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-interval.C:
		return true
	case <-wanted:
		return ctx.Err() == nil
	}
}
