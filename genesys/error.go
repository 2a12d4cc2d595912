package genesys

import (
	"fmt"
	"strings"
	"time"
)

// Op names the request that failed.
type Op int

const (
	// OpInvoke is the invocation of the Data Action itself.
	OpInvoke Op = iota + 1
	// OpToken is the request for an access token that precedes it.
	OpToken
	// OpHistory is the request for a page of the invocations so far.
	OpHistory
	// OpDescribe is the request for what the API tells of the action, without running it.
	OpDescribe
)

// String returns the operation's name as it appears in errors and logs.
func (o Op) String() string {
	switch o {
	case OpInvoke:
		return "invoke"
	case OpToken:
		return "token"
	case OpHistory:
		return "history"
	case OpDescribe:
		return "describe"
	default:
		return "unknown"
	}
}

// Kind says what an attempt met, as a closed set: callers decide by Kind, never by text or bare status.
// The same Kind means the same thing for both operations; that a token request failed rather than the
// invocation is told by [Error.Op].
type Kind int

const (
	// KindCanceled means the caller's context ended. It says nothing about the API or the message.
	KindCanceled Kind = iota + 1
	// KindInput means the request body could not be built from the payload; nothing was sent.
	KindInput
	// KindTooLarge means the request body exceeds the API style's limit; nothing was sent.
	KindTooLarge
	// KindActionFailed means a 2xx answer whose result does not meet the success rule; the action ran.
	KindActionFailed
	// KindUnreadable means a 2xx answer whose body could not be read while a success rule, or a reader of the
	// history, needs it.
	KindUnreadable
	// KindProcessing means Genesys could not build the third party's request or translate its answer
	// (details[].errorCode ACTION.PROCESSING): a contract or template fault, permanent.
	KindProcessing
	// KindRemote means the third party behind the action failed or refused the integration's credentials
	// (ACTION.REMOTE_ENDPOINT, ACTION.AUTHENTICATION).
	KindRemote
	// KindUnauthorized means 401 again after the token was renewed; for OpToken, the client was refused (400, 401).
	KindUnauthorized
	// KindForbidden means 403.
	KindForbidden
	// KindNotFound means 404, 405, 407, 410, 421 or a redirect: the action or the host is not where we ask.
	KindNotFound
	// KindRefused means 400, 409, 413, 415, 422 and every other 4xx: the request itself is at fault.
	KindRefused
	// KindRateLimited means 429; the action did not run.
	KindRateLimited
	// KindServer means 408, 500, 503 and every other 5xx, and the 504 of a platform that could not check the token
	// in time: the API answered that it failed.
	KindServer
	// KindGateway means 502, any other 504, or a status outside 200 to 599: whether the action ran is unknown.
	KindGateway
	// KindNotSent means no connection; nothing was sent.
	KindNotSent
	// KindBroken means a time-out or a broken connection after sending: whether the action ran is unknown.
	KindBroken
)

// Kinds returns every Kind, in declaration order.
func Kinds() []Kind {
	all := make([]Kind, 0, KindBroken)
	for k := KindCanceled; k <= KindBroken; k++ {
		all = append(all, k)
	}
	return all
}

// String returns the kind as it appears in logs and metric labels.
func (k Kind) String() string {
	switch k {
	case KindCanceled:
		return "canceled"
	case KindInput:
		return "input"
	case KindTooLarge:
		return "too_large"
	case KindActionFailed:
		return "action_failed"
	case KindUnreadable:
		return "unreadable"
	case KindProcessing:
		return "processing"
	case KindRemote:
		return "remote"
	case KindUnauthorized:
		return "unauthorized"
	case KindForbidden:
		return "forbidden"
	case KindNotFound:
		return "not_found"
	case KindRefused:
		return "refused"
	case KindRateLimited:
		return "rate_limited"
	case KindServer:
		return "server"
	case KindGateway:
		return "gateway"
	case KindNotSent:
		return "not_sent"
	case KindBroken:
		return "broken"
	default:
		return "unknown"
	}
}

// Error is the only error type that [Client.Attempt] returns, and what [Client.History] returns for a request
// that failed. Its text never holds a payload, a token or
// the API's free text (which may quote the payload): that text is in Message and Body, for the dead letter.
type Error struct {
	Kind       Kind
	Op         Op
	Status     int           // the answer's status, 0 if there was none
	Code       string        // the API's own code ("bad.request"), where the answer carried one
	ActionCode string        // details[].errorCode ("ACTION.REMOTE_ENDPOINT"), where the answer carried one
	Message    string        // the API's own words; may quote the payload
	RequestID  string        // the API's request id, for a support ticket
	RetryAfter time.Duration // the wait the API asked for; 0 where it asked for none
	Concurrent bool          // KindRateLimited: too many requests at once, rather than too many a minute
	Body       []byte        // the answer's body, bounded; may quote the payload
	Pointer    string        // KindInput: RFC 6901 pointer to the property at fault
	Err        error         // the cause below HTTP, if any; its text holds no payload and no credential
}

// Error says which operation failed, how, and where possible what to do.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s request: %s", e.Op, e.Kind)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d", e.Status)
		if e.Code != "" {
			fmt.Fprintf(&b, " %s", e.Code)
		}
		if e.ActionCode != "" {
			fmt.Fprintf(&b, " %s", e.ActionCode)
		}
		b.WriteByte(')')
	}
	if e.Pointer != "" {
		fmt.Fprintf(&b, ": %s", e.Pointer)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause below HTTP, if any.
func (e *Error) Unwrap() error { return e.Err }

// clone returns a copy, so that callers who share one failure cannot see each other's changes.
func (e *Error) clone() *Error {
	c := *e
	return &c
}
