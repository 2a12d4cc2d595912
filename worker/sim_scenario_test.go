package worker_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/worker"
)

// scenario is everything that a seed determines.
type scenario struct {
	seed       uint64
	partitions int
	brokers    int
	slots      int           // worker processes at most
	span       time.Duration // of production and trouble; afterwards everything is well
	latency    time.Duration // of the API, on average
	metadata   bool          // whether the broker takes metadata with commits
	cfg        worker.Config
	plan       []happening // by time
}

// happening is one entry of the plan.
type happening struct {
	at   time.Duration
	name string
	do   func(w *world)
}

// fate is what becomes of a message where nothing else goes wrong.
type fate int

const (
	good         fate = iota
	invalid           // breaks the schema
	tombstone         // null
	panics            // makes the validator panic
	refused           // always 400
	misfit            // always ACTION.PROCESSING
	forbidden         // always 403
	failing           // always 500
	hangs             // never answered
	actionFailed      // executed, and answered that it failed
	fates
)

func (f fate) String() string {
	return [...]string{"good", "invalid", "tombstone", "panics", "refused", "misfit", "forbidden", "failing", "hangs", "action-failed"}[f]
}

// ownFault reports whether the API's answer to the message tells that the API serves.
func (f fate) ownFault() bool { return f == refused || f == misfit || f == actionFailed }

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// between draws a duration, spread evenly over its orders of magnitude.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	d := float64(least)
	for limit := float64(most) / d; limit > 1; limit /= 2 {
		d *= 1 + r.Float64()*min(1, limit-1)
	}
	return time.Duration(d)
}

func drawScenario(seed uint64) *scenario {
	r := rand.New(rand.NewPCG(seed, 0x51)) //nolint:gosec // a scenario, not a key
	s := &scenario{
		seed: seed, partitions: 1 + r.IntN(12), brokers: pick(r, 1, 1, 3), slots: 1 + r.IntN(4),
		latency: pick(r, 5*time.Millisecond, 50*time.Millisecond, 500*time.Millisecond, 2*time.Second), metadata: r.IntN(10) > 0,
	}
	s.span = between(r, 10*time.Minute, 6*time.Hour/time.Duration(s.partitions))
	s.cfg = worker.Config{
		Topic: topic, Group: "sluice", CreateTopics: true, CommitInterval: time.Second,
		Order:            pick(r, worker.OrderKey, worker.OrderKey, worker.OrderPartition, worker.OrderNone),
		Concurrency:      pick(r, 1, 2, 4, 16, 64),
		MaxInFlight:      pick(r, 5, 20, 100, 5000),
		MaxInFlightBytes: pick[int64](r, 64<<10, 1<<20, 64<<20),
		MaxAhead:         pick[int64](r, 5, 50, 500, 20_000),
		MaxAttempts:      pick(r, 1, 2, 4, 4),
		GiveUpAfter:      pick(r, 10_000*time.Hour, 10_000*time.Hour, between(r, 3*time.Minute, 20*time.Minute)),
		RetryUnknown:     pick(r, worker.UnknownRetry, worker.UnknownRetry, worker.UnknownRetry, worker.UnknownDeadLetter),
		Tombstones:       pick(r, worker.TombstonesDeadLetter, worker.TombstonesSkip),
		RequestTimeout:   pick(r, 8*time.Second, 30*time.Second),
		SessionTimeout:   pick(r, 6*time.Second, 15*time.Second, 30*time.Second),
		Refusals:         -1,
	}
	if r.IntN(4) == 0 {
		s.cfg.Drain = time.Second // shorter than what is at the API may take
	}
	s.planProduction(r)
	s.planWorkers(r)
	if r.IntN(4) > 0 {
		s.planAPI(r)
	}
	if r.IntN(2) == 0 {
		s.planKafka(r)
	}
	if r.IntN(3) == 0 {
		s.planDeadLetters(r)
	}
	slices.SortStableFunc(s.plan, func(a, b happening) int { return cmp.Compare(a.at, b.at) })
	return s
}

func (s *scenario) String() string {
	c := s.cfg
	return fmt.Sprintf("%d partitions on %d brokers, up to %d workers, %s; API %s; order %s, concurrency %d, in flight %d / %d bytes, ahead %d, attempts %d, give up %s, unknown %s, tombstones %s, time-out %s, session %s, drain %s, metadata %t",
		s.partitions, s.brokers, s.slots, s.span.Round(time.Second), s.latency, c.Order, c.Concurrency, c.MaxInFlight, c.MaxInFlightBytes,
		c.MaxAhead, c.MaxAttempts, c.GiveUpAfter.Round(time.Second), c.RetryUnknown, c.Tombstones, c.RequestTimeout, c.SessionTimeout, c.Drain, s.metadata)
}

func (s *scenario) at(when time.Duration, name string, do func(*world)) {
	s.plan = append(s.plan, happening{when, name, do})
}

// during plans something that begins at a random time and ends again.
func (s *scenario) during(r *rand.Rand, most time.Duration, name string, begin func(*world) (end func())) {
	from := time.Duration(r.Int64N(int64(s.span)))
	to := min(from+between(r, 5*time.Second, most), s.span)
	var end func()
	s.at(from, name+" begins", func(w *world) { end = begin(w) })
	s.at(to, name+" ends", func(*world) { end() })
}

