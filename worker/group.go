package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

const (
	// requestTimeout bounds every request to the coordinator: kafka-go's transport sets no deadline of its own.
	requestTimeout = 10 * time.Second

	leaveTimeout = requestTimeout
	leaveAgain   = 500 * time.Millisecond
)

// leaveGroup takes our last member out of the group, trying until the coordinator has answered: one that has
// just taken the group over refuses everything while it loads, and would then wait a whole session for us.
func (w *Worker) leaveGroup(ctx context.Context) {
	w.mu.Lock()
	id := w.member.id
	w.member.id = ""
	w.mu.Unlock()
	if id == "" {
		return
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	for {
		res, err := w.cluster.Client().LeaveGroup(bound, &kafkago.LeaveGroupRequest{
			GroupID: w.cfg.Group, Members: []kafkago.LeaveGroupRequestMember{{ID: id}},
		})
		if err == nil {
			err = answered(res.Error, res.Throttle)
		}
		w.log.Debug("left the group", zap.Error(err))
		var answer kafkago.Error
		done := err == nil || errors.As(err, &answer) && !answer.Temporary() // such as that it knows no such member
		if done || !kafka.Sleep(ctx, leaveAgain) || bound.Err() != nil {
			return
		}
	}
}

// commitLoop commits what has been marked since, each interval and when sending waits for it.
func (w *Worker) commitLoop(ctx context.Context, stopFetch context.CancelCauseFunc, e *engine, gen *kafkago.Generation) {
	failing := false
	for w.nextCommit(ctx, e, !failing) {
		// A commit that is under way is not cut off with the loop: the last commit goes by another connection,
		// might overtake it, and would then be undone by it.
		err := w.commit(w.aborted, e, gen)
		switch {
		case err == nil:
			if failing {
				w.log.Info("committing again")
			}
			failing = false
		case fenced(err):
			w.log.Warn("the group has gone on without this member: its offsets are committed by others now", zap.Error(err))
			stopFetch(errFenced)
			return
		case !failing:
			failing = true
			w.log.Warn("cannot commit; trying again each interval. A crash now would repeat what has ended since", zap.Error(w.diagnose(ctx, err)))
		}
	}
}

// lastCommit commits what is marked at the end of a generation. It is bounded; after an abort, to one quick try.
func (w *Worker) lastCommit(e *engine, gen *kafkago.Generation) {
	tries, bound := 3, requestTimeout
	if w.aborted.Err() != nil {
		tries, bound = 1, 2*time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	var err error
	for range tries {
		if err = w.commit(ctx, e, gen); err == nil || fenced(err) || !kafka.Sleep(ctx, 200*time.Millisecond) {
			break
		}
	}
	if err != nil {
		w.log.Warn("the last commit of the generation failed: what has ended since the one before will be repeated", zap.Error(err))
	}
}

// commit sends what has changed since it was last committed. Offsets a stale member commits are
// refused in each partition's own error while the request as a whole succeeds, so those are what is read.
func (w *Worker) commit(ctx context.Context, e *engine, gen *kafkago.Generation) error {
	points := e.uncommitted()
	if len(points) == 0 {
		e.setCommitted(nil, nil) // what has ended cannot be told, as where the metadata is full
		return nil
	}
	began := time.Now()
	err := w.sendCommit(ctx, e, gen, points)
	if errors.Is(err, kafkago.OffsetMetadataTooLarge) {
		w.log.Warn("the broker refuses the commit's metadata (offset.metadata.max.bytes is below 4096): committing offsets alone; a crash repeats what has ended beyond them")
		for id, p := range points {
			points[id] = commitPoint{offset: p.offset}
		}
		err = w.sendCommit(ctx, e, gen, points)
	}
	w.observe(Committed{Took: time.Since(began), Err: err})
	e.setCommitted(points, err)
	if err != nil {
		return fmt.Errorf("commit offsets of topic %q for group %q: %w", w.cfg.Topic, w.cfg.Group, err)
	}
	return nil
}

// directCommit is a commit that is sent to the address it is given. kafka-go routes its own request type, for which it
// asks the cluster before each single one who the coordinator is: as much work as the commit, and as long a wait.
type directCommit offsetcommit.Request

// ApiKey makes it a protocol.Message; having no Group method, it is not routed.
func (*directCommit) ApiKey() protocol.ApiKey { return protocol.OffsetCommit }

// sendCommit sends a commit to the coordinator as it was last found, and where it says that it is not, once more to
// the one that is.
func (w *Worker) sendCommit(ctx context.Context, e *engine, gen *kafkago.Generation, points map[int]commitPoint) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	topic := offsetcommit.RequestTopic{Name: w.cfg.Topic}
	for id, p := range points {
		topic.Partitions = append(topic.Partitions, offsetcommit.RequestPartition{
			PartitionIndex: int32(id), CommittedOffset: p.offset, CommittedMetadata: p.metadata,
			CommittedLeaderEpoch: -1, // unknown; kafka-go's own OffsetCommit would claim epoch 0
		})
	}
	req := &directCommit{
		GroupID: w.cfg.Group, GenerationID: gen.ID, MemberID: gen.MemberID,
		RetentionTimeMs: -1, // the broker's
		Topics:          []offsetcommit.RequestTopic{topic},
	}
	for {
		known := e.coordinator != nil
		if !known {
			found, err := w.findCoordinator(ctx)
			if err != nil {
				return err
			}
			e.coordinator = found
		}
		err := w.roundTripCommit(ctx, e.coordinator, req)
		if err != nil {
			e.coordinator = nil
		}
		if !known || !errors.Is(err, kafkago.NotCoordinatorForGroup) {
			return err
		}
	}
}

func (w *Worker) roundTripCommit(ctx context.Context, coordinator net.Addr, req *directCommit) error {
	// Through the transport for the sake of the leader epoch.
	res, err := w.cluster.Transport().RoundTrip(ctx, coordinator, req)
	if err != nil {
		return err
	}
	var problems []error
	for _, t := range res.(*offsetcommit.Response).Topics { //nolint:forcetypeassert // the protocol pairs them
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				problems = append(problems, fmt.Errorf("partition %d: %w", p.PartitionIndex, kafkago.Error(p.ErrorCode)))
			}
		}
	}
	return errors.Join(problems...)
}
