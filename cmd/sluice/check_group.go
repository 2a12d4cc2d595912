package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// offsetsTopic is where Kafka keeps the offsets of groups. The first question about any group creates it.
const offsetsTopic = "__consumer_offsets"

// group looks at the consumer group, without joining it.
func (k *clusterCheck) group(ctx context.Context, report func(finding)) {
	name, topic := k.cfg.Kafka.Group, k.cfg.Kafka.Topic
	if k.source.Partitions == 0 {
		report(notChecked(checkGroup, "the source topic"))
		return
	}
	begins := fmt.Sprintf("the worker begins at the %s message (SLUICE_START)", k.cfg.Kafka.Start)
	if errors.Is(k.view.Topics[offsetsTopic].Err, kafka.ErrNoTopic) {
		if there, err := k.cluster.HasGroup(ctx, name); err == nil && !there {
			report(passed(checkGroup, "%s does not exist yet, nor does any other here: %s", name, begins))
			return
		}
	}
	g, err := k.cluster.Group(ctx, name)
	var p kafka.Progress
	if err == nil && (!g.Allowed.Told() || g.Allowed.Allow(kafka.Read)) {
		p, err = k.cluster.Progress(ctx, name, topic, k.source.Partitions)
	}
	switch {
	case errors.Is(err, kafkago.GroupAuthorizationFailed), err == nil && g.Allowed.Told() && !g.Allowed.Allow(kafka.Read):
		report(failed(checkGroup, fmt.Sprintf("%s may not use group %s: it could neither join it nor commit", k.user(), name),
			fmt.Sprintf("have it allowed: kafka-acls --add --allow-principal User:%s --operation Read --group %s; or set SLUICE_GROUP to one that is", k.principal(), name)))
		return
	case err != nil:
		report(failed(checkGroup, why(ctx, err), "see to the broker that coordinates this group"))
		return
	}
	odd := groupTroubles(name, topic, g, p)
	for _, f := range odd {
		report(f)
	}
	if len(odd) == 0 {
		report(passed(checkGroup, "%s", groupText(name, begins, k.source.Partitions, g, p)))
	}
}

// principal is who is logged in, as Kafka's ACLs call them.
func (k *clusterCheck) principal() string {
	if name := k.cfg.Kafka.SASL.Username; name != "" {
		return name
	}
	return "NAME"
}

// user names who is logged in.
func (k *clusterCheck) user() string {
	if name := k.cfg.Kafka.SASL.Username; name != "" {
		return "user " + name
	}
	return "whoever has not logged in"
}

// groupTroubles are what is odd about a group that can be used.
func groupTroubles(name, topic string, g kafka.Group, p kafka.Progress) []finding {
	var odd []finding
	others := slices.DeleteFunc(g.Topics(), func(t string) bool { return t == topic })
	if len(others) > 0 {
		odd = append(odd, warned(checkGroup, fmt.Sprintf("group %s has members that read something else: %s; each rebalance of theirs stops the worker too",
			name, strings.Join(others, ", ")), "set SLUICE_GROUP to one for this topic alone"))
	}
	if p.Lost > 0 {
		odd = append(odd, warned(checkGroup, fmt.Sprintf("retention has removed %s of %s before group %s read them: they are lost", plural(p.Lost, "message"), topic, name),
			"raise retention.ms of the topic; the worker goes on with what is there"))
	}
	return odd
}

func groupText(name, begins string, partitions int, g kafka.Group, p kafka.Progress) string {
	text := fmt.Sprintf("%s: %s", name, plural(int64(len(g.Members)), "member"))
	switch g.State {
	case "Dead":
		text = name + " does not exist yet"
	case "Stable", "Empty":
	default:
		text += ", rebalancing"
	}
	switch {
	case p.Partitions == 0:
		text += fmt.Sprintf("; %s, of %s", begins, grouped(p.Waiting))
	case p.Partitions < partitions:
		text += fmt.Sprintf("; %d of %d partitions committed, %s behind in them", p.Partitions, partitions, plural(p.Lag, "message"))
	default:
		text += fmt.Sprintf("; %s behind", plural(p.Lag, "message"))
	}
	if g.Allowed.Told() {
		return text + "; may be joined"
	}
	return text + "; whether it may be joined is not told by this broker"
}
