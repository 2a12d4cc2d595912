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
	// Body replaces the body. ContentType is that of the answer; if empty, application/json.
	Body        []byte
	ContentType string
	// Pad adds so many bytes of white space to the body, which leaves JSON what it was.
	Pad int
	// Gzip compresses the body, whether the client takes that or not.
	Gzip bool
	// Execute executes the action although the answer is a failure, or none comes.
	Execute bool
	// Delay is waited before the answer, after the action was executed.
	Delay time.Duration
	// Hang never answers: the request ends when the client gives up or the server closes.
	Hang bool
	// Reset resets the connection instead of answering; where the network has no resets, it closes it.
	Reset bool
	// HalfClose ends only the server's half of the connection instead of answering, and goes on reading.
	HalfClose bool
	// Cut closes the connection in the middle of the body.
	Cut bool
	// Close closes the connection after the answer, without having said so: the client may be about to use it
	// again.
	Close bool
	// TokenLife is how long the token that is issued is really valid; if zero, Options.TokenLife.
	TokenLife time.Duration
	// ExpiresIn is what the token's answer says instead of that: a JSON value such as 0, -1 or "3600" with its
	// quotes, or none, which leaves it out. If empty, the truth.
	ExpiresIn string

	intercepted bool // something in front of the API answers: a 2xx status executes nothing
}

// silent says whether no answer comes at all.
func (a *Answer) silent() bool { return a.Hang || a.Reset || a.HalfClose }

func (a *Answer) executes() bool {
	return a.Execute || !a.intercepted && !a.silent() && (a.Status == 0 || a.Status >= 200 && a.Status < 300)
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
