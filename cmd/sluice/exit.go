package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/term"
	"github.com/sluice-kafka/sluice/worker"
)

// Exit codes, as documented for scripts.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2 // usage or configuration
	exitNotFound    = 3
	exitCredentials = 4 // refused by Kafka, the API or the login host
	exitPartly      = 5 // of what was asked, some was done
	exitUnconfirmed = 6 // something would change, and nobody said yes
	exitStopped     = 7 // a replay that stopped itself: its first messages did not end well, or a limit was met
	exitInterrupted = 130
)

// exitError is an error with the code the process ends with and, where there is one, the next thing to type.
type exitError struct {
	code int
	err  error
	try  string
}

func (e *exitError) Error() string { return e.err.Error() }

func (e *exitError) Unwrap() error { return e.err }

// errSilent ends a command with exitFailed that has said on its own what is wrong.
var errSilent = errors.New("failed")

func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// exitCode returns the code for an error of a command.
func exitCode(err error) int {
	var exit *exitError
	var cfg *config.Error
	var topic *worker.TopicError
	var broker *kafka.Error
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &cfg), errors.As(err, &topic):
		return exitUsage
	case errors.As(err, &broker) && broker.Credentials():
		return exitCredentials
	default:
		return exitFailed
	}
}

// printError tells a person what went wrong and what to do next.
func printError(s term.Streams, err error) {
	if errors.Is(err, errSilent) {
		return
	}
	style := s.ErrStyle()
	text, try := textAndTry(err)
	if strings.Contains(text, "\n") {
		text = "\n  " + strings.ReplaceAll(text, "\n", "\n  ")
	} else {
		text = " " + text
	}
	fmt.Fprintf(s.Err, "%s%s\n", style.Red("Error:"), text)
	if try != "" {
		fmt.Fprintf(s.Err, "%s %s\n", style.Bold("Try:"), try)
	}
}

// textAndTry tells what went wrong from what to do next, where the error says so.
func textAndTry(err error) (text, try string) {
	text = strings.TrimRight(err.Error(), "\n")
	var exit *exitError
	var broker *kafka.Error
	if errors.As(err, &exit) {
		try = exit.try
	}
	if errors.As(err, &broker) {
		if before, ok := strings.CutSuffix(text, ": "+broker.Fix); ok {
			text = before
			try = cmp.Or(try, broker.Fix)
		}
	}
	return text, try
}
