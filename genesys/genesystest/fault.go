package genesystest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Fault is what a Server does wrong from the moment it is set, before it looks at a request. Its JSON form
// is that of /_faults.
type Fault struct {
	// Status answers with this status, in Genesys' error shape.
	Status int `json:"status,omitempty"`
	// RetryAfter is sent with it, in seconds.
	RetryAfter int `json:"retry_after,omitempty"`
	// Hang never answers, Reset closes the connection instead, Refuse accepts none at all. Before that,
	// Execute executes the action.
	Hang    bool `json:"hang,omitempty"`
	Reset   bool `json:"reset,omitempty"`
	Refuse  bool `json:"refuse,omitempty"`
	Execute bool `json:"execute,omitempty"`
	// Delay is waited before any answer; alone, the answer is the healthy one.
	Delay Duration `json:"delay,omitzero"`
	// Paths is which requests are hit: all (if empty), invoke, token, history, action or limits.
	Paths Path `json:"paths,omitempty"`
	// Rate is the share of requests that are hit, above 0 to 1; if zero, all.
	Rate float64 `json:"rate,omitempty"`
	// For ends the fault by itself; if zero, it lasts until it is cleared.
	For Duration `json:"for,omitzero"`
}

// AnswerEverything answers every request with a status, tokens too.
func AnswerEverything(status int) Fault { return Fault{Status: status} }

// HangEverything lets every request hang.
func HangEverything() Fault { return Fault{Hang: true} }

// ResetEverything closes every connection once a request has come in.
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

func (f Fault) validate() error {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status: want 200 to 599 (got %d)", f.Status)
	case f.Rate < 0 || f.Rate > 1:
		return fmt.Errorf("rate: want a share from 0 to 1 (got %v)", f.Rate)
	case f.Paths != "" && f.Paths != PathAll && f.Paths != PathInvoke && f.Paths != PathToken && f.Paths != PathHistory && f.Paths != PathAction && f.Paths != PathLimits:
		return fmt.Errorf("paths: want all, invoke, token, history, action or limits (got %q)", f.Paths)
	case f.Status == 0 && !f.Hang && !f.Reset && !f.Refuse && f.Delay == 0:
		return errors.New("want one of status, hang, reset, refuse and delay")
	}
	return nil
}

func (f Fault) answer() Answer {
	return Answer{
		Status: f.Status, RetryAfter: f.RetryAfter, Delay: time.Duration(f.Delay),
		Hang: f.Hang, Reset: f.Reset || f.Refuse, Execute: f.Execute,
	}
}

// isDelay says whether the answer is the healthy one, only later.
func (f Fault) isDelay() bool { return f.Status == 0 && !f.Hang && !f.Reset && !f.Refuse }

// activeFault is a Fault in force.
type activeFault struct {
	Fault
	until time.Time // zero: for ever
}

// SetFault puts a fault in force, in place of any other.
func (s *Server) SetFault(f Fault) {
	active := &activeFault{Fault: f}
	if f.For > 0 {
		active.until = time.Now().Add(time.Duration(f.For))
	}
	s.fault.Store(active)
}

// ClearFault ends the fault in force. Requests that hang go on hanging.
func (s *Server) ClearFault() { s.fault.Store(nil) }

// Fault returns the fault in force, and whether there is one.
func (s *Server) Fault() (Fault, bool) {
	if f := s.fault.Load(); f != nil && (f.until.IsZero() || time.Now().Before(f.until)) {
		return f.Fault, true
	}
	return Fault{}, false
}

// faultFor returns the fault that hits this request, if any.
func (s *Server) faultFor(path Path) (Fault, bool) {
	f, ok := s.Fault()
	if !ok || f.Paths != "" && f.Paths != PathAll && f.Paths != path {
		return Fault{}, false
	}
	if f.Rate > 0 && f.Rate < 1 {
		roll := float64(scramble(s.opts.Seed^scramble(s.rolls.Add(1)))>>11) / (1 << 53)
		return f, roll < f.Rate
	}
	return f, true
}

// serveFaults is the switch over HTTP.
func (s *Server) serveFaults(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		s.ClearFault()
	case http.MethodPut, http.MethodPost:
		var f Fault
		in := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
		in.DisallowUnknownFields()
		err := in.Decode(&f)
		if err == nil {
			err = f.validate()
		}
		if err != nil {
			writeControl(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		s.SetFault(f)
	default:
		writeControl(w, http.StatusMethodNotAllowed, map[string]string{"error": "want GET, PUT or DELETE"})
		return
	}
	f, _ := s.Fault()
	writeControl(w, http.StatusOK, f)
}

func writeControl(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}
