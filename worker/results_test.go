package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/results"
	"github.com/sluice-kafka/sluice/worker"
)

const resultsTopic = topic + ".results"

// TestResults_ADownTopicLosesAndRepeatsNothing: ten minutes without the results topic. What the API has
// accepted waits, so few more are sent; dead letters are written as ever; then all goes on.
func TestResults_ADownTopicLosesAndRepeatsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, concurrency = 300, 8
		r := newRig(t, 3)
		r.CreateTopic(t, resultsTopic, 3, nil)
		r.api.answer = slow(10 * time.Millisecond)
		down := r.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: resultsTopic, Err: kerr.NotEnoughReplicas, Count: -1})
		r.Produce(t, topic, messages(n, 3, 60)...)
		run := r.start(t, r.writingResults(t), func(c *worker.Config) { c.Concurrency = concurrency })
		time.Sleep(time.Minute)
		r.Produce(t, topic, kafkago.Message{Key: []byte("other"), Value: []byte("invalid")})
		time.Sleep(9 * time.Minute)

		s := run.Snapshot()
		require.False(t, s.Stuck)
		require.Equal(t, r.api.accepted(), s.Ending, "what is accepted waits for its result")
		require.GreaterOrEqual(t, s.Ending, concurrency)
		require.Less(t, s.Ending, 2*concurrency, "few actions are executed whose results cannot be kept")
		require.Equal(t, "closed", s.Breaker.State, "the API is not to blame")
		require.Equal(t, 1, run.events.deadLettered(), "dead letters do not wait for results")
		require.Zero(t, run.events.delivered())
		require.Zero(t, r.committed(t, 0)+r.committed(t, 1)+r.committed(t, 2))
		warned := r.logs.FilterMessageSnippet("results cannot be written").Len()
		require.Positive(t, warned)
		require.LessOrEqual(t, warned, 21, "a storm is summed up")

		down.Remove()
		eventually(t, 10*time.Second, "all delivered", func() bool { return run.events.delivered() == n })
		require.Equal(t, 1, r.logs.FilterMessage("results are written again").Len())
		run.leave(t)
		require.Equal(t, n, r.api.called(), "nothing was sent twice")
		r.requireResults(t, n)
	})
}

// TestResults_AcknowledgedBeforeTheCommitPasses: an offset is committed only once its result is written.
func TestResults_AcknowledgedBeforeTheCommitPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		box := &resultBox{}
		release := make(chan struct{})
		box.block = func(ctx context.Context, res worker.Result) error {
			if res.Source.Offset != 5 {
				return nil
			}
			select {
			case <-release:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		r.Produce(t, topic, messages(10, 1, 10)...)
		run := r.start(t, box.writes)
		time.Sleep(time.Minute)
		require.Equal(t, 10, r.api.accepted())
		require.Equal(t, 9, run.events.delivered())
		require.EqualValues(t, 5, r.committed(t, 0))
		close(release)
		eventually(t, 5*time.Second, "the commit passes", func() bool { return r.committed(t, 0) == 10 })
		run.leave(t)
		require.Equal(t, 10, r.api.called())
	})
}

// TestResults_WhatIsCutOffIsExecutedAgain: the one way in which results cause duplicates. The worker is told
// to stop, or crashes, between an execution and the acknowledgement of its result.
func TestResults_WhatIsCutOffIsExecutedAgain(t *testing.T) {
	for name, within := range map[string]struct {
		abort bool
		atMax time.Duration
	}{
		"stopped: the drain passes": {false, 35 * time.Second}, "at once": {true, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				r.CreateTopic(t, resultsTopic, 1, nil)
				down := r.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: resultsTopic, Err: kerr.NotEnoughReplicas, Count: -1})
				r.Produce(t, topic, messages(20, 1, 20)...)
				first := r.start(t, r.writingResults(t))
				eventually(t, time.Minute, "all executed", func() bool { return r.api.accepted() == 20 })
				began := time.Now()
				first.stop()
				if within.abort {
					first.Abort()
				}
				first.left(t)
				require.LessOrEqual(t, time.Since(began), within.atMax+time.Second)
				require.Zero(t, r.committed(t, 0), "nothing is marked")
				require.Zero(t, first.events.delivered())

				down.Remove()
				second := r.start(t, r.writingResults(t))
				eventually(t, time.Minute, "all delivered", func() bool { return second.events.delivered() == 20 })
				second.leave(t)
				require.Equal(t, 40, r.api.accepted(), "each was executed again, once")
				r.requireResults(t, 20)
			})
		})
	}
}

