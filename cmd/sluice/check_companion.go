package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// findCompanion looks at a topic that is written to.
func (k *clusterCheck) findCompanion(check, variable string, t topicFacts) []finding {
	if errors.Is(t.Err, kafka.ErrNoTopic) {
		return []finding{k.findMissing(check, variable, t.name)}
	}
	found := k.unusable(check, t, kafka.Write)
	if t.Err != nil {
		return found
	}
	fail := func(text, do string) { found = append(found, failed(check, text, do)) }
	warn := func(text, do string) { found = append(found, warned(check, text, do)) }
	if t.compacted() {
		fail(fmt.Sprintf("%s is compacted (cleanup.policy=%s): it keeps one record of a key, and refuses those without one", t.name, t.policy),
			fmt.Sprintf("%s; or set %s to another topic", k.alter(t.name, "cleanup.policy=delete"), variable))
	}
	switch {
	case t.minISR > t.Replicas:
		fail(fmt.Sprintf("%s wants %d replicas in sync (min.insync.replicas) and has %d: every write is refused", t.name, t.minISR, t.Replicas),
			fmt.Sprintf("%s, or give it more replicas", k.alter(t.name, "min.insync.replicas="+strconv.Itoa(t.Replicas))))
	case t.minISR > t.InSync:
		fail(fmt.Sprintf("%s wants %d replicas in sync (min.insync.replicas) and has %d now: writes are refused until there are more", t.name, t.minISR, t.InSync),
			"start the brokers that are down")
	}
	if n := k.source.Partitions; n > 0 && n != t.Partitions {
		warn(fmt.Sprintf("%s has %s, and %s has %d", t.name, plural(int64(t.Partitions), "partition"), k.source.name, n),
			"give it as many, so that its records are spread as the messages are")
	}
	if need := k.companionBytes(); t.maxBytes > 0 && t.maxBytes < need {
		warn(fmt.Sprintf("%s takes records of up to %s; one about the largest message of %s needs %s: larger ones are cut short to fit",
			t.name, plural(int64(t.maxBytes), "byte"), k.cfg.Kafka.Topic, grouped(int64(need))), k.alter(t.name, "max.message.bytes="+strconv.Itoa(need)))
	}
	if t.keeps > 0 && t.keeps < leastRetention {
		warn(fmt.Sprintf("%s keeps records for %s only: they may be gone before anybody looks", t.name, lengthOf(t.keeps)),
			k.alter(t.name, "retention.ms="+strconv.FormatInt(7*leastRetention.Milliseconds(), 10)))
	}
	if len(found) == 0 {
		found = append(found, passed(check, "%s; %s", t, told(t, "may be written to")))
	}
	return found
}

// companionBytes is the size of a record about the largest message of the source topic.
func (k *clusterCheck) companionBytes() int {
	if k.source.maxBytes == 0 {
		return kafka.CompanionBytes(defaultMaxBytes)
	}
	return kafka.CompanionBytes(k.source.maxBytes)
}

// alter is the command that changes a topic's setting.
func (k *clusterCheck) alter(topic, setting string) string {
	return fmt.Sprintf("kafka-configs --bootstrap-server %s --alter --topic %s --add-config %s", k.cluster.Brokers()[0], topic, setting)
}

// findMissing says what becomes of a topic that does not exist.
func (k *clusterCheck) findMissing(check, variable, name string) finding {
	switch {
	case !k.cfg.Kafka.CreateTopics:
		return failed(check, name+" does not exist, and SLUICE_CREATE_TOPICS is false: the worker does not start",
			"create it: sluice topics ensure")
	case !k.view.Allowed.Told():
		return passed(check, "%s does not exist yet: the worker will create it; whether it may is not told by this broker", name)
	case k.view.Allowed.Allow(kafka.Create):
		return passed(check, "%s does not exist yet: the worker will create it, and may do so", name)
	}
	return warned(check, fmt.Sprintf("%s does not exist, and %s may not create topics in general", name, k.user()),
		fmt.Sprintf("have it created by somebody who may (sluice topics ensure), or grant Create on it; or set %s to one that exists", variable))
}
