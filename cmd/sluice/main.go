// Command sluice consumes payload messages from a Kafka topic, validates them, invokes a Genesys Cloud Data
// Action with each, and writes what cannot be delivered to a dead-letter topic, which it also inspects.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/sluice-kafka/sluice/internal/term"
)

func main() {
	stop, abort := signals()
	os.Exit(run(stop, abort, os.Args[1:], term.System()))
}

// signals turns the first SIGINT or SIGTERM into the end of one context and the second into the end of
// another: the first asks a command to finish, the second to stop at once.
func signals() (stop, abort context.Context) {
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	stop, stopNow := context.WithCancel(context.Background())
	abort, abortNow := context.WithCancel(context.Background())
	go func() {
		<-ch
		stopNow()
		<-ch
		abortNow()
	}()
	return stop, abort
}