// TestResults_AreDrained: results that can be written are written before the worker leaves, and nothing is
// executed twice.
func TestResults_AreDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		box := &resultBox{block: func(context.Context, worker.Result) error { time.Sleep(10 * time.Second); return nil }}
		r.Produce(t, topic, messages(100, 1, 100)...)
		first := r.start(t, box.writes)
		eventually(t, time.Minute, "executed", func() bool { return r.api.accepted() > 0 })
		first.leave(t)
		executed := r.api.accepted()
		require.Less(t, executed, 100)
		require.Equal(t, executed, first.events.delivered())
		second := r.start(t, box.writes)
		eventually(t, 10*time.Minute, "the rest", func() bool { return second.events.delivered() == 100-executed })
		second.leave(t)
		require.Equal(t, 100, r.api.called())
	})
}

// TestResults_KeepTheOrderOfTheirKey: a key waits while its result is unwritten, whatever writes take.
func TestResults_KeepTheOrderOfTheirKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, keys = 400, 10
		r := newRig(t, 2)
		box := &resultBox{block: func(_ context.Context, res worker.Result) error {
			time.Sleep(time.Duration(res.Source.Offset*7%11) * 100 * time.Millisecond)
			return nil
		}}
		var mu sync.Mutex
		unwritten := map[string]int{}
		r.api.answer = func(_ context.Context, c call) error {
			mu.Lock()
			defer mu.Unlock()
			if unwritten[c.key]++; unwritten[c.key] > 1 {
				t.Errorf("%s is sent while a result of its key is unwritten", c.id)
			}
			return nil
		}
		box.wrote = func(res worker.Result) {
			mu.Lock()
			defer mu.Unlock()
			unwritten[string(res.Source.Key)]--
		}
		r.Produce(t, topic, messages(n, 2, keys)...)
		run := r.start(t, box.writes)
		eventually(t, 10*time.Minute, "all delivered", func() bool { return run.events.delivered() == n })
		run.leave(t)
		byKey := map[string][]int64{}
		for _, res := range box.all() {
			byKey[string(res.Source.Key)] = append(byKey[string(res.Source.Key)], res.Source.Offset)
		}
		require.Len(t, byKey, keys)
		for key, offsets := range byKey {
			require.Len(t, offsets, n/keys, key)
			require.True(t, slices.IsSorted(offsets), "%s: %v", key, offsets)
		}
	})
}

// TestResults_TooLargeIsCut: an answer that its topic has no room for stops nothing.
func TestResults_TooLargeIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.CreateTopic(t, resultsTopic, 1, map[string]string{"max.message.bytes": "4096"})
		talkative := answering{r.api, json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)}
		r.Produce(t, topic, messages(3, 1, 1)...)
		run := r.startWith(t, talkative, r.dead, r.writingResults(t))
		eventually(t, 10*time.Second, "all delivered", func() bool { return run.events.delivered() == 3 })
		run.leave(t)
		for _, res := range r.requireResults(t, 3) {
			require.Equal(t, []results.Part{results.PartData}, res.Cut.Parts)
			require.Equal(t, 1<<20+2, res.Cut.DataSize)
			require.Equal(t, "r", res.RequestID)
		}
	})
}

