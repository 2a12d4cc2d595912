package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

const (
	// leastRetention is how long a topic should keep its messages, however short they are held: a night.
	leastRetention = 24 * time.Hour
	// defaultMaxBytes is Kafka's default for max.message.bytes, taken where a broker does not tell.
	defaultMaxBytes = 1048588
	// batchOverhead is what a topic's limit may be above that of a payload without being worth a word: keys,
	// headers, and what a batch needs.
	batchOverhead = 64 << 10
)

// topicFacts is what is known of a topic.
type topicFacts struct {
	kafka.TopicView
	name     string
	settings error // why the rest is not known
	policy   string
	maxBytes int           // 0: not told
	keeps    time.Duration // negative: for ever; 0: not told
	minISR   int           // 0: not told
}

// compacted reports whether records are removed because there are newer ones of the same key.
func (t topicFacts) compacted() bool { return strings.Contains(t.policy, "compact") }

// topics looks at the topics: the source first, which the others are measured by.
func (k *clusterCheck) topics(ctx context.Context, report func(finding)) {
	all := func(findings []finding) {
		for _, f := range findings {
			report(f)
		}
	}
	source := k.facts(ctx, k.cfg.Kafka.Topic)
	if source.Err == nil {
		k.source = source
	}
	all(k.findSource(source))
	all(k.findCompanion(checkDeadLetters, "SLUICE_DEAD_LETTER_TOPIC", k.facts(ctx, k.cfg.Kafka.DeadLetterTopic)))
	if k.cfg.Kafka.ResultsTopic == "" {
		report(unset(checkResults, "none is set (SLUICE_RESULTS_TOPIC): what the action answers is not kept"))
		return
	}
	all(k.findCompanion(checkResults, "SLUICE_RESULTS_TOPIC", k.facts(ctx, k.cfg.Kafka.ResultsTopic)))
}

// facts adds a topic's settings to the broker's view of it.
func (k *clusterCheck) facts(ctx context.Context, name string) topicFacts {
	t := topicFacts{TopicView: k.view.Topics[name], name: name}
	if t.Err != nil {
		return t
	}
	settings, err := k.cluster.TopicConfig(ctx, name, "cleanup.policy", "max.message.bytes", "retention.ms", "min.insync.replicas")
	if err != nil {
		t.settings = err
		return t
	}
	t.policy = settings["cleanup.policy"]
	t.maxBytes, _ = strconv.Atoi(settings["max.message.bytes"])
	t.minISR, _ = strconv.Atoi(settings["min.insync.replicas"])
	if ms, err := strconv.ParseInt(settings["retention.ms"], 10, 64); err == nil {
		t.keeps = max(-1, time.Duration(min(ms, int64(100*365*24*time.Hour/time.Millisecond)))*time.Millisecond)
	}
	return t
}

// String says in a line what a topic is like.
func (t topicFacts) String() string {
	parts := []string{fmt.Sprintf("%s: %s", t.name, plural(int64(t.Partitions), "partition")), plural(int64(t.Replicas), "replica")}
	if t.maxBytes > 0 {
		parts = append(parts, fmt.Sprintf("records of up to %s", plural(int64(t.maxBytes), "byte")))
	}
	switch {
	case t.policy == "compact", t.keeps < 0:
		parts = append(parts, "kept for ever")
	case t.keeps > 0:
		parts = append(parts, "kept for "+lengthOf(t.keeps))
	}
	return strings.Join(parts, ", ")
}

// findSource looks at the topic that is read.
func (k *clusterCheck) findSource(t topicFacts) []finding {
	if errors.Is(t.Err, kafka.ErrNoTopic) {
		return []finding{failed(checkSource, t.name+" does not exist: the worker would wait for it",
			"set SLUICE_TOPIC to the one you mean, or create it: sluice topics ensure")}
	}
	found := k.unusable(checkSource, t, kafka.Read)
	if t.Err != nil {
		return found
	}
	warn := func(text, do string) { found = append(found, warned(checkSource, text, do)) }
	hold := max(leastRetention, k.cfg.Worker.GiveUpAfter)
	if t.keeps > 0 && t.keeps < hold && t.policy != "compact" {
		warn(fmt.Sprintf("%s keeps messages for %s: what comes in while the API or the worker is down for longer is lost unread", t.name, lengthOf(t.keeps)),
			fmt.Sprintf("set its retention.ms to at least %d (%s; SLUICE_GIVE_UP_AFTER is %s)", hold.Milliseconds(), lengthOf(hold), lengthOf(k.cfg.Worker.GiveUpAfter)))
	}
	if t.compacted() {
		warn(t.name+" is compacted: of messages with the same key, older ones may be gone before they are read",
			"set its cleanup.policy to delete, unless only the newest message of a key matters")
	}
	if limit := int(k.cfg.Schema.MaxBytes); t.maxBytes > limit+batchOverhead {
		warn(fmt.Sprintf("%s takes messages of up to %s; those above %v (schema.max_bytes) are dead-lettered", t.name, plural(int64(t.maxBytes), "byte"), k.cfg.Schema.MaxBytes),
			"raise SLUICE_SCHEMA_MAX_BYTES, or lower its max.message.bytes")
	}
	if len(found) == 0 {
		found = append(found, passed(checkSource, "%s; %s", t, told(t, "may be read")))
	}
	return found
}

func told(t topicFacts, may string) string {
	if t.Allowed.Told() {
		return may
	}
	return "whether it " + may + " is not told by this broker"
}

// unusable says what keeps a topic from being read or written.
func (k *clusterCheck) unusable(check string, t topicFacts, op kafka.Operation) []finding {
	var refused *kafka.Error
	forbidden := func(op kafka.Operation) bool {
		return errors.As(k.cluster.Refusal(op, t.name, kafkago.TopicAuthorizationFailed), &refused)
	}
	var found []finding
	switch {
	case errors.Is(t.Err, kafkago.TopicAuthorizationFailed) && forbidden(kafka.Describe),
		t.Err == nil && t.Allowed.Told() && !t.Allowed.Allow(op) && forbidden(op):
		found = append(found, failed(check, refused.What, refused.Fix))
	case t.Err != nil:
		found = append(found, failed(check, fmt.Sprintf("%s: %v", t.name, t.Err), "see to the brokers"))
	case t.Leaderless > 0:
		found = append(found, failed(check, fmt.Sprintf("%s: %d of its %s have no leader: nothing can be read from or written to them",
			t.name, t.Leaderless, plural(int64(t.Partitions), "partition")), "start the brokers that hold them"))
	case t.InSync < t.Replicas:
		found = append(found, warned(check, fmt.Sprintf("%s: a partition has only %d of its %s in sync", t.name, t.InSync, plural(int64(t.Replicas), "replica")),
			"see to the brokers that are behind or down"))
	}
	if t.settings != nil {
		text := fmt.Sprintf("%s: its settings are not told (%v): size, retention and compaction are not checked", t.name, innermost(t.settings))
		do := "see to the brokers"
		if errors.Is(t.settings, kafkago.TopicAuthorizationFailed) && forbidden(kafka.DescribeConfigs) {
			do = refused.Fix
		}
		found = append(found, warned(check, text, do))
	}
	return found
}
