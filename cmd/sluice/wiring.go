package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/results"
	"github.com/sluice-kafka/sluice/schema"
	"github.com/sluice-kafka/sluice/worker"
)

// This file maps the configuration to the parts' own, and is where the parts meet.

var (
	_ worker.Validator        = (*schema.Validator)(nil)
	_ worker.Attempter        = (*genesys.Client)(nil)
	_ worker.DeadLetterWriter = (*deadletter.Writer)(nil)
	_ worker.ResultWriter     = (*results.Writer)(nil)
	_ worker.ReplayLog        = (*deadletter.EndLog)(nil)
)

// newCluster returns the connection to Kafka.
func newCluster(cfg *config.Config) (*kafka.Cluster, error) {
	k := cfg.Kafka
	cluster, err := kafka.New(kafka.Config{
		Brokers: k.Brokers,
		TLS:     kafka.TLS{Enabled: k.TLS, CA: k.TLSCA, Cert: k.TLSCert, Key: k.TLSKey, ServerName: k.TLSServerName},
		SASL:    kafka.SASL{Mechanism: k.SASL.Mechanism, Username: k.SASL.Username, Password: k.SASL.Password.Reveal()},
	})
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	return cluster, nil
}

// newValidator compiles the configured schema, or the default one.
func newValidator(cfg *config.Config) (*schema.Validator, error) {
	opts := schema.Options{MaxBytes: int(cfg.Schema.MaxBytes)}
	var v *schema.Validator
	var err error
	if cfg.Schema.File == "" {
		v, err = schema.Compile(schema.Default(), opts)
	} else {
		v, err = schema.Load(cfg.Schema.File, opts)
	}
	if err != nil {
		return nil, schemaError(cfg, err)
	}
	return v, nil
}

// schemaError says what to do about a schema that cannot be used.
func schemaError(cfg *config.Config, err error) error {
	e := &exitError{code: exitUsage, err: err}
	var unread *schema.FileError
	var refused *schema.LintError
	switch {
	case errors.As(err, &unread):
		e.try = "check SLUICE_SCHEMA; without one, the built-in schema is used (sluice schema show prints it)"
	case errors.As(err, &refused):
		e.try = "sluice schema lint " + cfg.Schema.File
	}
	return e
}

// newClient returns the API client. dial replaces how connections are made, where not nil.
func newClient(cfg *config.Config, dial genesys.DialFunc, onToken func(time.Time, error)) (*genesys.Client, error) {
	client, err := genesys.New(clientConfig(cfg, dial, onToken))
	if err != nil {
		return nil, &exitError{code: exitUsage, err: placedInput(cfg, err)}
	}
	return client, nil
}

func clientConfig(cfg *config.Config, dial genesys.DialFunc, onToken func(time.Time, error)) genesys.Config {
	g := cfg.Genesys
	rate := int(g.Rate)
	if rate == 0 {
		rate = -1 // "none", where the client's zero would mean the style's default
	}
	var success genesys.Success
	if g.Success.Pointer != "" {
		success.Pointer = g.Success.Pointer
		_ = json.Unmarshal(g.Success.Value, &success.Value) // config has checked that it is JSON
	}
	return genesys.Config{
		API: genesys.API(g.API), Region: g.Region, BaseURL: g.BaseURL, LoginURL: g.LoginURL,
		ClientID: g.ClientID, ClientSecret: genesys.NewSecret(g.ClientSecret.Reveal()), ActionID: g.DataActionID,
		Timeout: g.Timeout, Concurrency: cfg.Worker.Concurrency, Rate: rate,
		Input: inputConfig(cfg), Success: success, UserAgent: "sluice/" + version(), Dial: dial, OnToken: onToken,
	}
}

// newResults returns the writer of results, nil where none are to be written.
func newResults(cfg *config.Config, cluster *kafka.Cluster, log *zap.Logger, onFailure func()) (*results.Writer, error) {
	if cfg.Kafka.ResultsTopic == "" {
		return nil, nil
	}
	return results.NewWriter(results.WriterConfig{
		Topic: cfg.Kafka.ResultsTopic, Cluster: cluster, Logger: log, OnFailure: onFailure,
	})
}

// workerConfig returns the worker's configuration.
func workerConfig(cfg *config.Config, client genesys.Config, log *zap.Logger, o worker.Observer) worker.Config {
	w := cfg.Worker
	resolved := client.Resolve()
	return worker.Config{
		Topic: cfg.Kafka.Topic, Group: cfg.Kafka.Group, Start: worker.Start(cfg.Kafka.Start),
		DeadLetterTopic: cfg.Kafka.DeadLetterTopic, CreateTopics: cfg.Kafka.CreateTopics,
		Order: worker.Order(w.Order), Concurrency: w.Concurrency,
		MaxInFlight: w.MaxInFlight, MaxInFlightBytes: int64(w.MaxInFlightBytes), MaxAhead: int64(w.MaxAhead),
		MaxAttempts: w.MaxAttempts, GiveUpAfter: w.GiveUpAfter,
		RetryUnknown: worker.UnknownPolicy(w.RetryUnknown), Tombstones: worker.Tombstones(w.Tombstones), Refusals: refusals(w.Refusals),
		RequestTimeout: resolved.Timeout, Drain: w.Drain,
		Action:    deadletter.Action{ID: resolved.ActionID, API: string(resolved.API), URL: client.InvokeURL()},
		Processor: deadletter.Processor{Version: version(), Group: cfg.Kafka.Group, Host: hostname()},
		Logger:    log, Observer: o,
	}
}

// refusals maps the setting's 0, never, to the worker's.
func refusals(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

// firstContact makes sure that Kafka can be worked with before anything else is done, so that a wrong address
// or password is told in words instead of by a worker that waits silently. A topic may be missing.
func firstContact(ctx context.Context, cluster *kafka.Cluster, topic string) error {
	err := cluster.Contact(ctx, topic)
	var trouble *kafka.Error
	if errors.As(err, &trouble) && trouble.Trouble == kafka.TroubleClosed {
		return &exitError{code: exitFailed, err: errors.New(trouble.Summary()), try: trouble.Fix + "; to see sluice without Kafka: sluice demo"}
	}
	return err
}
