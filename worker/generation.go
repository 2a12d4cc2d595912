package worker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

const (
	topologyEvery = 30 * time.Second
	rejoinSpacing = time.Second
	rejoinFailing = 100 * time.Millisecond
	// staleView is longer than our view of the cluster lives (kafka.Config.MetadataTTL): after it, a topic that
	// was seen to be gone is not taken to be there because it once was, and its group's offsets are gone too.
	staleView = 6 * time.Second
)

// generation works through one generation of the group: it returns once every partition of it has been let
// go of and the last commit is done.
func (w *Worker) generation(ctx context.Context, gen *kafkago.Generation) {
	served := make(chan struct{})
	// One function for the whole generation: kafka-go ends a generation when the first of its functions
	// returns, and joins again when all have.
	gen.Start(func(ended context.Context) {
		w.serve(ctx, ended, gen)
		close(served)
		if ctx.Err() != nil {
			<-ended.Done() // stopping: closing the group ends the generation; returning would join again
		}
	})
	<-served
}

// serve owns the generation's partitions from the first fetch to the last commit.
func (w *Worker) serve(ctx, ended context.Context, gen *kafkago.Generation) {
	defer func() {
		if p := recover(); p != nil {
			w.log.Error("a generation panicked", zap.String("panic", fmt.Sprintf("%T", p)), zap.ByteString("stack", debug.Stack()))
		}
	}()
	began := time.Now()
	parts := assigned(gen, w.cfg.Topic)
	w.setMember(gen)
	w.log.Info("assigned", zap.Int32("generation", gen.ID), zap.Ints("partitions", parts))
	w.observe(Assigned{Generation: gen.ID, Partitions: parts})

	// Fetching ends when the worker is told to stop, when the generation ends, or when it must.
	fetchCtx, stopFetch := context.WithCancelCause(ctx)
	defer stopFetch(nil)
	defer context.AfterFunc(ended, func() { stopFetch(errRebalance) })()

	beatCtx, stopBeats := context.WithCancel(context.WithoutCancel(ctx))
	var beating sync.WaitGroup
	beating.Go(func() { w.heartbeats(beatCtx, stopFetch, gen) })
	defer beating.Wait()
	defer stopBeats()

	starts, err := w.starts(fetchCtx, parts)
	if err != nil {
		kafka.Sleep(ctx, rejoinSpacing-time.Since(began)) // the generation has ended already, or the topic is gone
		return
	}
	e := newEngine(w, w.cfg.MaxInFlightBytes-int64(len(parts))*w.fetchBytes(len(parts)))
	for _, s := range starts {
		e.assign(w.cfg.Topic, s)
	}
	w.setEngine(e)
	defer w.setEngine(nil)

	var fetching, committing sync.WaitGroup
	for _, p := range e.parts {
		fetching.Go(func() { w.fetchLoop(fetchCtx, stopFetch, e, p, w.fetchBytes(len(parts))) })
	}
	fetching.Go(func() { w.watchTopology(fetchCtx, stopFetch, w.partitions) })
	commitCtx, stopCommits := context.WithCancel(context.WithoutCancel(ctx))
	defer stopCommits()
	committing.Go(func() { w.commitLoop(commitCtx, stopFetch, e, gen) })

	<-fetchCtx.Done()
	why := context.Cause(fetchCtx)
	if ctx.Err() != nil {
		why = errStopped
	}
	w.log.Info("letting go of partitions", zap.Int32("generation", gen.ID), zap.String("because", why.Error()))
	fetching.Wait()
	if errors.Is(why, errGone) {
		w.log.Warn("the source topic was deleted; where it is there again, it is read as a new one", zap.String("topic", w.cfg.Topic))
		stopCommits() // in a new topic by this name, our offsets would skip messages that nobody has read
	}
	w.drain(e)
	stopCommits()
	committing.Wait()
	if !errors.Is(why, errFenced) && !errors.Is(why, errGone) {
		w.lastCommit(e, gen)
	}
	if errors.Is(why, errGone) {
		kafka.Sleep(ctx, staleView)
	}
	if ctx.Err() == nil {
		w.countPartitions(ctx)
		kafka.Sleep(ctx, rejoinSpacing-time.Since(began))
	}
}

// assigned returns the partitions of the topic that the generation has given us, ascending.
func assigned(gen *kafkago.Generation, topic string) []int {
	var parts []int
	for _, a := range gen.Assignments[topic] {
		parts = append(parts, a.ID)
	}
	slices.Sort(parts)
	return parts
}

// fetchBytes is the size of one fetch: a quarter of the bytes in flight shared out over the partitions, at
// most 1 MiB. It has no lower bound, or many partitions would use up the whole budget: a broker always answers
// with at least one batch, whatever its size (KIP-74).
func (w *Worker) fetchBytes(partitions int) int64 {
	if partitions == 0 {
		return 0
	}
	return min(max(w.cfg.MaxInFlightBytes/4/int64(partitions), 1), 1<<20)
}

// drain lets requests at the API finish, within Config.Drain.
func (w *Worker) drain(e *engine) {
	ctx, cancel := context.WithTimeoutCause(w.aborted, w.cfg.Drain, errDrained)
	defer cancel()
	e.stop(ctx)
	if ctx.Err() != nil {
		w.log.Warn("requests at the API were cut off; the next owner of their messages sends them again",
			zap.String("because", context.Cause(ctx).Error()))
	}
}

// countPartitions notes how many partitions there are before the group is joined. Whoever assigns them counts
// later: so what is added in between makes one rebalance too many, and none is overlooked.
func (w *Worker) countPartitions(ctx context.Context) {
	if parts, err := w.cluster.Partitions(ctx, w.cfg.Topic); err == nil || errors.Is(err, kafka.ErrNoTopic) {
		w.partitions = len(parts)
	}
}

// watchTopology ends the generation when the topic has grown or is gone, so that the group assigns what is
// there. kafka-go's own watcher would create a missing topic.
func (w *Worker) watchTopology(ctx context.Context, stopFetch context.CancelCauseFunc, known int) {
	for kafka.Sleep(ctx, topologyEvery) {
		parts, err := w.cluster.Partitions(ctx, w.cfg.Topic)
		switch {
		case errors.Is(err, kafka.ErrNoTopic):
			stopFetch(errGone)
			return
		case err != nil: // the cluster's trouble is dealt with where it is met
		case len(parts) != known:
			stopFetch(errTopology)
			return
		}
	}
}

func (w *Worker) setMember(gen *kafkago.Generation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.member = member{id: gen.MemberID, generation: gen.ID}
	w.lease = time.Time{}
}

func (w *Worker) setEngine(e *engine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.engine = e
}
