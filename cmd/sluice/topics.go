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
)

func (a *app) topicsCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "topics", Short: "The topics the worker needs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.topicsEnsureCmd())
	return cmd
}

// ensureOptions are the flags of `topics ensure`.
type ensureOptions struct {
	wait       bool
	timeout    time.Duration
	partitions int
}

func (a *app) topicsEnsureCmd() *cobra.Command {
	var o ensureOptions
	cmd := &cobra.Command{
		Use:   "ensure",
		Short: "Create what is missing: the source topic and those written to",
		Long: `Create what is missing: the source topic, its dead-letter topic and, where SLUICE_RESULTS_TOPIC
names one, the results topic. The latter two get the source's number of partitions and room for
its largest messages. Beside the dead-letter topic goes the log of what becomes of its records,
under its name and .state: one partition, compacted. What exists is left as it is.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.topicsEnsure(cmd, o) },
	}
	cmd.Flags().BoolVar(&o.wait, "wait", false, "wait for the brokers instead of failing when none answers")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 2*time.Minute, "how long to wait")
	cmd.Flags().IntVar(&o.partitions, "partitions", 6, "partitions of a source topic that is created")
	settings(cmd, "kafka.")
	return cmd
}

func (a *app) topicsEnsure(cmd *cobra.Command, o ensureOptions) error {
	cfg, err := a.load(cmd, config.ForTopics)
	if err != nil {
		return err
	}
	if o.partitions < 1 {
		return usageError("--partitions: must be at least 1 (got %d)", o.partitions)
	}
	cluster, err := newCluster(cfg)
	if err != nil {
		return err
	}
	defer cluster.Close()
	ctx := cmd.Context()
	if err := a.awaitBrokers(ctx, cluster, cfg.Kafka.Topic, o); err != nil {
		return err
	}
	partitions, err := a.ensureSource(ctx, cluster, cfg.Kafka.Topic, o.partitions)
	if err != nil {
		return err
	}
	for _, name := range []string{cfg.Kafka.DeadLetterTopic, cfg.Kafka.ResultsTopic} {
		if name == "" {
			continue // no results
		}
		created, err := cluster.EnsureCompanion(ctx, name, cfg.Kafka.Topic, partitions)
		if err != nil {
			return err
		}
		a.reportTopic(name, created)
	}
	log, err := deadletter.NewStateLog(cfg.Kafka.DeadLetterTopic, cluster)
	if err != nil {
		return err
	}
	created, err := log.Ensure(ctx, true)
	if err != nil {
		return err
	}
	a.reportTopic(log.Topic(), created)
	return nil
}

// awaitBrokers asks until a broker answers, where asked to wait; else once.
func (a *app) awaitBrokers(ctx context.Context, cluster *kafka.Cluster, topic string, o ensureOptions) error {
	deadline := time.Now().Add(o.timeout)
	for {
		err := firstContact(ctx, cluster, topic)
		if err == nil || !o.wait || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (a *app) ensureSource(ctx context.Context, cluster *kafka.Cluster, topic string, partitions int) (int, error) {
	existing, err := cluster.Partitions(ctx, topic)
	if err == nil {
		a.reportTopic(topic, false)
		return len(existing), nil
	}
	if !errors.Is(err, kafka.ErrNoTopic) {
		return 0, err
	}
	created, err := cluster.CreateTopic(ctx, kafka.Topic{Name: topic, Partitions: partitions, Replication: -1})
	if err != nil {
		return 0, err
	}
	a.reportTopic(topic, created)
	return partitions, nil
}

func (a *app) reportTopic(name string, created bool) {
	what := "exists"
	if created {
		what = "created"
	}
	fmt.Fprintf(a.streams.Out, "%s  %s\n", a.streams.OutStyle().Green(fmt.Sprintf("%-7s", what)), name)
}
