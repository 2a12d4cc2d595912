package deadletter

import (
	"context"
	"errors"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
)

// errGone is returned, wrapped, by [Reader.Stored].
var errGone = errors.New("the record is gone: it was deleted just now")

// Stored returns the value of a dead letter exactly as it stands on its topic, nil for a null: what was
// decoded from it would lack what a newer version, or another tool, has put there.
func (r *Reader) Stored(ctx context.Context, e Entry) ([]byte, error) {
	var value []byte
	found := false
	at := span{partition: e.Partition, start: e.Offset, end: e.Offset + 1}
	_, err := r.read(ctx, at, func(int64) {}, func(rec *kafkago.Record) (more bool, err error) {
		found = true
		value, err = kafkago.ReadAll(rec.Value)
		return false, err
	})
	if err == nil && !found {
		err = errGone
	}
	if err != nil {
		return nil, fmt.Errorf("read topic %q, partition %d, offset %d: %w", r.cfg.Topic, e.Partition, e.Offset, err)
	}
	return value, nil
}
