package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// TopicError says that a topic the worker writes to cannot be used: it is missing and cannot be created, or it
// does not keep what is written to it.
type TopicError struct {
	Topic string
	Err   error
}

// Error names the topic, the cause, and what to do.
func (e *TopicError) Error() string {
	if errors.Is(e.Err, errCompacted) {
		return fmt.Sprintf("topic %q is compacted: it would keep one record a key and drop the others, and refuse those without a key: "+
			"set its cleanup.policy to delete, or name another topic", e.Topic)
	}
	why := e.Err.Error()
	var refused *kafka.Error
	if errors.As(e.Err, &refused) {
		why = refused.Summary()
	}
	return fmt.Sprintf("topic %q is missing and cannot be created: %s: create it yourself, or run 'sluice topics ensure' with rights to create topics", e.Topic, why)
}

// Unwrap returns the cause.
func (e *TopicError) Unwrap() error { return e.Err }

var (
	errNotAllowed = errors.New("SLUICE_CREATE_TOPICS is false")
	errCompacted  = errors.New("compacted")
)

// awaitTopics waits for the source topic and sees to it that the topics written to exist. Its error is a
// *TopicError, or says that ctx has ended.
func (w *Worker) awaitTopics(ctx context.Context) error {
	partitions, err := w.awaitSource(ctx)
	if err != nil {
		return err
	}
	if err := w.awaitCompanion(ctx, "dead-letter", w.cfg.DeadLetterTopic, partitions); err != nil {
		return err
	}
	if w.cfg.ResultsTopic == "" {
		return nil
	}
	return w.awaitCompanion(ctx, "results", w.cfg.ResultsTopic, partitions)
}

// awaitCompanion sees to it that a topic exists that is written to, trying until that is certain.
func (w *Worker) awaitCompanion(ctx context.Context, kind, name string, partitions int) error {
	for {
		err := w.ensureCompanion(ctx, kind, name, partitions)
		var missing *TopicError
		switch {
		case err == nil || errors.As(err, &missing):
			return err
		case ctx.Err() == nil:
			w.log.Warn("cannot look at the "+kind+" topic; trying again", zap.Error(err))
		}
		if !kafka.Sleep(ctx, time.Second) {
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
			w.log.Warn("waiting for the source topic: create it with 'sluice topics ensure', or set SLUICE_TOPIC to the one that is meant", zap.String("topic", w.cfg.Topic), zap.Error(err))
		}
		if !kafka.Sleep(ctx, time.Second) {
			return 0, ctx.Err()
		}
	}
}

func (w *Worker) ensureCompanion(ctx context.Context, kind, name string, partitions int) error {
	_, err := w.cluster.Partitions(ctx, name)
	switch {
	case err == nil:
		return w.checkKeeps(ctx, name)
	case !errors.Is(err, kafka.ErrNoTopic):
		return err
	case !w.cfg.CreateTopics:
		return &TopicError{Topic: name, Err: errNotAllowed}
	}
	created, err := w.cluster.EnsureCompanion(ctx, name, w.cfg.Topic, partitions)
	var refused kafkago.Error
	if errors.As(err, &refused) && !refused.Temporary() {
		return &TopicError{Topic: name, Err: err}
	}
	if created {
		w.log.Info("created the "+kind+" topic", zap.String("topic", name), zap.Int("partitions", partitions))
	}
	return err
}

// checkKeeps refuses a topic that would forget records by itself. Who may not read a topic's settings is not kept
// from writing to it.
func (w *Worker) checkKeeps(ctx context.Context, name string) error {
	settings, err := w.cluster.TopicConfig(ctx, name, "cleanup.policy")
	if err == nil && strings.Contains(settings["cleanup.policy"], "compact") {
		return &TopicError{Topic: name, Err: errCompacted}
	}
	return nil
}
