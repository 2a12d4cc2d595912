package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/term"
)

func (a *app) dlqCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "dlq", Short: "Look at the messages that could not be delivered, and deal with them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		a.dlqStatsCmd(), a.dlqLsCmd(), a.dlqShowCmd(), a.dlqTailCmd(), a.dlqExportCmd(),
		a.dlqReplayCmd(), a.dlqResolveCmd(), a.dlqReopenCmd(),
	)
	return cmd
}

// deadLetterSettings gives a command the settings that say where dead letters are.
func deadLetterSettings(cmd *cobra.Command) {
	settings(cmd, "kafka.brokers", "kafka.tls", "kafka.sasl.", "kafka.topic", "kafka.dead_letter_topic")
}

// deadLetters is the dead-letter topic as a command reads it.
type deadLetters struct {
	topic   string
	cluster *kafka.Cluster
	reader  *deadletter.Reader
	scan    *term.Progress
	state   *deadletter.State // nil: not read, see onlyOpen
}

// openDeadLetters connects to Kafka. Close the result.
func (a *app) openDeadLetters(cmd *cobra.Command) (*deadLetters, error) {
	cfg, err := a.load(cmd, config.ForDeadLetters)
	if err != nil {
		return nil, err
	}
	cluster, err := newCluster(cfg)
	if err != nil {
		return nil, err
	}
	d := &deadLetters{topic: cfg.Kafka.DeadLetterTopic, cluster: cluster}
	d.scan = a.streams.NewProgress("reading " + d.topic)
	d.reader, err = deadletter.NewReader(deadletter.ReaderConfig{
		Topic: d.topic, Cluster: cluster,
		OnProgress: func(p deadletter.Progress) { d.scan.Set(p.Scanned, p.Total) },
	})
	if err == nil {
		err = firstContact(cmd.Context(), cluster, d.topic)
	}
	if err != nil {
		cluster.Close()
		return nil, err
	}
	return d, nil
}

func (d *deadLetters) close() { d.cluster.Close() }

// list returns the newest dead letters that the filter selects.
func (d *deadLetters) list(ctx context.Context, f deadletter.Filter) (deadletter.Listing, error) {
	l, err := d.reader.List(ctx, f)
	return l, d.ended(err)
}

// lookup returns the dead letters with these ids that are there.
func (d *deadLetters) lookup(ctx context.Context, ids []string) ([]deadletter.Entry, deadletter.Scanned, error) {
	entries, scanned, err := d.reader.Lookup(ctx, ids...)
	return entries, scanned, d.ended(err)
}

// ended ends the progress of a scan, and returns its error in words for people.
func (d *deadLetters) ended(err error) error {
	d.scan.End()
	if errors.Is(err, kafka.ErrNoTopic) {
		return &exitError{
			code: exitNotFound,
			err: fmt.Errorf("there is no topic %q at %s: either nothing was ever dead-lettered, or the topic has another name",
				d.topic, d.cluster),
			try: "--topic or --dead-letter-topic with the worker's names, or `sluice topics ensure` to create it",
		}
	}
	return d.cluster.Refusal(kafka.Read, d.topic, err)
}

// failedAt returns when a message failed, or of a record that does not say, when that was written.
func failedAt(e deadletter.Entry) time.Time {
	if e.FailedAt.IsZero() {
		return e.Time.UTC()
	}
	return e.FailedAt.UTC()
}

// entryID returns a dead letter's id, or of one that does not tell, where it stands.
func (d *deadLetters) entryID(e deadletter.Entry) string {
	if e.Source.Topic == "" {
		return fmt.Sprintf("? (%s, partition %d, offset %d)", d.topic, e.Partition, e.Offset)
	}
	return e.Source.ID()
}

// cause returns a dead letter's fingerprint, or nothing where the record does not tell.
func cause(e deadletter.Entry) string {
	if e.Code == "" {
		return ""
	}
	return e.Fingerprint()
}
