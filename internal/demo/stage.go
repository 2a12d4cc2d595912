package demo

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/kafka"
)

// Names on the stage, and the credentials that the fake accepts.
const (
	Topic           = "payloads"
	DeadLetterTopic = "payloads.dlq"
	ResultsTopic    = "payloads.results"
	Group           = "sluice"
	ClientID        = "demo"
	ClientSecret    = "demo-secret"
	ActionID        = "demo-action"
)

const (
	partitions = 6
	// segmentBytes is small, because the broker gives memory back by whole segments.
	segmentBytes = 256 << 10
)

// Options says what a run is.
type Options struct {
	Seed     uint64
	Messages int64 // how many to produce; 0: until stopped
	Rate     int   // messages a second; 0: as fast as the worker takes them
	Ordered  bool  // whether the worker promises order per key
}

// Stage is what the worker plays on: a broker, a fake Genesys Cloud, a producer and the audit. Open one,
// Run it beside a worker, and Close it.
type Stage struct {
	opts    Options
	traffic *Traffic
	ledger  *Ledger
	broker  *kfake.Cluster
	cluster *kafka.Cluster
	fake    *genesystest.Server
	api     string
	letters *letters
	answers *answers
}

// Open starts a stage on free ports of 127.0.0.1.
func Open(ctx context.Context, opts Options) (*Stage, error) {
	s := &Stage{opts: opts, traffic: NewTraffic(opts.Seed, opts.Messages)}
	s.ledger = NewLedger(s.traffic.Customer, opts.Ordered)
	var err error
	s.broker, err = kfake.NewCluster(
		kfake.NumBrokers(1), kfake.SeedTopics(partitions, Topic, DeadLetterTopic, ResultsTopic),
		kfake.BrokerConfigs(map[string]string{"log.segment.bytes": strconv.Itoa(segmentBytes)}),
	)
	if err != nil {
		return nil, fmt.Errorf("start the embedded broker: %w", err)
	}
	s.cluster, err = kafka.New(kafka.Config{Brokers: s.broker.ListenAddrs(), ClientID: "sluice-demo"})
	if err != nil {
		s.broker.Close()
		return nil, err
	}
	s.answers = newAnswers(s.cluster)
	s.letters, err = newLetters(s.cluster)
	if err == nil {
		err = s.startFake(ctx)
	}
	if err != nil {
		s.cluster.Close()
		s.broker.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stage) startFake(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("start the fake Genesys Cloud: %w", err)
	}
	s.fake = genesystest.New(genesystest.Options{
		ClientID: ClientID, ClientSecret: ClientSecret, ActionID: ActionID, Seed: s.opts.Seed,
		ID: payloadID, Behaviour: s.behave, Outage: s.traffic.outage(), OnExecute: s.executed, Keep: 1_000,
	})
	s.api = s.fake.Start(l)
	return nil
}

// behave is the traffic's answer, at a pace at which a person can see messages in flight, unless it is to go
// as fast as it can.
func (s *Stage) behave(c genesystest.Call) genesystest.Answer {
	a := s.traffic.answer(c)
	if n, ok := number(c.ID); ok && s.opts.Rate > 0 {
		a.Delay = time.Duration((20 + 60*s.traffic.roll(saltLatency, n)) * float64(time.Millisecond))
	}
	return a
}

func (s *Stage) executed(e genesystest.Execution) {
	if n, ok := number(e.ID); ok {
		s.ledger.Executed(n, e.At)
	}
}

// Brokers returns the broker's addresses.
func (s *Stage) Brokers() []string { return s.broker.ListenAddrs() }

// API returns the base URL of the fake Genesys Cloud.
func (s *Stage) API() string { return s.api }

// Run produces, and keeps the broker's memory bounded, until ctx ends. ended tells how many messages the
// worker has ended so far; the producer waits where it is too far behind.
func (s *Stage) Run(ctx context.Context, ended func() int64) error {
	failed := make(chan error, 1)
	go func() { failed <- s.produce(ctx, ended) }()
	tidying := time.NewTicker(tidyEvery)
	defer tidying.Stop()
	producing := failed
	for {
		select {
		case err := <-producing:
			if err != nil {
				return err
			}
			producing = nil // all is produced; a receive from nil waits for ever
		case <-tidying.C:
			// What fails here is tried again on the next tick; until then memory grows, which is no harm.
			_ = s.tidy(ctx)
		case <-ctx.Done():
			if producing != nil {
				return <-producing
			}
			return nil
		}
	}
}

// Produced returns how many messages the producer has sent.
func (s *Stage) Produced() int64 { return s.ledger.Acknowledged() }

// Finished reports whether all messages are produced and the worker is past the last of them. position is
// the lowest offset not ended, by partition.
func (s *Stage) Finished(position map[int]int64) bool {
	if s.opts.Messages == 0 || s.Produced() < s.opts.Messages {
		return false
	}
	for partition, next := range s.ledger.Next() {
		if position[partition] < next {
			return false
		}
	}
	return true
}

// Audit compares every message produced with what the fake executed and what stands in the dead-letter
// and results topics. Call it once, after Run, when the worker has left.
func (s *Stage) Audit(ctx context.Context) (Result, error) {
	if err := s.letters.read(ctx, s.ledger.DeadLettered); err != nil {
		return Result{}, fmt.Errorf("audit: %w", err)
	}
	if err := s.answers.read(ctx, s.ledger.Stored); err != nil {
		return Result{}, fmt.Errorf("audit: %w", err)
	}
	committed, err := s.committed(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("audit: %w", err)
	}
	return s.ledger.Close(committed), nil
}

// Close ends the fake and the broker.
func (s *Stage) Close() {
	s.fake.Close()
	s.cluster.Close()
	s.broker.Close()
}

// letters reads the dead-letter topic, each record once.
type letters struct {
	reader *deadletter.Reader
	next   map[int]int64 // by partition: the first offset not read yet
	readAt time.Time
}

func newLetters(cluster *kafka.Cluster) (*letters, error) {
	reader, err := deadletter.NewReader(deadletter.ReaderConfig{Topic: DeadLetterTopic, Cluster: cluster})
	return &letters{reader: reader, next: map[int]int64{}, readAt: time.Now()}, err
}

func (l *letters) read(ctx context.Context, found func(n int64, code deadletter.Code, at time.Time)) error {
	for e, err := range l.reader.Scan(ctx, deadletter.Filter{}) {
		switch {
		case err != nil:
			return err
		case e.Err != nil:
			return fmt.Errorf("dead letter at %d/%d: %w", e.Partition, e.Offset, e.Err)
		case e.Offset < l.next[e.Partition]:
			continue
		}
		l.next[e.Partition] = e.Offset + 1
		if n, ok := sourceNumber(e.Source); ok {
			found(n, e.Code, e.FailedAt)
		}
	}
	l.readAt = time.Now()
	return nil
}

// sourceNumber returns the number of the message that a dead letter or a result is of.
func sourceNumber(s deadletter.Source) (int64, bool) {
	for _, h := range s.Headers {
		if h.Key == HeaderEvent {
			return number(string(h.Value))
		}
	}
	return 0, false
}
