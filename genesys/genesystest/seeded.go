package genesystest

import (
	"hash/fnv"
	"net/http"
)

// Mix is a share of faults among messages, or among calls, each from 0 to 1. What a call meets is a function
// of the seed, the message's id and the number of the call: equal seeds give equal faults, in whatever order
// messages come.
type Mix struct {
	Seed uint64

	// Refused is the share of messages that are answered 400, each time.
	Refused float64
	// Poison is the share of messages that are answered 500, each time.
	Poison float64

	// RateLimited is the share of calls answered 429 with RetryAfter seconds (if zero, 1).
	RateLimited float64
	RetryAfter  int
	// ServerError and Unavailable are the shares of calls answered 500 and 503.
	ServerError, Unavailable float64
	// Timeout is the share of calls that hang without executing the action.
	Timeout float64
	// Lost is the share of calls that execute the action and lose the answer: the client must repeat, and
	// the action runs twice.
	Lost float64

	// Latency is how long answers take, where it is not zero.
	Latency Latency

	// MaxTransient is how many calls of one message the faults from RateLimited on may hit (if zero, 2):
	// a message that is neither refused nor poison gets through in the end.
	MaxTransient int
}

// Behaviour returns the faults of the mix.
func (m Mix) Behaviour() Behaviour {
	limit := m.MaxTransient
	if limit == 0 {
		limit = 2
	}
	wait := m.RetryAfter
	if wait == 0 {
		wait = 1
	}
	transient := []struct {
		share  float64
		answer Answer
	}{
		{m.RateLimited, Answer{Status: http.StatusTooManyRequests, RetryAfter: wait}},
		{m.ServerError, Answer{Status: http.StatusInternalServerError}},
		{m.Unavailable, Answer{Status: http.StatusServiceUnavailable}},
		{m.Timeout, Answer{Hang: true}},
		{m.Lost, Answer{Reset: true, Execute: true}},
	}
	fate := func(c Call) Answer {
		switch roll := m.roll(c.ID, 0); {
		case roll < m.Refused:
			return Answer{Status: http.StatusBadRequest}
		case roll < m.Refused+m.Poison:
			return Answer{Status: http.StatusInternalServerError}
		case c.N > limit:
			return Answer{}
		}
		roll := m.roll(c.ID, c.N)
		for _, t := range transient {
			if roll < t.share {
				return t.answer
			}
			roll -= t.share
		}
		return Answer{}
	}
	return func(c Call) Answer {
		if c.Path != PathInvoke {
			return Answer{}
		}
		a := fate(c)
		a.Delay = m.Latency.sample(m.roll(c.ID, -c.N))
		return a
	}
}

// roll returns a number in [0, 1) for a message's n-th call.
func (m Mix) roll(id string, n int) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return float64(scramble(h.Sum64()^scramble(m.Seed+uint64(n)<<32))>>11) / (1 << 53)
}

// scramble is the finaliser of SplitMix64: equal inputs give equal outputs, near ones far ones.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
