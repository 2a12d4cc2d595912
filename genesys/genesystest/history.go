package genesystest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

const (
	// historyKept is how many invocations the history goes back.
	historyKept = 10_000
	// defaultPageSize and maxPageSize are the sizes of pages where none is asked for, and at most.
	defaultPageSize, maxPageSize = 25, 500
)

// longestRun is how long the platform lets an action run.
const longestRun = 60 * time.Second

// Run is how an action runs, once it has been invoked.
type Run struct {
	Takes  time.Duration // until it ends
	Failed bool          // it ends as a failure
}

// invocation is one in the history.
type invocation struct {
	id, action string
	started    time.Time
	run        Run
}

// history is what was executed in the style that is not published. The server's lock guards it.
type history struct {
	ring  []invocation
	count int // of all there ever were; the newest is ring[(count-1)%historyKept]
}

// run lets an action of the published style run while the caller waits.
func (s *Server) run(c *call, a Answer) Answer {
	run := s.opts.Run(c.Payload)
	a.Execute = true
	a.Delay += min(run.Takes, longestRun)
	switch {
	case run.Takes > longestRun:
		a.Status, a.Body = http.StatusGatewayTimeout, nil
	case run.Failed:
		a.Status, a.Body, a.ActionCode = http.StatusBadRequest, nil, "ACTION.REMOTE_ENDPOINT"
		a.Message = "the backend service has failed"
	}
	return a
}

// remember puts an invocation into the history.
func (s *Server) remember(c *call) {
	if c.published {
		return
	}
	i := invocation{id: c.id, action: c.action, started: time.Now()}
	if s.opts.Run != nil {
		i.run = s.opts.Run(c.Payload)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &s.history
	if len(h.ring) < historyKept {
		h.ring = append(h.ring, i)
	} else {
		h.ring[h.count%historyKept] = i
	}
	h.count++
}

// checkPage returns the answer to a request for a page, which is a where there is such a page. A Behaviour with
// pages of its own names them as it likes.
func checkPage(c *call, a Answer) Answer {
	if size, ok := number(c, "pageSize", defaultPageSize); !ok || size > maxPageSize {
		return Answer{Status: http.StatusBadRequest, Message: "pageSize: want 1 to " + strconv.Itoa(maxPageSize)}
	}
	if _, ok := number(c, "nextPage", 1); !ok {
		return Answer{Status: http.StatusBadRequest, Message: "nextPage: not one of ours"}
	}
	return a
}

// number reads a positive number from the query.
func number(c *call, name string, fallback int) (int, bool) {
	if !c.query.Has(name) {
		return fallback, true
	}
	n, err := strconv.Atoi(c.query.Get(name))
	return n, err == nil && n > 0
}

// listed is an invocation on a page.
type listed struct {
	InvocationID string     `json:"invocationId"`
	ActionID     string     `json:"actionId"`
	Status       string     `json:"status"`
	StartTime    time.Time  `json:"startTime"`
	EndTime      *time.Time `json:"endTime,omitempty"`
}

func (i invocation) listed(now time.Time) listed {
	l := listed{InvocationID: i.id, ActionID: i.action, Status: "RUNNING", StartTime: i.started.UTC()}
	if end := i.started.Add(i.run.Takes).UTC(); !now.Before(end) {
		l.Status, l.EndTime = "COMPLETED", &end
		if i.run.Failed {
			l.Status = "FAILED"
		}
	}
	return l
}

// page returns the body of a page: the action's invocations, newest first. The next page is named by how many
// invocations there were before those on it, so that new ones do not shift it.
func (s *Server) page(c *call) []byte {
	size, _ := number(c, "pageSize", defaultPageSize)
	p := struct {
		Entities []listed `json:"entities"`
		NextPage string   `json:"nextPage,omitempty"`
	}{Entities: []listed{}}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	from, _ := number(c, "nextPage", s.history.count)
	for n := min(from, s.history.count); n > s.history.count-len(s.history.ring); n-- {
		i := s.history.ring[(n-1)%historyKept]
		if i.action != c.action {
			continue
		}
		if len(p.Entities) == size {
			p.NextPage = strconv.Itoa(n)
			break
		}
		p.Entities = append(p.Entities, i.listed(now))
	}
	body, err := json.Marshal(p)
	if err != nil {
		return nil // cannot be: there are only strings and times in it
	}
	return body
}