// planProduction spreads messages over the span, in bursts. Keys follow a power law: the first is hot.
func (s *scenario) planProduction(r *rand.Rand) {
	total := 30 + int(between(r, 30, 600))
	keys := rand.NewZipf(r, 1.2+r.Float64(), 1, uint64(pick(r, 2, 20, 300)))
	poison := pick(r, 0, 0, 0.02, 0.1)
	unkeyed := pick(r, 0, 0.3)
	bursts := 1 + r.IntN(25)
	for i := range bursts {
		n := total / bursts
		var msgs []*simMessage
		for range n {
			m := &simMessage{fate: good}
			if r.Float64() < poison {
				m.fate = fate(1 + r.IntN(int(fates)-1))
			}
			m.partition = r.IntN(s.partitions)
			if r.Float64() >= unkeyed {
				k := int(keys.Uint64())
				m.key = fmt.Appendf(nil, "key-%d", k)
				if k == 1 {
					m.key = []byte{} // a key too
				}
				m.partition = k % s.partitions
			}
			msgs = append(msgs, m)
		}
		s.at(s.span*time.Duration(i)/time.Duration(bursts), "production", func(w *world) { w.produce(msgs) })
	}
}

// planWorkers lets workers join, leave, crash, hang and come back.
func (s *scenario) planWorkers(r *rand.Rand) {
	crashes := r.IntN(5) < 3
	for slot := range s.slots {
		at := time.Duration(0)
		if slot > 0 {
			at = time.Duration(r.Int64N(int64(s.span)))
		}
		s.at(at, "join", func(w *world) { w.join(slot) })
		for range r.IntN(5) {
			at += between(r, 10*time.Second, s.span)
			if at >= s.span {
				break
			}
			var how func(w *world)
			switch what := r.IntN(6); {
			case what == 0 && crashes, what == 1 && crashes:
				how = func(w *world) { w.crash(slot) }
			case what == 2 && crashes:
				how = func(w *world) { w.abort(slot) }
			default:
				how = func(w *world) { w.leave(slot) }
			}
			s.at(at, "worker goes", how)
			at += between(r, time.Second, 10*time.Minute)
			s.at(at, "join", func(w *world) { w.join(slot) })
		}
	}
	if r.IntN(5) == 0 {
		slot := r.IntN(s.slots)
		s.during(r, 10*time.Minute, "a pause by hand", func(w *world) func() { return w.pause(slot) })
	}
}

// planAPI draws outages, brownouts, storms of 429 and slow times.
func (s *scenario) planAPI(r *rand.Rand) {
	for range 1 + r.IntN(5) {
		e := trouble{name: pick(r, "503", "500", "502", "refused", "hanging", "dropped", "401", "403", "404", "token refused", "token unreachable"), share: 1}
		longest := pick(r, time.Minute, time.Hour, s.span)
		switch r.IntN(7) {
		case 0, 1:
			e = trouble{name: "429", share: pick(r, 0.3, 1), retryAfter: pick(r, 0, time.Second, 20*time.Second, 10*time.Minute)}
		case 2:
			e = trouble{name: "slow", share: 0.5}
		case 3:
			e.name, e.share = pick(r, "503", "502", "dropped"), 0.2
		}
		s.during(r, longest, "API: "+e.name, func(w *world) func() { return w.troubleAPI(e) })
	}
}

// errorOf returns what the client says of an answer by the name of a trouble or a fate.
func errorOf(name string) genesys.Error {
	switch name {
	case "503", "500", "failing":
		return genesys.Error{Kind: genesys.KindServer, Op: genesys.OpInvoke, Status: 503}
	case "502":
		return genesys.Error{Kind: genesys.KindGateway, Op: genesys.OpInvoke, Status: 502}
	case "refused":
		return genesys.Error{Kind: genesys.KindNotSent, Op: genesys.OpInvoke}
	case "hanging", "dropped", "hangs":
		return genesys.Error{Kind: genesys.KindBroken, Op: genesys.OpInvoke}
	case "401":
		return genesys.Error{Kind: genesys.KindUnauthorized, Op: genesys.OpInvoke, Status: 401}
	case "403", "forbidden":
		return genesys.Error{Kind: genesys.KindForbidden, Op: genesys.OpInvoke, Status: 403}
	case "404":
		return genesys.Error{Kind: genesys.KindNotFound, Op: genesys.OpInvoke, Status: 404}
	case "429":
		return genesys.Error{Kind: genesys.KindRateLimited, Op: genesys.OpInvoke, Status: 429}
	case "token refused":
		return genesys.Error{Kind: genesys.KindUnauthorized, Op: genesys.OpToken, Status: 401}
	case "token unreachable":
		return genesys.Error{Kind: genesys.KindNotSent, Op: genesys.OpToken}
	case "400":
		return genesys.Error{Kind: genesys.KindRefused, Op: genesys.OpInvoke, Status: 400}
	case "misfit":
		return genesys.Error{Kind: genesys.KindProcessing, Op: genesys.OpInvoke, Status: 400, ActionCode: "ACTION.PROCESSING"}
	case "action-failed":
		return genesys.Error{Kind: genesys.KindActionFailed, Op: genesys.OpInvoke, Status: 200}
	}
	panic("no answer of the name " + name)
}
