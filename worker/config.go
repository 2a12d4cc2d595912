package worker

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/deadletter"
)

// Order says which messages wait for each other.
type Order string

// The orders. Within one order group, a message is sent only after the one before it has ended.
const (
	OrderKey       Order = "key"       // messages with the same key; messages without a key wait for nobody
	OrderPartition Order = "partition" // all messages of a partition
	OrderNone      Order = "none"      // nobody waits
)

// Start says where a group begins that has committed nothing yet.
type Start string

// The start positions.
const (
	StartEarliest Start = "earliest"
	StartLatest   Start = "latest"
)

// UnknownPolicy says what becomes of a message whose request may or may not have been executed.
type UnknownPolicy string

// The policies for unknown outcomes.
const (
	UnknownRetry      UnknownPolicy = "retry"
	UnknownDeadLetter UnknownPolicy = "dead-letter"
)

// Tombstones says what becomes of a message with a null value.
type Tombstones string

// The policies for null values.
const (
	TombstonesDeadLetter Tombstones = "dead-letter"
	TombstonesSkip       Tombstones = "skip"
)

// Config holds the settings of a Worker. Zero fields take the value named beside them.
type Config struct {
	Topic string // source topic; required
	Group string // consumer group; required
	Start Start  // StartEarliest

	DeadLetterTopic string // Topic + ".dlq"
	CreateTopics    bool   // create a missing dead-letter or results topic

	Results      ResultWriter // writes the results of accepted messages, each before its message is marked; none
	ResultsTopic string       // where it writes them; empty: no topic is seen to

	Replays ReplayLog // told how replayed messages end; nobody

	Order            Order         // OrderKey
	Concurrency      int           // requests at the API at once; 64
	MaxInFlight      int           // messages fetched and not ended; 5,000
	MaxInFlightBytes int64         // their bytes, what is fetched but not yet dispatched included; 64 MiB
	MaxAhead         int64         // offsets a partition may run ahead of its lowest unfinished one; 20,000
	MaxAttempts      int           // attempts a message, the first included; 4
	GiveUpAfter      time.Duration // bound on holding, from the first failure or hold; 24 h
	RetryUnknown     UnknownPolicy // UnknownRetry
	Tombstones       Tombstones    // TombstonesDeadLetter
	Refusals         int           // refused messages in a row that halt sending; negative: never; 1,000

	RequestTimeout time.Duration // the API client's time-out for one request; 30 s
	Drain          time.Duration // bound on finishing requests when leaving; RequestTimeout + 5 s
	CommitInterval time.Duration // 1 s
	SessionTimeout time.Duration // 15 s

	Action    deadletter.Action    // written into dead letters
	Processor deadletter.Processor // written into dead letters

	// Redact takes out of dead letters what must not stand there. Where it is set, the API's free text is left out
	// of them too. nil: nothing is redacted
	Redact *deadletter.Redaction

	Logger   *zap.Logger // zap.NewNop()
	Observer Observer    // told of every event; none
}

// rebalanceSlack is what the coordinator waits for members beyond their drain.
const rebalanceSlack = 10 * time.Second

func (c Config) withDefaults() Config {
	setDefault(&c.Start, StartEarliest)
	setDefault(&c.DeadLetterTopic, c.Topic+".dlq")
	setDefault(&c.Order, OrderKey)
	setDefault(&c.Concurrency, 64)
	setDefault(&c.MaxInFlight, 5_000)
	setDefault(&c.MaxInFlightBytes, 64<<20)
	setDefault(&c.MaxAhead, 20_000)
	setDefault(&c.MaxAttempts, 4)
	setDefault(&c.GiveUpAfter, 24*time.Hour)
	setDefault(&c.RetryUnknown, UnknownRetry)
	setDefault(&c.Tombstones, TombstonesDeadLetter)
	setDefault(&c.Refusals, 1000)
	setDefault(&c.RequestTimeout, 30*time.Second)
	setDefault(&c.Drain, c.RequestTimeout+5*time.Second)
	setDefault(&c.CommitInterval, time.Second)
	setDefault(&c.SessionTimeout, 15*time.Second)
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Observer == nil {
		c.Observer = ObserverFunc(func(Event) {})
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate reports every problem of a configuration whose defaults are filled in.
func (c Config) validate() error {
	var problems []error
	check := func(ok bool, field, problem string, got any) {
		if !ok {
			problems = append(problems, fmt.Errorf("worker.%s: %s (got %v)", field, problem, got))
		}
	}
	check(c.Topic != "", "topic", "is required", `""`)
	check(c.Group != "", "group", "is required", `""`)
	check(c.DeadLetterTopic != c.Topic, "dead_letter_topic", "must not be the source topic", c.DeadLetterTopic)
	check(c.ResultsTopic == "" || c.ResultsTopic != c.Topic && c.ResultsTopic != c.DeadLetterTopic,
		"results_topic", "must be neither the source topic nor the dead-letter topic", c.ResultsTopic)
	check(c.ResultsTopic == "" || c.Results != nil, "results_topic", "needs a Results that writes to it", c.ResultsTopic)
	check(c.Start == StartEarliest || c.Start == StartLatest, "start", "must be earliest or latest", c.Start)
	check(c.Order == OrderKey || c.Order == OrderPartition || c.Order == OrderNone, "order", "must be key, partition or none", c.Order)
	check(c.RetryUnknown == UnknownRetry || c.RetryUnknown == UnknownDeadLetter, "retry_unknown", "must be retry or dead-letter", c.RetryUnknown)
	check(c.Tombstones == TombstonesDeadLetter || c.Tombstones == TombstonesSkip, "tombstones", "must be dead-letter or skip", c.Tombstones)
	check(c.Concurrency > 0, "concurrency", "must be at least 1", c.Concurrency)
	check(c.MaxInFlight > 0, "max_in_flight", "must be at least 1", c.MaxInFlight)
	check(c.MaxInFlightBytes > 0, "max_in_flight_bytes", "must be at least 1", c.MaxInFlightBytes)
	check(c.MaxAhead > 0, "max_ahead", "must be at least 1", c.MaxAhead)
	check(c.MaxAttempts > 0, "max_attempts", "must be at least 1", c.MaxAttempts)
	check(c.GiveUpAfter > 0, "give_up_after", "must be positive", c.GiveUpAfter)
	check(c.Drain > 0, "drain", "must be positive", c.Drain)
	check(c.SessionTimeout >= 6*time.Second, "session_timeout", "must be at least 6s, the least that brokers accept", c.SessionTimeout)
	return errors.Join(problems...)
}
