package genesystest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// activeFault is a Fault in force.
type activeFault struct {
	Fault
	since   time.Time
	revoked atomic.Int64 // the turn, from 1, at which tokens were last revoked
}

// turn returns how many times the fault has begun, and whether it is in force.
func (f *activeFault) turn(now time.Time) (int64, bool) {
	lasts, every := time.Duration(f.For), time.Duration(f.Every)
	age := now.Sub(f.since)
	if every > 0 {
		return int64(age/every) + 1, age%every < lasts
	}
	return 1, lasts == 0 || age < lasts
}

// SetFault puts faults in force, in place of any others. Of several, those that hit a request act in this
// order; the first one that answers by itself is the last.
func (s *Server) SetFault(faults ...Fault) {
	now := time.Now()
	active := make([]*activeFault, len(faults))
	for i, f := range faults {
		active[i] = &activeFault{Fault: f, since: now}
	}
	s.faults.Store(&active)
}

// ClearFault ends the faults in force. Requests that hang go on hanging.
func (s *Server) ClearFault() { s.faults.Store(nil) }

// Fault returns the first fault in force, and whether there is one.
func (s *Server) Fault() (Fault, bool) {
	if all := s.Faults(); len(all) > 0 {
		return all[0], true
	}
	return Fault{}, false
}

// Faults returns the faults in force.
func (s *Server) Faults() []Fault {
	active := s.faults.Load()
	if active == nil {
		return nil
	}
	var found []Fault
	now := time.Now()
	for _, f := range *active {
		if _, on := f.turn(now); on {
			found = append(found, f.Fault)
		}
	}
	return found
}

// hits returns the faults that hit this request, with the waits that they impose drawn.
func (s *Server) hits(c *call) []Fault {
	active := s.faults.Load()
	if active == nil {
		return nil
	}
	var found []Fault
	now := time.Now()
	for _, f := range *active {
		turn, on := f.turn(now)
		switch {
		case !on, f.Paths != "" && f.Paths != PathAll && f.Paths != c.Path:
			continue
		case f.Match != "" && !bytes.Contains(c.Payload, []byte(f.Match)):
			continue
		case f.Rate > 0 && f.Rate < 1 && s.roll() >= f.Rate:
			continue
		}
		if f.Revoke && f.revoked.Swap(turn) != turn {
			s.RevokeTokens()
		}
		hit := f.Fault
		if hit.Latency != (Latency{}) {
			hit.Delay += Duration(hit.Latency.sample(s.roll()))
		}
		found = append(found, hit)
	}
	return found
}

// roll returns the next of the numbers in [0, 1) that the seed gives.
func (s *Server) roll() float64 {
	return float64(scramble(s.opts.Seed^scramble(s.rolls.Add(1)))>>11) / (1 << 53)
}

// serveFaults is the switch over HTTP.
func (s *Server) serveFaults(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		s.ClearFault()
	case http.MethodPut, http.MethodPost:
		faults, err := readFaults(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			writeControl(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		s.SetFault(faults...)
	default:
		writeControl(w, http.StatusMethodNotAllowed, map[string]string{"error": "want GET, PUT or DELETE"})
		return
	}
	switch all := s.Faults(); len(all) {
	case 0:
		writeControl(w, http.StatusOK, struct{}{})
	case 1:
		writeControl(w, http.StatusOK, all[0])
	default:
		writeControl(w, http.StatusOK, all)
	}
}

// readFaults reads one fault or a list of them.
func readFaults(r io.Reader) ([]Fault, error) {
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	faults := make([]Fault, 1)
	var into any = &faults[0]
	if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
		into = &faults
	}
	in := json.NewDecoder(bytes.NewReader(body))
	in.DisallowUnknownFields()
	if err := in.Decode(into); err != nil {
		return nil, fmt.Errorf("want a fault as a JSON object, or a list of them: %w", err)
	}
	if len(faults) == 0 {
		return nil, errors.New("want a fault, or a list of them; DELETE ends those in force")
	}
	for i, f := range faults {
		if err := f.validate(); err != nil {
			if len(faults) > 1 {
				err = fmt.Errorf("fault %d: %w", i+1, err)
			}
			return nil, err
		}
	}
	return faults, nil
}

func writeControl(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}
