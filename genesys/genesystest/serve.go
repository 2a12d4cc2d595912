package genesystest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody is the platform's limit for a request's body.
const maxBody = 512_000

// call is one request on its way through the server.
type call struct {
	Call
	published bool   // the style of the published API, "integrations"; else "processes"
	action    string // the id in an invocation's path
	query     url.Values
	id        string  // of an invocation that was executed
	failed    error   // the body could not be read
	twists    []Fault // what changes the answer, whatever it is
}

// ServeHTTP answers as the API would, or as it was told to.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/_faults":
		s.serveFaults(w, r)
		return
	case "/_action":
		s.serveAction(w, r)
		return
	case "/_executions":
		s.serveExecutions(w, r)
		return
	}
	c := route(r)
	// To the end, so that net/http notices when a client gives up on a request that hangs.
	c.Payload, c.failed = readAll(w, r)
	for _, f := range s.hits(c) {
		if f.decides() {
			s.deliver(w, r, c, f.answer())
			return
		}
		s.wait(r, time.Duration(f.Delay))
		c.twists = append(c.twists, f)
	}
	if s.outage.hits(s.executed.Load()) {
		s.deliver(w, r, c, s.outage.Answer)
		return
	}
	if refusal := s.check(r, c); refusal != nil {
		s.deliver(w, r, c, *refusal)
		return
	}
	if refusal, leave := s.admit(w, r, c); refusal != nil {
		s.deliver(w, r, c, *refusal)
		return
	} else if leave != nil {
		defer leave()
	}
	a := s.behave(c)
	if c.Path == PathHistory && a.Body == nil && a.executes() {
		a = checkPage(c, a)
	}
	if c.Path == PathInvoke && c.published && s.opts.Run != nil && a.executes() {
		a = s.run(c, a)
	}
	s.deliver(w, r, c, a)
}

// route tells what a request is by its path.
func route(r *http.Request) *call {
	path := r.URL.EscapedPath()
	c := &call{Call: Call{Path: PathOther, Header: r.Header}, published: true}
	switch path {
	case "/api/v2/oauth/token":
		c.Path, c.published = PathToken, false
		return c
	case "/oauth/token":
		c.Path = PathToken
		return c
	}
	action, ok := between(path, "/api/v2/processes/data-actions/", "/invocations")
	if ok {
		c.published = false
	} else {
		action, ok = between(path, "/api/v2/integrations/actions/", "/execute")
	}
	if id, err := url.PathUnescape(action); ok && err == nil {
		c.Path, c.action = PathInvoke, id
	}
	if c.Path == PathInvoke && !c.published && r.Method == http.MethodGet {
		c.Path, c.query = PathHistory, r.URL.Query()
	}
	c.describes(r)
	return c
}

// between returns the one path segment between a prefix and a suffix.
func between(path, prefix, suffix string) (string, bool) {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return "", false
	}
	segment, ok := strings.CutSuffix(rest, suffix)
	return segment, ok && segment != "" && !strings.Contains(segment, "/")
}

func readAll(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > 0 && r.ContentLength <= maxBody {
		body := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, 4*maxBody))
}

// check returns the answer to a request that the real API would not accept, nil where it would.
func (s *Server) check(r *http.Request, c *call) *Answer {
	switch {
	case c.Path == PathOther:
		return &Answer{Status: http.StatusNotFound}
	case c.Path == PathAction, c.Path == PathLimits:
		return s.checkAsked(r, c)
	case r.Method != http.MethodPost && c.Path != PathHistory:
		return &Answer{Status: http.StatusMethodNotAllowed, Header: http.Header{"Allow": c.methods()}}
	case c.Path == PathToken:
		return s.checkClient(r, c)
	}
	if refusal := s.checkToken(r); refusal != nil {
		return refusal
	}
	switch {
	case s.opts.ActionID != "" && c.action != s.opts.ActionID:
		return &Answer{Status: http.StatusNotFound}
	case c.Path == PathHistory:
		return nil
	case c.failed != nil, c.published && len(c.Payload) > maxBody:
		return &Answer{Status: http.StatusRequestEntityTooLarge}
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return &Answer{Status: http.StatusUnsupportedMediaType}
	case !bytes.HasPrefix(bytes.TrimLeft(c.Payload, " \t\r\n"), []byte("{")), !json.Valid(c.Payload):
		return &Answer{Status: http.StatusBadRequest}
	}
	return nil
}

// methods are those that a path takes.
func (c *call) methods() []string {
	if c.Path == PathInvoke && !c.published {
		return []string{"GET, POST"}
	}
	return []string{http.MethodPost}
}

// behave asks the Behaviour, and counts the calls of messages that do not succeed.
func (s *Server) behave(c *call) Answer {
	if c.Path == PathInvoke {
		c.ID = s.id(c.Payload)
	}
	if s.opts.Behaviour == nil {
		return Answer{}
	}
	if c.Path != PathInvoke {
		return s.opts.Behaviour(c.Call)
	}
	s.mu.Lock()
	c.N = s.calls[c.ID] + 1
	s.mu.Unlock()
	a := s.opts.Behaviour(c.Call)
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.executes() && !a.Execute {
		delete(s.calls, c.ID)
	} else {
		s.calls[c.ID] = c.N
	}
	return a
}

func (s *Server) id(payload []byte) string {
	if id := s.opts.ID(payload); id != "" {
		return id
	}
	sum := sha256.Sum256(payload)
	return hex.EncodeToString(sum[:])
}

// externalID is the id in sluice's default payload.
func externalID(payload []byte) string {
	var p struct {
		Contact struct {
			ExternalID string `json:"external_id"`
		} `json:"contact"`
	}
	if json.Unmarshal(payload, &p) != nil {
		return ""
	}
	return p.Contact.ExternalID
}

// wait returns after d, or when nobody waits for the answer any more.
func (s *Server) wait(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.closed:
	}
}
