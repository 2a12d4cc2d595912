package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/demo"
	"github.com/sluice-kafka/sluice/internal/telemetry"
)

// demoRate is how many messages a second the demo produces where nobody says otherwise: enough to see all
// that happens, and slow enough to follow it.
const demoRate = 200

// demoTimeout is the demo's time-out of one request: short, so that a request that hangs is seen to fail.
const demoTimeout = 2 * time.Second

// demoFlags are the flags of the demo that are no settings.
type demoFlags struct {
	messages int64
	rate     int
	seed     uint64
	exit     bool
	output   string
}

func (a *app) demoCmd() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: broker, fake Genesys Cloud, producer and worker in one process",
		Long: `See sluice work, with nothing installed: an embedded broker, a fake Genesys Cloud, a producer of
sample messages and the real worker between them, over TCP on free ports of this machine. Some
messages are invalid, some meet a 400, 429, 500 or no answer at all, and there is one short
outage. While it runs it says what to type to look at the dead letters, or to break the API
yourself. Ctrl-C leaves cleanly and tells what became of every message.

It talks to nothing outside its process and reads neither ./sluice.yaml nor the environment;
settings can be given as flags.

With --exit it runs to the end of --messages and exits with 1 if a message was lost or ended out
of order. Equal seeds give equal counts, but for duplicates and the time taken.`,
		Example: `  sluice demo
  sluice demo --messages 20000 --seed 1 --exit -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.exit && !cmd.Flags().Changed("rate") {
				f.rate = 0
			}
			return a.demo(cmd, f)
		},
	}
	flags := cmd.Flags()
	flags.Int64Var(&f.messages, "messages", 0, "how many messages to produce; 0: until stopped")
	flags.IntVar(&f.rate, "rate", demoRate, "messages a second; 0: as fast as they are taken, which is the default with --exit")
	flags.Uint64Var(&f.seed, "seed", 1, "what the messages and their faults follow from")
	flags.BoolVar(&f.exit, "exit", false, "exit when all --messages have ended")
	flags.StringVarP(&f.output, "output", "o", "text", "`format` of the summary: text or json")
	settings(cmd, "worker.", "dead_letter.", "genesys.api", "genesys.rate", "genesys.timeout", "admin.", "log.")
	return cmd
}

func (f demoFlags) check() error {
	switch {
	case f.messages < 0:
		return usageError("--messages: must not be negative (got %d)", f.messages)
	case f.rate < 0:
		return usageError("--rate: must not be negative (got %d)", f.rate)
	case f.exit && f.messages == 0:
		return usageError("--exit needs --messages: without a number there is no end to wait for")
	case f.output != "text" && f.output != formatJSON:
		return usageError("--output: use text or json (got %q)", f.output)
	}
	return nil
}

// demo sets the stage, plays, and tells how it went.
func (a *app) demo(cmd *cobra.Command, f demoFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	cfg, err := a.demoConfig(cmd)
	if err != nil {
		return err
	}
	stage, err := demo.Open(cmd.Context(), demo.Options{
		Seed: f.seed, Messages: f.messages, Rate: f.rate, Ordered: cfg.Worker.Order != "none",
	})
	if err != nil {
		return err
	}
	defer stage.Close()
	onStage(cfg, stage)
	run, err := a.newDemoRun(cfg, f, stage)
	if err != nil {
		return err
	}
	defer run.process.close()
	result, err := run.play(cmd.Context(), a.abort)
	if err != nil {
		return err
	}
	if err := a.printDemo(f, result); err != nil {
		return err
	}
	return result.Err()
}

// demoConfig returns the settings that were given as flags over the defaults.
func (a *app) demoConfig(cmd *cobra.Command) (*config.Config, error) {
	empty, err := os.MkdirTemp("", "sluice-demo-") // holds neither sluice.yaml nor .env
	if err != nil {
		return nil, fmt.Errorf("prepare the demo: %w", err)
	}
	defer func() { _ = os.Remove(empty) }()
	cfg := config.Load(config.Options{File: a.configFile, Dir: empty, Environ: []string{}, Flags: settingsGiven(cmd)})
	if err := cfg.Require(config.ForDemo); err != nil {
		return nil, err
	}
	for _, rule := range cfg.DeadLetter.Redact {
		name, isHeader := strings.CutPrefix(rule, "header:")
		if isHeader && (name == "*" || strings.EqualFold(name, demo.HeaderEvent)) {
			return nil, usageError("--dead-letter-redact: the demo's audit tells messages apart by their header %s: leave out %s", demo.HeaderEvent, rule)
		}
	}
	if !cfg.Origin("genesys.timeout").ByHand() {
		cfg.Genesys.Timeout = demoTimeout
	}
	if !cfg.Origin("worker.drain").ByHand() {
		cfg.Worker.Drain = cfg.Genesys.Timeout + 5*time.Second
	}
	return cfg, nil
}

// onStage points a configuration at the stage, and at nothing else.
func onStage(cfg *config.Config, s *demo.Stage) {
	cfg.Kafka = config.Kafka{
		Brokers: s.Brokers(), Topic: demo.Topic, Group: demo.Group, Start: "earliest",
		DeadLetterTopic: demo.DeadLetterTopic, ResultsTopic: demo.ResultsTopic, CreateTopics: true,
	}
	cfg.Schema.File = ""
	cfg.Genesys = config.Genesys{
		API: cfg.Genesys.API, Rate: cfg.Genesys.Rate, Timeout: cfg.Genesys.Timeout, Input: config.Input{Mode: "payload"},
		BaseURL: s.API(), LoginURL: s.API(), ClientID: demo.ClientID,
		ClientSecret: config.NewSecret(demo.ClientSecret), DataActionID: demo.ActionID,
	}
}

// demoLogger returns where the worker's log goes: to the board where somebody watches that, else to standard
// error, without what is shown anyway unless a level was asked for.
func (a *app) demoLogger(cfg *config.Config, board *demo.Board, live bool) (*zap.Logger, error) {
	if live {
		return zap.New(board.LogCore()), nil
	}
	if cfg.Origin("log.level").ByHand() {
		return telemetry.NewLogger(cfg.Log.Level, cfg.Log.Format, a.streams.Err)
	}
	log, err := telemetry.NewLogger(zapcore.WarnLevel.String(), cfg.Log.Format, a.streams.Err)
	if err != nil {
		return nil, err
	}
	return log.WithOptions(zap.WrapCore(demo.Untold)), nil
}

// printDemo prints the result as it was asked for.
func (a *app) printDemo(f demoFlags, r demo.Result) error {
	if f.output != formatJSON {
		fmt.Fprint(a.streams.Out, demoSummary(a.streams.OutStyle(), r))
		return nil
	}
	object, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return writeOut(a.streams.Out, append(object, '\n'))
}

// ended reports whether a context has.
func ended(ctx context.Context) bool { return ctx.Err() != nil }
