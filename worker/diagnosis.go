package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

const (
	diagnosisTimeout = 10 * time.Second
	diagnosisLasts   = 15 * time.Second
)

// diagnosis is what was last found to stand between the worker and its brokers.
type diagnosis struct {
	sync.Mutex
	at  time.Time
	err error
}

// diagnose returns what stands between us and the brokers, to be told to people, or err where nothing does: what
// kafka-go says of a refused password is "unexpected EOF". The steps of a connection are gone through once for all
// that meet its failure at the same time.
func (w *Worker) diagnose(ctx context.Context, err error) error {
	var answer kafkago.Error
	if errors.As(err, &answer) && answer != kafkago.SASLAuthenticationFailed || ctx.Err() != nil {
		return err // a broker's own words, about our request and not about us
	}
	d := &w.diagnosis
	if !d.TryLock() {
		return err
	}
	defer d.Unlock()
	if time.Since(d.at) > diagnosisLasts {
		bound, cancel := context.WithTimeout(ctx, diagnosisTimeout)
		defer cancel()
		d.err, d.at = w.cluster.Contact(bound), time.Now()
	}
	if d.err != nil && ctx.Err() == nil {
		return d.err
	}
	return err
}
