package worker_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/worker"
)

// hanging answers nothing within the client's time-out.
func hanging(ctx context.Context, _ call) error {
	select {
	case <-time.After(30 * time.Second):
		return &genesys.Error{Kind: genesys.KindBroken, Op: genesys.OpInvoke, Err: context.DeadlineExceeded}
	case <-ctx.Done():
		return &genesys.Error{Kind: genesys.KindCanceled, Op: genesys.OpInvoke, Err: context.Cause(ctx)}
	}
}

func TestWorker_OneHourOutageUnderLoad(t *testing.T) {
	const total = 2000
	outages := []struct {
		name    string
		answer  func(context.Context, call) error
		slack   time.Duration // beyond ten seconds
		letters int
	}{
		{"503", always(status(genesys.KindServer, 503)), 0, 0},
		{"refused connections", always(status(genesys.KindNotSent, 0)), 0, 0},
		{"hanging", hanging, 30 * time.Second, 0},
		{"401", always(status(genesys.KindUnauthorized, 401)), 0, 0},
		{"403", always(status(genesys.KindForbidden, 403)), 0, 2},
		{"502", always(status(genesys.KindGateway, 502)), 0, 0},
		{"404", always(status(genesys.KindNotFound, 404)), 0, 2},
	}
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 2)
				begins, ends := time.Now().Add(10*time.Second), time.Now().Add(10*time.Second+time.Hour)
				r.api.answer = func(ctx context.Context, c call) error {
					if now := time.Now(); now.After(begins) && now.Before(ends) {
						return o.answer(ctx, c)
					}
					return slow(100*time.Millisecond)(ctx, c)
				}
				run := r.start(t)
				go func() { // load that goes on through the outage
					for batch := range slices.Chunk(messages(total, 2, 500), 20) {
						r.Produce(t, topic, batch...)
						time.Sleep(time.Second)
					}
				}()
				time.Sleep(time.Until(ends))
				require.Equal(t, "open", strings.Replace(run.Snapshot().Breaker.State, "half-open", "open", 1))
				eventually(t, 10*time.Second+o.slack, "full rate", func() bool { return run.Snapshot().Breaker.Limit == 64 && run.Snapshot().Breaker.State == "closed" })
				eventually(t, 90*time.Second, "everything ended", func() bool { return r.api.accepted()+len(r.dead.all()) == total })
				run.leave(t)
				require.LessOrEqual(t, len(r.dead.all()), o.letters)
				require.Equal(t, 1, run.events.breakerOpened())
				r.requireAudit(t, total)
			})
		})
	}
}

// poisonous makes every n-th of the messages below total fail for ever with a 500, and answers the others after
// the given time.
func poisonous(total, every int, answer time.Duration) func(context.Context, call) error {
	return func(ctx context.Context, c call) error {
		if err := slow(answer)(ctx, c); err != nil {
			return err
		}
		if n, _ := strconv.Atoi(strings.Trim(c.payload, `{"n:}`)); n < total && n%every == 0 {
			return &genesys.Error{Kind: genesys.KindServer, Op: genesys.OpInvoke, Status: 500}
		}
		return nil
	}
}

// trickle goes on producing messages from the given number on, so that the API is seen to serve.
// The function it returns ends that and tells how many messages there are in all.
func (r *rig) trickle(t *testing.T, from int) (stop func() int) {
	t.Helper()
	n, done, stopped := from, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
			r.Produce(t, topic, kafkago.Message{Key: fmt.Appendf(nil, "good-%d", n), Value: fmt.Appendf(nil, `{"n":%d}`, n)})
			n++
		}
	}()
	return func() int { close(done); <-stopped; return n }
}

func TestWorker_PoisonAmongGoodMessages(t *testing.T) {
	for _, percent := range []int{1, 5, 10, 20} {
		t.Run(fmt.Sprintf("%d%%", percent), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const total = 2000
				r := newRig(t, 4)
				r.api.answer = poisonous(total, 100/percent, 50*time.Millisecond)
				r.Produce(t, topic, messages(total, 4, 1000)...)
				run := r.start(t)
				sent := r.trickle(t, total)
				eventually(t, 5*time.Minute, "all poison ended", func() bool { return len(r.dead.all()) == total*percent/100 })
				n := sent()
				eventually(t, time.Minute, "all others accepted", func() bool { return r.api.accepted() == n-total*percent/100 })
				run.leave(t)
				require.Zero(t, run.events.breakerOpened(), "false opening")
				require.Equal(t, map[deadletter.Code]int{deadletter.CodeMaxRetriesExceeded: total * percent / 100}, r.dead.codes())
				for _, d := range r.dead.all() {
					require.Equal(t, 4, d.AttemptCount)
				}
				r.requireAudit(t, n)
			})
		})
	}
}

