package genesystest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Fault is what a Server does wrong from the moment it is set. Its JSON form is that of /_faults.
//
// One that answers by itself (Status, Hang, Reset, HalfClose, Refuse) does so before a request is looked at. Any
// other one changes the answer that a request would get without it.
type Fault struct {
	// Status answers with this status, in Genesys' error shape. Code, Message, ActionCode and RetryAfter (in
	// seconds) go with it as in an [Answer], and so does Location, with a redirect.
	Status     int    `json:"status,omitempty"`
	Code       string `json:"code,omitempty"`
	Message    string `json:"message,omitempty"`
	ActionCode string `json:"action_code,omitempty"`
	RetryAfter int    `json:"retry_after,omitempty"`
	Location   string `json:"location,omitempty"`
	// Hang never answers, Reset resets the connection instead, HalfClose ends the server's half of it, and
	// Refuse accepts none at all. Before that, Execute executes the action.
	Hang      bool `json:"hang,omitempty"`
	Reset     bool `json:"reset,omitempty"`
	HalfClose bool `json:"half_close,omitempty"`
	Refuse    bool `json:"refuse,omitempty"`
	Execute   bool `json:"execute,omitempty"`
	// Body replaces the answer's body, and ContentType what it is said to be. With a Status, the answer is that
	// of something in front of the API: the action is not executed, whatever the status.
	Body        string `json:"body,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	// Pad, Gzip, Cut and Close do to the answer what they do in an [Answer].
	Pad   int  `json:"pad,omitempty"`
	Gzip  bool `json:"gzip,omitempty"`
	Cut   bool `json:"cut,omitempty"`
	Close bool `json:"close,omitempty"`
	// Delay is waited before any answer, and then as long again as Latency says.
	Delay   Duration `json:"delay,omitzero"`
	Latency Latency  `json:"latency,omitzero"`
	// Revoke makes all tokens invalid that were issued before the fault begins.
	Revoke bool `json:"revoke,omitempty"`
	// TokenLife and ExpiresIn are, of the tokens that are issued, what they are in an [Answer].
	TokenLife Duration `json:"token_life,omitzero"`
	ExpiresIn string   `json:"expires_in,omitempty"`
	// Paths is which requests are hit: all (if empty), invoke, token, history, action or limits.
	Paths Path `json:"paths,omitempty"`
	// Match is a text that the body of a request must hold to be hit, as one poison message does; if empty, any.
	Match string `json:"match,omitempty"`
	// Rate is the share of requests that are hit, above 0 to 1; if zero, all.
	Rate float64 `json:"rate,omitempty"`
	// For ends the fault by itself; if zero, it lasts until it is cleared. With Every, it begins anew so long
	// after it began: bursts of it.
	For   Duration `json:"for,omitzero"`
	Every Duration `json:"every,omitzero"`
}

// AnswerEverything answers every request with a status, tokens too.
func AnswerEverything(status int) Fault { return Fault{Status: status} }

// HangEverything lets every request hang.
func HangEverything() Fault { return Fault{Hang: true} }

// ResetEverything resets every connection once a request has come in.
func ResetEverything() Fault { return Fault{Reset: true} }

// RefuseEverything accepts no connection.
func RefuseEverything() Fault { return Fault{Refuse: true} }

// Duration is a time.Duration with the JSON form "1m30s".
type Duration time.Duration

// MarshalText returns the duration as time.Duration prints it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads, and refuses what is negative.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return fmt.Errorf("want a duration such as 1m30s (got %q)", text)
	}
	*d = Duration(v)
	return nil
}

const (
	// maxPad bounds what a fault adds to a body, since the compressed form is made in memory.
	maxPad = 1 << 30
	// expiresInNone leaves expires_in out of a token's answer.
	expiresInNone = "none"
)

// validate says what is wrong with a fault that came over HTTP.
func (f Fault) validate() error {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status: want 200 to 599 (got %d)", f.Status)
	case f.Rate < 0 || f.Rate > 1:
		return fmt.Errorf("rate: want a share from 0 to 1 (got %v)", f.Rate)
	case f.Pad < 0 || f.Pad > maxPad:
		return fmt.Errorf("pad: want 0 to %d bytes (got %d)", maxPad, f.Pad)
	case !slices.Contains([]Path{"", PathAll, PathInvoke, PathToken, PathHistory, PathAction, PathLimits}, f.Paths):
		return fmt.Errorf("paths: want all, invoke, token, history, action or limits (got %q)", f.Paths)
	case f.Status == 0 && (f.Code != "" || f.Message != "" || f.ActionCode != "" || f.RetryAfter != 0):
		return errors.New("code, message, action_code and retry_after go with a status")
	case f.Location != "" && (f.Status < 300 || f.Status > 399):
		return fmt.Errorf("location: goes with a status from 300 to 399 (got %d)", f.Status)
	case f.Refuse && f.For == 0:
		return errors.New("refuse: say for how long, with for, since nobody can end it over HTTP")
	case f.Every > 0 && (f.For == 0 || f.For >= f.Every):
		return errors.New("every: want it longer than for, which says how long each time")
	case f.ExpiresIn != "" && f.ExpiresIn != expiresInNone && !json.Valid([]byte(f.ExpiresIn)):
		return fmt.Errorf("expires_in: want a JSON value, or none (got %q)", f.ExpiresIn)
	}
	if err := f.Latency.validate(); err != nil {
		return err
	}
	if !f.decides() && !f.changes() {
		return errors.New("want something that goes wrong: one of status, hang, reset, half_close, refuse, body, content_type, " +
			"pad, gzip, cut, close, delay, latency, revoke, token_life and expires_in")
	}
	return nil
}

// decides says whether the fault answers by itself.
func (f Fault) decides() bool { return f.Status != 0 || f.Hang || f.Reset || f.HalfClose || f.Refuse }

// changes says whether it does anything to the answers of others.
func (f Fault) changes() bool {
	return f.Body != "" || f.ContentType != "" || f.Pad != 0 || f.Gzip || f.Cut || f.Close || f.Delay != 0 ||
		f.Latency != (Latency{}) || f.Revoke || f.TokenLife != 0 || f.ExpiresIn != ""
}

// answer is what a fault answers that decides.
func (f Fault) answer() Answer {
	a := Answer{
		Status: f.Status, Code: f.Code, Message: f.Message, ActionCode: f.ActionCode, RetryAfter: f.RetryAfter,
		Delay: time.Duration(f.Delay),
		Hang:  f.Hang, Reset: f.Reset || f.Refuse, HalfClose: f.HalfClose, Execute: f.Execute,
		intercepted: f.Body != "",
	}
	if f.Location != "" {
		a.Header = http.Header{"Location": {f.Location}}
	}
	f.twist(&a)
	return a
}

// twist changes an answer.
func (f Fault) twist(a *Answer) {
	if f.Body != "" {
		a.Body = []byte(f.Body)
	}
	if f.ContentType != "" {
		a.ContentType = f.ContentType
	}
	a.Pad += f.Pad
	a.Gzip, a.Cut, a.Close = a.Gzip || f.Gzip, a.Cut || f.Cut, a.Close || f.Close
	if f.TokenLife != 0 {
		a.TokenLife = time.Duration(f.TokenLife)
	}
	if f.ExpiresIn != "" {
		a.ExpiresIn = f.ExpiresIn
	}
}