// TestResults_HoldTheAnswer: data as the client gives it, the source, and the time of the answer.
func TestResults_HoldTheAnswer(t *testing.T) {
	for name, data := range map[string]string{"JSON": `{"invocationId":"i"}`, "unreadable": `{"raw":"<html>"}`, "none": ""} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 1)
				r.Produce(t, topic, kafkago.Message{
					Key: []byte("k"), Value: []byte(`{"n":0}`), Headers: []kafkago.Header{{Key: "h", Value: []byte("v")}},
				})
				run := r.startWith(t, answering{r.api, json.RawMessage(data)}, r.dead, r.writingResults(t))
				eventually(t, 10*time.Second, "delivered", func() bool { return run.events.delivered() == 1 })
				run.leave(t)
				m := r.ReadAll(t, resultsTopic)[0]
				require.Equal(t, "k", string(m.Key))
				res := r.requireResults(t, 1)[0]
				require.Equal(t, data, string(res.Data))
				require.Equal(t, []deadletter.Header{{Key: "h", Value: []byte("v")}}, res.Source.Headers)
				require.Equal(t, r.api.done[0].at.UTC(), res.At)
			})
		})
	}
}

// TestResults_TheJudgeHearsOfTheSuccessAtOnce: the breaker closes though no result can be written.
func TestResults_TheJudgeHearsOfTheSuccessAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.CreateTopic(t, resultsTopic, 1, nil)
		down := r.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: resultsTopic, Err: kerr.NotEnoughReplicas, Count: -1})
		r.api.answer = always(status(genesys.KindServer, 503))
		r.Produce(t, topic, messages(10, 1, 10)...)
		run := r.start(t, r.writingResults(t))
		eventually(t, time.Minute, "open", func() bool { return run.events.breakerOpened() == 1 })
		r.api.set(nil)
		eventually(t, 10*time.Second, "closed", func() bool { return run.Snapshot().Breaker.State == "closed" })
		eventually(t, 10*time.Second, "all accepted", func() bool { return r.api.accepted() == 10 })
		require.Zero(t, run.events.delivered())
		held := run.Snapshot().HeldMessages
		require.Len(t, held, 10)
		require.Contains(t, []string{"ending", "writing"}, held[0].State)
		require.Equal(t, "accepted by the API; its result is not written yet", held[0].Why)
		require.ErrorIs(t, run.DeadLetterHeld(held[0].ID), worker.ErrNotHeld, "its end is decided")
		down.Remove()
		eventually(t, 10*time.Second, "all delivered", func() bool { return run.events.delivered() == 10 })
		run.leave(t)
		r.requireResults(t, 10)
	})
}

// TestResults_APanicEndsTheMessageAsExecuted: a fault of ours on one result stops no other.
func TestResults_APanicEndsTheMessageAsExecuted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		box := &resultBox{block: func(_ context.Context, res worker.Result) error {
			if res.Source.Offset == 1 {
				panic("secret payload")
			}
			return nil
		}}
		r.Produce(t, topic, messages(3, 1, 1)...)
		run := r.start(t, box.writes)
		eventually(t, 10*time.Second, "all ended", func() bool { return r.committed(t, 0) == 3 })
		run.leave(t)
		require.Len(t, box.all(), 2)
		dead := r.dead.all()
		require.Len(t, dead, 1)
		require.Equal(t, deadletter.CodeInternalError, dead[0].Code)
		require.Equal(t, deadletter.OutcomeExecuted, dead[0].Outcome)
		require.NotContains(t, fmt.Sprint(r.logs.All()), "secret")
	})
}

func TestResults_TheirTopicIsCreatedOrNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 4)
		run := r.start(t, (&resultBox{}).writes, func(c *worker.Config) { c.ResultsTopic = resultsTopic })
		eventually(t, time.Minute, "created", func() bool {
			parts, err := r.Partitions(t.Context(), resultsTopic)
			return err == nil && len(parts) == 4
		})
		run.leave(t)
		policy, err := r.TopicConfig(t.Context(), resultsTopic, "cleanup.policy", "max.message.bytes")
		require.NoError(t, err)
		require.Equal(t, "delete", policy["cleanup.policy"])

		refused := r.start(t, (&resultBox{}).writes, func(c *worker.Config) { c.ResultsTopic, c.CreateTopics = "elsewhere", false })
		err = <-refused.done
		refused.done <- nil
		var missing *worker.TopicError
		require.ErrorAs(t, err, &missing)
		require.Equal(t, "elsewhere", missing.Topic)
		require.ErrorContains(t, err, "sluice topics ensure")
	})
}