func TestWorker_PoisonAtTheHeadOfAnOutageEndsAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const total = 640
		r := newRig(t, 1)
		ends := time.Now().Add(10 * time.Minute)
		down, poison := always(status(genesys.KindServer, 503)), poisonous(64, 1, 100*time.Millisecond)
		r.api.answer = func(ctx context.Context, c call) error {
			switch n, _ := strconv.Atoi(strings.Trim(c.payload, `{"n:}`)); {
			case time.Now().Before(ends):
				return down(ctx, c)
			case n < 64: // 64 poison messages in a row, first in line
				return poison(ctx, c)
			default:
				return slow(100*time.Millisecond)(ctx, c)
			}
		}
		r.Produce(t, topic, messages(total, 1, total)...)
		run := r.start(t)
		time.Sleep(time.Until(ends))
		require.Empty(t, r.dead.all())
		sent := r.trickle(t, total)
		eventually(t, 2*time.Minute, "all poison ended", func() bool { return len(r.dead.all()) == 64 })
		n := sent()
		eventually(t, time.Minute, "all others accepted", func() bool { return r.api.accepted() == n-64 })
		run.leave(t)
		r.requireAudit(t, n)
	})
}

func TestWorker_OutagesDoNotUseUpTheAttemptsOfAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const total, unlucky = 2000, `{"n":7}`
		r := newRig(t, 4)
		var mu sync.Mutex
		var down time.Time // until when
		calls := 0
		r.api.answer = func(ctx context.Context, c call) error {
			mu.Lock()
			failed := time.Now().Before(down)
			if c.payload == unlucky && !failed {
				calls++
				if failed = calls <= 5; calls <= 4 { // four outages, each begun with it, then a failure of its own
					down = time.Now().Add(3 * time.Second)
				}
			}
			mu.Unlock()
			if err := slow(50*time.Millisecond)(ctx, c); err != nil || !failed {
				return err
			}
			return always(status(genesys.KindServer, 500))(ctx, c)
		}
		r.Produce(t, topic, messages(total, 4, 1000)...)
		run := r.start(t)
		sent := r.trickle(t, total)
		eventually(t, 5*time.Minute, "the unlucky message sent often enough", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return calls == 6
		})
		n := sent()
		eventually(t, time.Minute, "all accepted", func() bool { return r.api.accepted() == n })
		run.leave(t)
		require.GreaterOrEqual(t, run.events.breakerOpened(), 4)
		require.Empty(t, r.dead.all())
		r.requireAudit(t, n)
	})
}

func TestWorker_UnknownOutcomesAreNotRepeatedWhereConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.api.answer = always(status(genesys.KindGateway, 504))
		r.Produce(t, topic, messages(10, 1, 10)...)
		run := r.start(t, func(c *worker.Config) { c.RetryUnknown = worker.UnknownDeadLetter })
		eventually(t, 10*time.Minute, "all dead-lettered", func() bool { return len(r.dead.all()) == 10 })
		run.leave(t)
		require.Equal(t, 10, r.api.called())
		require.Equal(t, deadletter.OutcomeUnknown, r.dead.all()[0].Outcome)
	})
}

func TestWorker_PausesAllSendingWhenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		var until atomic.Int64 // nanoseconds of the Unix epoch
		r.api.reserve = func() time.Duration { return max(0, time.Until(time.Unix(0, until.Load()))) }
		began := time.Now()
		r.api.answer = func(ctx context.Context, c call) error {
			if time.Since(began) < time.Minute {
				until.Store(time.Now().Add(20 * time.Second).UnixNano())
				return &genesys.Error{Kind: genesys.KindRateLimited, Op: genesys.OpInvoke, Status: 429}
			}
			return nil
		}
		r.Produce(t, topic, messages(500, 1, 500)...)
		run := r.start(t, func(c *worker.Config) { c.Concurrency = 4 })
		eventually(t, 5*time.Minute, "all accepted", func() bool { return r.api.accepted() == 500 })
		run.leave(t)
		require.LessOrEqual(t, r.api.called(), 500+4*4)
		require.InDelta(t, 60, run.events.throttled().Seconds(), 20)
		require.Empty(t, r.dead.all())
	})
}

func TestWorker_CrashRepeatsOnlyWhatWasInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.api.answer = func(ctx context.Context, c call) error {
			if c.key == "key-0" {
				return slow(time.Hour)(ctx, c)
			}
			return slow(time.Millisecond)(ctx, c)
		}
		r.Produce(t, topic, messages(5000, 1, 1000)...)
		run := r.start(t)
		eventually(t, time.Minute, "all others", func() bool { return r.api.accepted() == 4995 })
		time.Sleep(3 * time.Second)
		run.stop()
		run.Abort()
		run.left(t)
		require.Len(t, r.dead.all(), 0)

		r.api.set(nil)
		second := r.start(t)
		eventually(t, 2*time.Minute, "the stuck key", func() bool { return r.api.accepted() == 5000 })
		time.Sleep(3 * time.Second)
		second.leave(t)
		r.requireAudit(t, 5000)
	})
}
