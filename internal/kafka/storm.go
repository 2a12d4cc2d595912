package kafka

import (
	"errors"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// storm sums up failing writes for the log: one line at the first failure, at most one each quiet period
// while any record waits, one when the last of them is written. It is safe for concurrent use.
type storm struct {
	what  string // names the records: "dead letters"
	log   *zap.Logger
	lines seldom

	mu      sync.Mutex
	waiting int       // records whose write failed and is being repeated
	since   time.Time // when the first of them failed
	said    bool      // whether the log knows
}

// failed notes a failed try; first says that it is this record's first.
func (s *storm) failed(first bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first {
		if s.waiting == 0 {
			s.since = time.Now()
		}
		s.waiting++
	}
	held, ok := s.lines.pass()
	if !ok {
		return
	}
	s.said = true
	s.log.Warn(s.what+" cannot be written: their messages stay unmarked and the writes are repeated",
		zap.Error(err), zap.String("next", nextStep(err)), zap.Int("waiting", s.waiting),
		zap.Duration("since", time.Since(s.since)), zap.Int("failures_not_logged", held))
}

// ended notes that a record which had failed waits no more: it is written, or its caller gave up.
func (s *storm) ended(written bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting--; s.waiting > 0 {
		return
	}
	if s.said && written {
		s.log.Info(s.what+" are written again", zap.Duration("after", time.Since(s.since)))
	}
	s.said = false
}

// nextStep says what a person can do about a failing write.
func nextStep(err error) string {
	switch {
	case errors.Is(err, ErrNoTopic) || errors.Is(err, kafkago.UnknownTopicOrPartition):
		return "create the topic: sluice topics ensure"
	case errors.Is(err, kafkago.TopicAuthorizationFailed) || errors.Is(err, kafkago.ClusterAuthorizationFailed):
		return "grant this client Write on the topic"
	case errors.Is(err, kafkago.NotEnoughReplicas) || errors.Is(err, kafkago.NotEnoughReplicasAfterAppend):
		return "bring back brokers, or lower the topic's min.insync.replicas"
	case errors.Is(err, kafkago.InvalidRecord):
		return "see that the topic is not compacted: cleanup.policy must be delete"
	case aboutRecord(err):
		return "raise the topic's max.message.bytes: it refuses even the smallest record"
	default:
		return "see that the brokers can be reached: sluice check"
	}
}
