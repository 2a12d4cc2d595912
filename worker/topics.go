package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// TopicError says that a topic the worker needs is missing and cannot be created.
type TopicError struct {
	Topic string
	Err   error
}

// Error names the topic, the cause, and what to do.
func (e *TopicError) Error() string {
	return fmt.Sprintf("topic %q is missing and cannot be created: %v: create it yourself, or run 'sluice topics ensure' with rights to create topics", e.Topic, e.Err)
}

// Unwrap returns the cause.
func (e *TopicError) Unwrap() error { return e.Err }

var errNotAllowed = errors.New("SLUICE_CREATE_TOPICS is false")

// awaitTopics waits for the source topic and sees to it that the dead-letter topic exists. Its error is a
// *TopicError, or says that ctx has ended.
func (w *Worker) awaitTopics(ctx context.Context) error {
	partitions, err := w.awaitSource(ctx)
	if err != nil {
		return err
	}
	for {
		err := w.ensureDeadLetterTopic(ctx, partitions)
		var missing *TopicError
		switch {
		case err == nil || errors.As(err, &missing):
			return err
		case ctx.Err() == nil:
			w.log.Warn("cannot look at the dead-letter topic; trying again", zap.Error(err))
		}
		if !sleep(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// awaitSource waits for the source topic, saying so once a minute, and returns its number of partitions.
func (w *Worker) awaitSource(ctx context.Context) (int, error) {
	var logged time.Time
	for {
		parts, err := w.cluster.Partitions(ctx, w.cfg.Topic)
		if err == nil {
			return len(parts), nil
		}
		if now := time.Now(); ctx.Err() == nil && now.Sub(logged) >= time.Minute {
			logged = now
			w.log.Warn("waiting for the source topic", zap.String("topic", w.cfg.Topic), zap.Error(err))
		}
		if !sleep(ctx, time.Second) {
			return 0, ctx.Err()
		}
	}
}

func (w *Worker) ensureDeadLetterTopic(ctx context.Context, partitions int) error {
	name := w.cfg.DeadLetterTopic
	if !w.cfg.CreateTopics {
		_, err := w.cluster.Partitions(ctx, name)
		if errors.Is(err, kafka.ErrNoTopic) {
			return &TopicError{Topic: name, Err: errNotAllowed}
		}
		return err
	}
	created, err := w.cluster.EnsureCompanion(ctx, name, w.cfg.Topic, partitions)
	var refused kafkago.Error
	if errors.As(err, &refused) && !refused.Temporary() {
		return &TopicError{Topic: name, Err: err}
	}
	if created {
		w.log.Info("created the dead-letter topic", zap.String("topic", name), zap.Int("partitions", partitions))
	}
	return err
}
