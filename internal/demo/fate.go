package demo

import (
	"net/http"
	"time"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// Fate is what becomes of a message.
type Fate int

// The fates. The first three, and FatePoison, end a message; from FateThrottled on it meets one failure, on
// its first call, and is delivered by a later one. One and no more: of the attempts a message has, the others are
// left for a machine that stalls.
const (
	FateGood        Fate = iota + 1 // delivered
	FateInvalid                     // does not meet the schema
	FateRefused                     // answered 400, each time
	FatePoison                      // answered 500, each time
	FateThrottled                   // answered 429
	FateServerError                 // answered 500
	FateTimeout                     // not answered
	FateLostAnswer                  // executed, and the answer lost: the repeat executes it again
)

// Shares of messages, the rest being good.
const (
	shareInvalid     = 0.03
	shareRefused     = 0.008
	shareServerError = 0.008
	shareLostAnswer  = 0.001
)

// Fates that cost everybody something come at intervals instead: a 429 pauses all sending, a message that
// hangs holds a slot, poison keeps its key waiting for a quarter of a minute.
const (
	poisonEvery   = 2_000
	timeoutEvery  = 4_000
	throttleEvery = 10_000
	earliest      = 20
	latest        = 120 // within each interval, and so early that small runs meet them too
)

// Traffic decides what each message of a run is. Messages are numbered from 0. It is safe for concurrent use.
type Traffic struct {
	seed     uint64
	messages int64 // 0: endless
}

// NewTraffic returns the traffic of a seed, for a number of messages or, if that is 0, without end.
func NewTraffic(seed uint64, messages int64) *Traffic {
	return &Traffic{seed: seed, messages: messages}
}

// Ending returns how many messages at the end of a run are all good. Poison that is still retried when
// nothing else is left looks as if the API failed everybody, and would be held; so the producer sends these
// slowly until the rest has ended.
func (t *Traffic) Ending() int64 { return min(t.messages/4, 200) }

// Fate returns the fate of a message.
func (t *Traffic) Fate(n int64) Fate {
	switch {
	case t.messages > 0 && n >= t.messages-t.Ending():
		return FateGood
	case t.falls(n, poisonEvery):
		return FatePoison
	case t.falls(n, timeoutEvery):
		return FateTimeout
	case t.falls(n, throttleEvery):
		return FateThrottled
	}
	roll := t.roll(saltFate, n)
	for _, f := range []struct {
		share float64
		fate  Fate
	}{
		{shareInvalid, FateInvalid},
		{shareRefused, FateRefused},
		{shareServerError, FateServerError},
		{shareLostAnswer, FateLostAnswer},
	} {
		if roll < f.share {
			return f.fate
		}
		roll -= f.share
	}
	return FateGood
}

// falls reports whether a message is the one of its interval.
func (t *Traffic) falls(n, every int64) bool {
	return n%every == earliest+int64(t.roll(every, n/every)*(latest-earliest))
}

// answer is what the fake does with a call: a function of the seed, the message and the number of the call.
func (t *Traffic) answer(c genesystest.Call) genesystest.Answer {
	n, ok := number(c.ID)
	if c.Path != genesystest.PathInvoke || !ok {
		return genesystest.Answer{}
	}
	fate := t.Fate(n)
	switch {
	case fate == FateRefused:
		return genesystest.Answer{Status: http.StatusBadRequest, Message: "the contact is on the do-not-contact list"}
	case fate == FatePoison:
		return genesystest.Answer{Status: http.StatusInternalServerError}
	case c.N > 1:
		return genesystest.Answer{}
	}
	switch fate {
	case FateThrottled:
		return genesystest.Answer{Status: http.StatusTooManyRequests, RetryAfter: 1}
	case FateServerError:
		return genesystest.Answer{Status: http.StatusInternalServerError}
	case FateTimeout:
		return genesystest.Answer{Hang: true}
	case FateLostAnswer:
		return genesystest.Answer{Execute: true, Reset: true}
	case FateGood, FateInvalid, FateRefused, FatePoison:
	}
	return genesystest.Answer{}
}

// outageLasts is the length of the one outage: longer than the second after which the breaker opens, shorter
// than the first two waits of a message, which therefore meets it twice at most.
const outageLasts = 3 * time.Second

// outage returns the outage, which starts at a given execution.
func (t *Traffic) outage() *genesystest.Outage {
	at := int64(4_000)
	if t.messages > 0 {
		at = max(1, min(at, t.messages/4))
	}
	return &genesystest.Outage{At: int(at), For: outageLasts}
}

// What a roll is for; each has dice of its own. Intervals use their length.
const (
	saltFate int64 = iota + 1
	saltCustomer
	saltPayload
	saltLatency
)

// roll returns a number in [0, 1).
func (t *Traffic) roll(salt, n int64) float64 {
	return float64(t.hash(salt, n)>>11) / (1 << 53)
}

// hash is the finaliser of SplitMix64 over the seed, the salt and n.
func (t *Traffic) hash(salt, n int64) uint64 {
	x := mix(t.seed)
	x = mix(x ^ uint64(salt)) //nolint:gosec // any bits will do
	return mix(x ^ uint64(n)) //nolint:gosec // any bits will do
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
