package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/kafka"
)

// sinceThen returns what happened to a dead letter after it was written, oldest first; nothing where nothing did.
func sinceThen(ctx context.Context, cluster *kafka.Cluster, topic string, e deadletter.Entry) ([]deadletter.StateEntry, error) {
	if e.Err != nil {
		return nil, nil //nolint:nilerr // nobody can have dealt with what cannot be read
	}
	log, err := deadletter.NewStateLog(topic, cluster)
	if err != nil {
		return nil, err
	}
	return log.History(ctx, e.Source.ID(), e.PayloadSHA256)
}

// historyText writes an entry for people.
func historyText(e deadletter.StateEntry) string {
	text := ""
	switch e.Kind {
	case deadletter.StateClaimed:
		text = fmt.Sprintf("claimed by %s for replay %s, until %s unless that goes on", e.By, e.Replay, e.Until.UTC().Format(time.TimeOnly))
	case deadletter.StateReplayed:
		text = fmt.Sprintf("replayed by %s, as %s", e.By, e.Replay)
	case deadletter.StateSucceeded:
		text = "the replayed message was delivered"
	case deadletter.StateFailedAgain:
		text = "the replayed message failed again: sluice dlq show " + e.NewID
	case deadletter.StateResolved:
		text = "resolved by " + e.By
	case deadletter.StateReopened:
		text = "reopened by " + e.By
	case deadletter.StateNone:
	}
	if e.Note != "" {
		text += ": " + e.Note
	}
	return text
}
