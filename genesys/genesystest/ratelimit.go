package genesystest

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limits is how many requests the fake takes, those for tokens excepted. What is above is answered 429 and not
// executed.
type Limits struct {
	// Requests is how many requests of one token are taken each Window (if zero, a minute), in windows that
	// begin with the token's first request. If zero, any number.
	Requests int
	Window   time.Duration
	// Bucket, if not zero, takes requests by a token bucket of this size, filled with Requests each Window, in place
	// of windows.
	Bucket int
	// Shared counts the requests of all tokens together.
	Shared bool
	// Concurrent is how many invocations run at a time. If zero, any number.
	Concurrent int
	// NoHeaders leaves out inin-ratelimit-count, -allowed and -reset; NoRetryAfter leaves out Retry-After.
	NoHeaders, NoRetryAfter bool
}

// limits counts.
type limits struct {
	mu      sync.Mutex
	budgets map[string]*budget // by Authorization
	running int
}

// budget is that of one token.
type budget struct {
	began  time.Time // the window, or when the bucket was last filled
	count  int
	tokens float64
}

// admit counts a request, tells of the count in the answer's headers, and returns the refusal of one too many, or what is
// to be called when it has been answered; nil for nothing.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, c *call) (refusal *Answer, leave func()) {
	l := s.opts.Limits
	if c.Path == PathToken || l.Requests == 0 && l.Concurrent == 0 {
		return nil, nil
	}
	s.limits.mu.Lock()
	defer s.limits.mu.Unlock()
	if l.Requests > 0 {
		if wait := s.limits.count(l, r, w.Header()); wait > 0 {
			return l.refusal(wait, "", "Rate limit exceeded the maximum"), nil
		}
	}
	if l.Concurrent == 0 || c.Path != PathInvoke {
		return nil, nil
	}
	if s.limits.running >= l.Concurrent {
		return l.refusal(time.Second, "actions.concurrent.executions.max", "Too many concurrent executions"), nil
	}
	s.limits.running++
	return nil, func() {
		s.limits.mu.Lock()
		defer s.limits.mu.Unlock()
		s.limits.running--
	}
}

func (l Limits) refusal(wait time.Duration, code, message string) *Answer {
	a := &Answer{Status: http.StatusTooManyRequests, Code: code, Message: message}
	if !l.NoRetryAfter {
		a.RetryAfter = int(math.Ceil(wait.Seconds()))
	}
	return a
}

// count takes a request in, and returns how long to wait where it is one too many.
func (s *limits) count(l Limits, r *http.Request, h http.Header) time.Duration {
	of := r.Header.Get("Authorization")
	if l.Shared {
		of = ""
	}
	if l.Window == 0 {
		l.Window = time.Minute
	}
	if s.budgets == nil {
		s.budgets = map[string]*budget{}
	}
	now := time.Now()
	b := s.budgets[of]
	if b == nil {
		b = &budget{began: now, tokens: float64(l.Bucket)}
		s.budgets[of] = b
	}
	count, allowed, reset, wait := b.take(l, now)
	if !l.NoHeaders {
		h["Inin-Ratelimit-Count"] = []string{strconv.Itoa(count)}
		h["Inin-Ratelimit-Allowed"] = []string{strconv.Itoa(allowed)}
		h["Inin-Ratelimit-Reset"] = []string{strconv.Itoa(int(math.Ceil(reset.Seconds())))}
	}
	return wait
}

func (b *budget) take(l Limits, now time.Time) (count, allowed int, reset, wait time.Duration) {
	if l.Bucket == 0 {
		if passed := now.Sub(b.began) / l.Window; passed > 0 {
			b.began, b.count = b.began.Add(passed*l.Window), 0
		}
		b.count++
		reset = b.began.Add(l.Window).Sub(now)
		if b.count > l.Requests {
			wait = reset
		}
		return b.count, l.Requests, reset, wait
	}
	each := l.Window / time.Duration(l.Requests) // until there is one token more
	b.tokens = min(float64(l.Bucket), b.tokens+float64(now.Sub(b.began))/float64(each))
	b.began = now
	if b.tokens < 1 {
		wait = time.Duration((1 - b.tokens) * float64(each))
	} else {
		b.tokens--
	}
	used := float64(l.Bucket) - b.tokens
	return int(math.Ceil(used)), l.Bucket, time.Duration(used * float64(each)), wait
}
