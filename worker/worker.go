package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// Worker consumes one topic as a member of a consumer group and ends every message exactly one way:
// delivered, or dead-lettered. Make one with New, Run it once.
type Worker struct {
	cfg         Config
	log         *zap.Logger
	cluster     *kafka.Cluster
	validator   Validator
	attempter   Attempter
	deadLetters DeadLetterWriter

	diagnosis diagnosis

	aborted context.Context // ends when Abort is called
	abort   context.CancelCauseFunc

	mu       sync.Mutex // guards what follows, the engine's state and the judge
	judge    *judge
	crowd    crowd
	engine   *engine // of the current generation; nil between generations
	member   member
	lease    time.Time // nothing is sent from then on: the group may have gone on without us
	halted   *Halt     // nothing is sent; nil: sending
	refusals int       // refused messages in a row

	partitions int // of the source topic, before the group was last joined; of the goroutine that joins
}

// member is how the group knows us.
type member struct {
	id         string
	generation int32
}

// Causes with which work is cut off.
var (
	errLeft      = errors.New("the worker has left the group")
	errAborted   = errors.New("stopped at once, as asked")
	errDrained   = errors.New("requests did not end within SLUICE_DRAIN")
	errRebalance = errors.New("the group rebalances")
	errStopped   = errors.New("told to stop")
	errFenced    = errors.New("the group goes on without this member")
	errTopology  = errors.New("the topic's partitions changed")
	errGone      = errors.New("the topic is gone, or is another one by the same name")
)

// New returns a Worker, or every problem of the configuration.
func New(cfg Config, cluster *kafka.Cluster, v Validator, a Attempter, d DeadLetterWriter) (*Worker, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	w := &Worker{
		cfg: cfg, log: cfg.Logger, cluster: cluster, validator: v, attempter: a, deadLetters: d,
		judge: newJudge(cfg.Concurrency), crowd: newCrowd(cfg.Concurrency),
	}
	w.aborted, w.abort = context.WithCancelCause(context.Background())
	return w, nil
}

// Run joins the group and works until ctx ends; then it lets go of what has not started, lets requests at
// the API finish within Config.Drain, commits and leaves the group. It returns nil after such a stop, and an
// error only where the worker cannot start: a *TopicError. It waits for a source topic that does not exist.
func (w *Worker) Run(ctx context.Context) error {
	defer w.abort(errLeft)
	for ctx.Err() == nil {
		if err := w.awaitTopics(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if err := w.membership(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Abort makes a stop that is under way end at once: requests at the API are cut off, and their messages go
// to whoever owns their partitions next.
func (w *Worker) Abort() { w.abort(errAborted) }

// membership lives as a member of the group until ctx ends or the topic is gone.
func (w *Worker) membership(ctx context.Context) error {
	w.countPartitions(ctx)
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID:                w.cfg.Group,
		Brokers:           w.cluster.Brokers(),
		Dialer:            w.cluster.Dialer(),
		Topics:            []string{w.cfg.Topic},
		GroupBalancers:    []kafkago.GroupBalancer{kafkago.RangeGroupBalancer{}, kafkago.RoundRobinGroupBalancer{}},
		HeartbeatInterval: kafkaGoHeartbeats, // ours take their place
		SessionTimeout:    w.cfg.SessionTimeout,
		RebalanceTimeout:  w.cfg.Drain + rebalanceSlack,
		JoinGroupBackoff:  time.Second,
		// A coordinator may keep a join waiting for the slowest member's drain.
		Timeout: w.cfg.Drain + 2*rebalanceSlack,
	})
	if err != nil {
		return fmt.Errorf("set up consumer group %q: %w", w.cfg.Group, err)
	}
	defer w.leave(group)
	for {
		gen, err := group.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			w.joinFailed(ctx, err)
			continue
		}
		w.generation(ctx, gen)
		if ctx.Err() != nil {
			return nil
		}
		if _, err := w.cluster.Partitions(ctx, w.cfg.Topic); errors.Is(err, kafka.ErrNoTopic) {
			w.log.Warn("the source topic is gone", zap.String("topic", w.cfg.Topic))
			return nil
		}
	}
}

// joinFailed says so, and takes our member out of the group: kafka-go forgets its id on most errors, and the
// group would wait a whole session for a member that is not coming back.
func (w *Worker) joinFailed(ctx context.Context, err error) {
	if errors.Is(err, kafkago.RebalanceInProgress) {
		// kafka-go keeps its member id and joins again at once, trusting the coordinator to make it wait; where
		// that one does not, only our taking its errors slowly keeps it from spinning.
		kafka.Sleep(ctx, rejoinFailing)
		return
	}
	w.log.Warn("cannot join the group; trying again", zap.String("group", w.cfg.Group), zap.Error(w.diagnose(ctx, err)))
	w.leaveGroup(ctx)
}

// leave closes the group within a bound: kafka-go waits for a JoinGroup that is under way, and that one for
// the slowest member.
func (w *Worker) leave(group *kafkago.ConsumerGroup) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = group.Close() // always nil
	}()
	bound := time.NewTimer(w.cfg.Drain + rebalanceSlack + 5*time.Second)
	defer bound.Stop()
	select {
	case <-closed:
	case <-w.aborted.Done():
		w.log.Warn("left without waiting for the group")
	case <-bound.C:
		w.log.Warn("the group did not let go in time; it will notice when the session ends")
	}
	w.observe(Assigned{})
}

func (w *Worker) observe(e Event) { w.cfg.Observer.Observe(e) }
