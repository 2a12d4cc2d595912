package deadletter

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// The headers that a replayed message bears beside its own. Those of an earlier replay are replaced.
const (
	HeaderReplayID    = "dlq.replay-id"    // the replay's id
	HeaderReplayOf    = "dlq.replay-of"    // the id of the dead letter
	HeaderReplayGroup = "dlq.replay-group" // the consumer group that it is for; workers of others pass it over
)

// Contract is what a message must meet now to be worth sending. It is safe for concurrent use.
type Contract interface {
	// Edit returns a payload with edits made, each POINTER=VALUE, and everything else as it was.
	Edit(payload []byte, edits []string) ([]byte, error)
	// Check returns nil where a worker would send the message, else why it would dead-letter it. The error's
	// text is printed: it names no values.
	Check(source Source, payload []byte) error
}

// ReplayConfig holds the settings of a [Replayer]. Zero fields take the value named beside them.
type ReplayConfig struct {
	DeadLetterTopic string         // required
	Topic           string         // the source topic, which replays write to; required
	Group           string         // that a message is for whose dead letter does not say; required
	Cluster         *kafka.Cluster // required
	Contract        Contract       // required
	By              string         // who replays: a person's name; required
	CreateTopics    bool           // create the state log where it is missing

	ClaimFor time.Duration // how long claims last beyond the last renewal; 15 min
	// Quiet is how long a run that may still be writing is given to end before another takes over; 20 s, the
	// longest that a write takes.
	Quiet time.Duration
	// LookAhead bounds how many offsets are read to find newer messages of the same keys; 200,000.
	LookAhead int64
	// OnProgress is told how far a replay is. If nil, nobody is.
	OnProgress func(ReplayProgress)
	// OnBegin is told a replay's id before it sends anything: what it can be resumed by. If nil, nobody is.
	OnBegin func(replay string)
}

// ReplayProgress tells how far a replay is.
type ReplayProgress struct {
	Doing       string // "reading dead letters", "claiming", "sending", "waiting for the canary" and so on
	Done, Total int64  // of Doing; zero where it is not counted
}

// ReplayOptions say what is replayed, and how.
type ReplayOptions struct {
	// Filter selects dead letters. Of its Limit, those first in their partitions of the source topic count; 0: all.
	Filter Filter
	Edits  []string // made to every payload, POINTER=VALUE
	// ForGroup is the consumer group whose workers take the messages; empty: for each that which wrote its dead letter.
	ForGroup string
	Rate     float64 // messages a second, at most; 0: as fast as the brokers take them
	// Canary is how many are sent first and waited for, at most CanaryWait long; 0: none are. Where it is not 0, the
	// report waits for the others too, as long as within CanaryWait, or half a minute, a further one ends.
	Canary     int
	CanaryWait time.Duration

	IncludeUnknown bool // also those of which nobody knows whether the action ran
	Again          bool // also those that were replayed, or are resolved
	SkipNewer      bool // not those whose key has a newer message on the source topic
	Force          bool // also those that were replayed [MaxReplays] times, or would fail validation
}

// MaxReplays is how many times a message is replayed without [ReplayOptions.Force].
const MaxReplays = 3

// Replayer puts the messages of dead letters onto their source topic again, each once: whoever else replays the
// same ones at the same time, and wherever it breaks off. docs/replay.md tells what it does in which order, and
// docs/adr/0010-replay-state-log.md why. It is safe for concurrent use.
type Replayer struct {
	cfg     ReplayConfig
	log     *StateLog
	letters *Reader // of the dead-letter topic
	source  *Reader // of the source topic
}

// NewReplayer checks the settings and returns a Replayer. It does not connect.
func NewReplayer(cfg ReplayConfig) (*Replayer, error) {
	if cfg.DeadLetterTopic == "" || cfg.Topic == "" || cfg.Group == "" || cfg.Cluster == nil || cfg.Contract == nil || cfg.By == "" {
		return nil, errors.New("replay: needs a dead-letter topic, a source topic, a group, a cluster, a contract and a name")
	}
	setDefault(&cfg.ClaimFor, 15*time.Minute)
	setDefault(&cfg.Quiet, 20*time.Second)
	setDefault(&cfg.LookAhead, 200_000)
	if cfg.OnProgress == nil {
		cfg.OnProgress = func(ReplayProgress) {}
	}
	if cfg.OnBegin == nil {
		cfg.OnBegin = func(string) {}
	}
	log, err := NewStateLog(cfg.DeadLetterTopic, cfg.Cluster)
	if err != nil {
		return nil, err
	}
	r := &Replayer{cfg: cfg, log: log}
	if r.letters, err = NewReader(ReaderConfig{Topic: cfg.DeadLetterTopic, Cluster: cfg.Cluster, OnProgress: func(p Progress) {
		cfg.OnProgress(ReplayProgress{"reading dead letters", p.Scanned, p.Total})
	}}); err != nil {
		return nil, err
	}
	r.source, err = NewReader(ReaderConfig{Topic: cfg.Topic, Cluster: cfg.Cluster})
	return r, err
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// randomHex returns a name that nobody else uses, of so many random bytes.
func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// newReplayID returns an id that sorts by time, and that a person can read out.
func newReplayID(now time.Time) string { return now.UTC().Format("20060102-150405-") + randomHex(3) }
