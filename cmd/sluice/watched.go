package main

import (
	"sync/atomic"
	"time"
)

// watched does work, and if it takes long, shows how long already, and in what state it says it is.
func (a *app) watched(what string, work func(say func(state string))) {
	progress := a.streams.NewProgress(what)
	defer progress.End()
	var state atomic.Value
	began, done := time.Now(), make(chan struct{})
	go func() {
		defer close(done)
		work(func(text string) { state.Store(text + ", ") })
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			said, _ := state.Load().(string)
			progress.Tell(said + time.Since(began).Round(time.Second).String())
		}
	}
}
