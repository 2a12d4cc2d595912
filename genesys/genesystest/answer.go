package genesystest

import (
	"net/http"
	"time"
)

// Path is a kind of request.
type Path string

// The paths that the fake tells apart. PathAll, which the zero Path means too, stands for all of them.
const (
	PathAll    Path = "all"
	PathToken  Path = "token"
	PathInvoke Path = "invoke"
	// PathHistory is the list of invocations, which only the style that is not published has.
	PathHistory Path = "history"
	PathOther   Path = "other"
)

// Call is one request that the fake has accepted as well-formed and authorised.
type Call struct {
	Path    Path
	ID      string // of the message, by Options.ID; "" for tokens
	N       int    // the message's n-th call at the Behaviour, from 1, since it last succeeded
	Payload []byte // of an invocation; not to be kept or changed
	Header  http.Header
}

// Answer is how a call ends. The zero Answer is that of a healthy API: the action is executed, or the token
// issued.
type Answer struct {
	// Status is that of the answer. If zero, the healthy one. A 2xx status executes the action.
	Status int
	// Code, Message and ActionCode (details[].errorCode) go into the error's body. If Code is empty, the
	// one that Genesys sends with Status.
	Code, Message, ActionCode string
	// RetryAfter is sent as Retry-After, in seconds, where it is not zero.
	RetryAfter int
	// Header is added to the answer's.
	Header http.Header
	// Body replaces the body, with ContentType (if empty, application/json).
	Body        []byte
	ContentType string
	// Execute executes the action although the answer is a failure, or none comes.
	Execute bool
	// Delay is waited before the answer, after the action was executed.
	Delay time.Duration
	// Hang never answers: the request ends when the client gives up or the server closes.
	Hang bool
	// Reset closes the connection instead of answering.
	Reset bool
	// Cut closes the connection in the middle of the body.
	Cut bool
}

func (a *Answer) executes() bool {
	return a.Execute || !a.Hang && !a.Reset && (a.Status == 0 || a.Status >= 200 && a.Status < 300)
}

// Behaviour decides how a call ends. It is called concurrently.
type Behaviour func(Call) Answer

// Script answers the first calls on a path with these answers, in order, and healthily from then on. Calls
// on other paths are answered healthily.
func Script(path Path, answers ...Answer) Behaviour {
	next := make(chan Answer, len(answers))
	for _, a := range answers {
		next <- a
	}
	return func(c Call) Answer {
		if path != PathAll && path != "" && c.Path != path {
			return Answer{}
		}
		select {
		case a := <-next:
			return a
		default:
			return Answer{}
		}
	}
}

// Always answers every call on a path with the same.
func Always(path Path, a Answer) Behaviour {
	return func(c Call) Answer {
		if path == PathAll || path == "" || c.Path == path {
			return a
		}
		return Answer{}
	}
}
