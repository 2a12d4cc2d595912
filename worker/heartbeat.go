package worker

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// This file keeps the worker a member of its group, from the first fetch of a generation to its last commit, and
// knows for how long it may take itself for one: for a session after the last heartbeat that was answered was sent.
// After that the group may have given its partitions away, and to send on would be to send what another sends, out
// of order. So nothing is sent until the coordinator has answered again.
//
// kafka-go's own heartbeats would not do. They end with the generation, before its requests are drained; a broken
// connection ends the generation with them; and a half-open one keeps them waiting for much longer than a session.

const (
	heartbeatEvery = 3 * time.Second
	heartbeatAgain = 500 * time.Millisecond
	// kafkaGoHeartbeats is as seldom as kafka-go can be told to: every 24 days, at the price of a rebalance.
	kafkaGoHeartbeats = (1<<31 - 2) * time.Millisecond
)

// heartbeats keeps us a member until ctx ends or the group has gone on without us.
func (w *Worker) heartbeats(ctx context.Context, stopFetch context.CancelCauseFunc, gen *kafkago.Generation) {
	every := min(heartbeatEvery, w.cfg.SessionTimeout/3)
	var coordinator net.Addr
	var lease time.Time
	doubtful := false
	for wait := every; ; wait = every {
		sent := time.Now()
		err := w.heartbeat(ctx, every, &coordinator, gen)
		switch {
		case err == nil, errors.Is(err, kafkago.RebalanceInProgress): // which counts as well, as far as the session goes
			if doubtful {
				doubtful = false
				w.log.Info("the group's coordinator answers again: sending resumes")
			}
			lease = sent.Add(w.cfg.SessionTimeout)
			w.renew(lease)
			if err != nil {
				stopFetch(errRebalance)
			}
		case fenced(err):
			stopFetch(errFenced)
			return
		case ctx.Err() == nil && !doubtful && !lease.IsZero() && !time.Now().Before(lease):
			doubtful = true
			w.log.Warn("the group's coordinator has not answered for a session: nothing is sent until it does, for another worker may own the partitions by now",
				zap.Duration("session", w.cfg.SessionTimeout), zap.Error(w.diagnose(ctx, err)))
			wait = heartbeatAgain
		default:
			wait = heartbeatAgain
		}
		if !kafka.Sleep(ctx, wait) {
			return
		}
	}
}

// heartbeat sends one heartbeat to the coordinator itself: kafka-go does not route them, and with a single broker
// the mistake would not show. It asks who that is where coordinator is nil, and again after a failure.
func (w *Worker) heartbeat(ctx context.Context, bound time.Duration, coordinator *net.Addr, gen *kafkago.Generation) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	if *coordinator == nil {
		found, err := w.findCoordinator(ctx)
		if err != nil {
			return err
		}
		*coordinator = found
	}
	res, err := w.cluster.Client().Heartbeat(ctx, &kafkago.HeartbeatRequest{
		Addr: *coordinator, GroupID: w.cfg.Group, GenerationID: gen.ID, MemberID: gen.MemberID,
	})
	if err == nil {
		err = answered(res.Error, res.Throttle)
	}
	if err != nil {
		*coordinator = nil
	}
	return err
}

// findCoordinator asks the cluster which broker coordinates our group.
func (w *Worker) findCoordinator(ctx context.Context) (net.Addr, error) {
	found, err := w.cluster.Client().FindCoordinator(ctx, &kafkago.FindCoordinatorRequest{
		Key: w.cfg.Group, KeyType: kafkago.CoordinatorKeyTypeConsumer,
	})
	if err == nil {
		err = found.Error
	}
	if err != nil {
		return nil, err
	}
	return kafkago.TCP(net.JoinHostPort(found.Coordinator.Host, strconv.Itoa(found.Coordinator.Port))), nil
}

// renew lets messages be sent until the given time.
func (w *Worker) renew(lease time.Time) {
	w.mu.Lock()
	w.lease = lease
	if e := w.engine; e != nil {
		e.unlock() // which starts what waited for this
		return
	}
	w.mu.Unlock()
}

// answered returns the error in a coordinator's answer to a Heartbeat or LeaveGroup. kafka-go takes the first two
// fields of these in the wrong order (seen in v0.4.51): the code stands in the lower half of what it gives as Throttle.
func answered(err error, throttle time.Duration) error {
	if code := int16(throttle.Milliseconds()); code != 0 { //nolint:gosec // the lower half is what is wanted
		return kafkago.Error(code)
	}
	return err
}

// fenced reports whether the coordinator has said that this member is not, or no longer, part of the
// group's current generation.
func fenced(err error) bool {
	return errors.Is(err, kafkago.IllegalGeneration) || errors.Is(err, kafkago.UnknownMemberId) ||
		errors.Is(err, kafkago.FencedInstanceID)
}
