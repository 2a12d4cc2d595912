package genesystest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// defaultKeep is how many executions a Server keeps where Options.Keep says nothing.
const defaultKeep = 100_000

// Execution is one run of the action.
type Execution struct {
	Seq    int64     `json:"seq"` // from 1, in the order of execution
	ID     string    `json:"id"`  // of the message, by Options.ID
	API    string    `json:"api"` // the style, processes or integrations
	Action string    `json:"action"`
	SHA256 string    `json:"sha256"`
	Status int       `json:"status"` // what was answered; 0 where no answer was given
	At     time.Time `json:"at"`
	// Payload is given to Options.OnExecute only, and valid during that call only.
	Payload []byte `json:"-"`
}

// Stats counts what a Server was asked and what it answered.
type Stats struct {
	Executed int64          `json:"executed"`
	Requests map[Path]int   `json:"requests"`
	Answers  map[Path]Tally `json:"answers"`
}

// Tally counts answers by status; 0 stands for requests that got none.
type Tally map[int]int

// record notes an execution. Holding the lock while OnExecute runs is what makes its order that of Seq.
func (s *Server) record(c *call, status int) {
	e := Execution{ID: c.ID, API: c.api(), Action: c.action, Status: status, At: time.Now(), Payload: c.Payload}
	if s.opts.OnExecute != nil || s.opts.Keep >= 0 {
		sum := sha256.Sum256(c.Payload)
		e.SHA256 = hex.EncodeToString(sum[:])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Seq = s.executed.Add(1)
	if s.opts.OnExecute != nil {
		s.opts.OnExecute(e)
	}
	if s.opts.Keep < 0 {
		return
	}
	e.Payload = nil
	if len(s.kept) < s.opts.Keep {
		s.kept = append(s.kept, e)
		return
	}
	s.kept[(e.Seq-1)%int64(s.opts.Keep)] = e
}

// api names the style.
func (c *call) api() string {
	if c.published {
		return "integrations"
	}
	return "processes"
}

// Executions returns the executions kept, the oldest first.
func (s *Server) Executions() []Execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) == 0 {
		return nil
	}
	oldest := 0
	if n := s.executed.Load(); n > int64(len(s.kept)) {
		oldest = int(n % int64(len(s.kept)))
	}
	return append(append([]Execution(nil), s.kept[oldest:]...), s.kept[:oldest]...)
}

// Stats returns the counts so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Executed: s.executed.Load(), Requests: map[Path]int{}, Answers: map[Path]Tally{}}
	for path, answers := range s.answers {
		st.Answers[path] = Tally{}
		for status, n := range answers {
			st.Answers[path][status] = n
			st.Requests[path] += n
		}
	}
	return st
}

// tally counts one answer; status 0 is none.
func (s *Server) tally(path Path, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers[path] == nil {
		s.answers[path] = Tally{}
	}
	s.answers[path][status]++
}

// serveExecutions lists what was executed after ?after=SEQ, at most ?limit=N (100).
func (s *Server) serveExecutions(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 0 {
		limit = 100
	}
	list := []Execution{}
	for _, e := range s.Executions() {
		if e.Seq > after && len(list) < limit {
			list = append(list, e)
		}
	}
	writeControl(w, http.StatusOK, struct {
		Count      int64       `json:"count"`
		Stats      Stats       `json:"stats"`
		Executions []Execution `json:"executions"`
	}{s.executed.Load(), s.Stats(), list})
}
