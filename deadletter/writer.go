package deadletter

import (
	"context"

	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// WriterConfig holds the settings of a [Writer]. Topic and Cluster are required.
type WriterConfig struct {
	Topic   string
	Cluster *kafka.Cluster
	// MaxBytes bounds a record, as a batch of its own, in bytes. If zero, only the topic's
	// max.message.bytes does.
	MaxBytes int
	// Logger receives a summary of failures. If nil, nobody does.
	Logger *zap.Logger
	// OnFailure is called for every failed try that will be repeated: a counter. It must be quick and safe
	// for concurrent use. If nil, failures are only logged.
	OnFailure func()
}

// Writer writes records so that nothing is lost. It is safe for concurrent use, and concurrent writes to one
// partition share requests. Idle, it has no goroutine.
type Writer struct{ appender *kafka.Appender }

// NewWriter returns a Writer. It does not connect: a topic that does not exist yet is waited for by Write.
func NewWriter(cfg WriterConfig) (*Writer, error) {
	a, err := kafka.NewAppender(kafka.AppenderConfig{
		What: "dead letter", Topic: cfg.Topic, Cluster: cfg.Cluster, MaxBytes: cfg.MaxBytes,
		Logger: cfg.Logger, OnFailure: cfg.OnFailure,
	})
	if err != nil {
		return nil, err
	}
	return &Writer{appender: a}, nil
}

// Write returns nil once every in-sync replica has the record. Errors of the topic, the brokers and the
// network are retried until ctx ends; a record that is refused is cut step by step (see [Part]) until it is
// accepted, and the smallest form fits where max.message.bytes is 1 KiB. So the only errors are ctx's own,
// wrapped together with the last failure, and [ErrClosed].
//
// Where ctx ends during a request, the record may be written all the same; written again it is a duplicate,
// which readers tell by its id. The record must not be changed before Write returns, nor the bytes it refers
// to after an error.
func (w *Writer) Write(ctx context.Context, r Record) error {
	return w.appender.Append(ctx, r.Source.ID(), func(limit int) kafka.Form { return fit(r, limit).form() })
}

// Close refuses further writes and waits for those under way, which end when the topic takes them or their
// contexts end, and for requests that writes have given up on, at most twenty seconds more.
func (w *Writer) Close() error {
	w.appender.Close()
	return nil
}