func TestNew_RefusesAResultsTopicThatCannotBe(t *testing.T) {
	for _, name := range []string{topic, topic + ".dlq"} {
		_, err := worker.New(worker.Config{Topic: topic, Group: "g", ResultsTopic: name, Results: &resultBox{}}, nil, nil, nil, nil)
		require.ErrorContains(t, err, "worker.results_topic: must be neither", name)
	}
	_, err := worker.New(worker.Config{Topic: topic, Group: "g", ResultsTopic: "x"}, nil, nil, nil, nil)
	require.ErrorContains(t, err, "worker.results_topic: needs a Results")
}

// resultBox keeps results in memory.
type resultBox struct {
	block func(context.Context, worker.Result) error
	wrote func(worker.Result) // before the write returns

	mu   sync.Mutex
	kept []worker.Result
}

// writes makes a worker write its results here.
func (b *resultBox) writes(c *worker.Config) { c.Results = b }

func (b *resultBox) Write(ctx context.Context, r worker.Result) error {
	if b.block != nil {
		if err := b.block(ctx, r); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = append(b.kept, r)
	if b.wrote != nil {
		b.wrote(r)
	}
	return nil
}

func (b *resultBox) all() []worker.Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.kept)
}

// answering is an API that accepts with an answer.
type answering struct {
	*api
	data json.RawMessage
}

func (a answering) Attempt(ctx context.Context, r genesys.Request) (genesys.Result, error) {
	res, err := a.api.Attempt(ctx, r)
	res.Data = a.data
	return res, err
}

// writingResults makes a worker write its results with the real writer.
func (r *rig) writingResults(t *testing.T) func(*worker.Config) {
	t.Helper()
	return r.writingResultsTo(t, resultsTopic)
}

func (r *rig) writingResultsTo(t *testing.T, name string) func(*worker.Config) {
	t.Helper()
	w, err := results.NewWriter(results.WriterConfig{Topic: name, Cluster: r.Connect(t), Logger: r.log})
	require.NoError(t, err)
	t.Cleanup(w.Close)
	return func(c *worker.Config) { c.Results, c.ResultsTopic = w, name }
}

// requireResults checks that there is a result of each of n messages, and returns them.
func (r *rig) requireResults(t *testing.T, n int) []results.Record {
	t.Helper()
	return r.requireResultsIn(t, resultsTopic, n)
}

func (r *rig) requireResultsIn(t *testing.T, name string, n int) (all []results.Record) {
	t.Helper()
	ids := map[string]bool{}
	for _, m := range r.ReadAll(t, name) {
		res, err := results.Decode(m.Value)
		require.NoError(t, err)
		ids[res.Source.ID()] = true
		all = append(all, res)
	}
	require.Len(t, ids, n)
	return all
}

// committed returns the group's offset, 0 where it has none.
func (r *rig) committed(t *testing.T, partition int) int64 {
	t.Helper()
	res, err := r.Client().OffsetFetch(t.Context(), &kafkago.OffsetFetchRequest{GroupID: "sluice", Topics: map[string][]int{topic: {partition}}})
	require.NoError(t, err)
	if errors.Is(res.Error, kafkago.GroupIdNotFound) {
		return 0 // nobody has joined yet
	}
	require.NoError(t, res.Error)
	return max(0, res.Topics[topic][0].CommittedOffset)
}

func (e *events) delivered() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, ev := range e.all {
		if _, ok := ev.(worker.Delivered); ok {
			n++
		}
	}
	return n
}
