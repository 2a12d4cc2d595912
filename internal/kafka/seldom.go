package kafka

import (
	"sync"
	"time"
)

// quiet is how long a log line that repeats is held back.
const quiet = 30 * time.Second

// seldom lets one line pass each quiet period and counts those it held back. Its zero value is ready, and it
// is safe for concurrent use.
type seldom struct {
	mu   sync.Mutex
	last time.Time
	held int
}

// pass reports whether a line may be written now, and how many were held back since the last.
func (s *seldom) pass() (held int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.last.IsZero() || now.Sub(s.last) >= quiet {
		held, s.held, s.last = s.held, 0, now
		return held, true
	}
	s.held++
	return 0, false
}
