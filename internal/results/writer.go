package results

import (
	"context"

	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/worker"
)

// WriterConfig holds the settings of a [Writer]. Topic and Cluster are required.
type WriterConfig struct {
	Topic   string
	Cluster *kafka.Cluster
	// Logger receives a summary of failures. If nil, nobody does.
	Logger *zap.Logger
	// OnFailure is called for every failed try that will be repeated: a counter. It must be quick and safe
	// for concurrent use. If nil, failures are only logged.
	OnFailure func()
}

// Writer writes results so that none is lost. It is safe for concurrent use, and concurrent writes to one
// partition share requests.
type Writer struct{ appender *kafka.Appender }

// NewWriter returns a Writer. It does not connect: a topic that does not exist yet is waited for by Write.
func NewWriter(cfg WriterConfig) (*Writer, error) {
	a, err := kafka.NewAppender(kafka.AppenderConfig{
		What: "result", Topic: cfg.Topic, Cluster: cfg.Cluster, Logger: cfg.Logger, OnFailure: cfg.OnFailure,
	})
	if err != nil {
		return nil, err
	}
	return &Writer{appender: a}, nil
}

// Write returns nil once every in-sync replica has the result. Errors of the topic, the brokers and the
// network are retried until ctx ends; a record that is too large, or refused, is cut step by step (see
// [Part]), and the smallest form fits where max.message.bytes is 1 KiB. So the only errors are ctx's own,
// wrapped together with the last failure, and [kafka.ErrClosed].
//
// Where ctx ends during a request, the result may be written all the same; written again it is a duplicate,
// which readers tell by its source.
func (w *Writer) Write(ctx context.Context, r worker.Result) error {
	rec := Record{Data: r.Data, RequestID: r.RequestID, Source: r.Source, At: r.At}
	return w.appender.Append(ctx, r.Source.ID(), func(limit int) kafka.Form { return fit(rec, limit) })
}

// Close refuses further writes and waits for those under way, which end when the topic takes them or their
// contexts end, and for requests that writes have given up on, at most twenty seconds more.
func (w *Writer) Close() { w.appender.Close() }
