package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/term"
)

// replayFlags are the flags of `dlq replay`.
type replayFlags struct {
	selection
	opts        deadletter.ReplayOptions
	dryRun, yes bool
	resume, by  string
}

func (a *app) dlqReplayCmd() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [ID…]",
		Short: "Put messages onto the source topic again, for the worker to try once more",
		Long: `Put the messages of dead letters onto their source topic again, for the worker to try once more.

First it says what it would do, and asks. Then it sends a few messages and waits for their end; only
where all of them were delivered it sends the rest. It sends nothing twice: whoever else replays the
same dead letters at the same time is told, and a replay that broke off is resumed where it was.

Left out is what is not open any more, what would fail validation again, what was replayed three
times, and what the action may have run for; the plan says how many, and which flag overrides that.`,
		Example: `  sluice dlq replay --fingerprint 0df19356db92a470 --dry-run
  sluice dlq replay --code MAX_RETRIES_EXCEEDED --since 2h --rate 50
  sluice dlq replay payloads/3/1042 --set /priority=3 --yes
  sluice dlq replay --resume 20261128-013000-4af2c1`,
		Args: anyIDs,
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what it would do, and do nothing")
	flags.BoolVar(&f.yes, "yes", false, "do not ask")
	flags.Float64Var(&f.opts.Rate, "rate", 100, "messages a second, at most; 0: as fast as the brokers take them")
	flags.StringArrayVar(&f.opts.Edits, "set", nil, "replace a value in every payload, `POINTER=VALUE`, VALUE being JSON or else text; may be given several times")
	flags.IntVar(&f.opts.Canary, "canary", 5, "send `N` first and wait for their end; 0: send all at once")
	flags.DurationVar(&f.opts.CanaryWait, "canary-wait", 2*time.Minute, "how long to wait for that")
	flags.StringVar(&f.opts.ForGroup, "for-group", "", "the consumer `group` whose workers are to take the messages; else, for each, the one that wrote its dead letter")
	flags.BoolVar(&f.opts.IncludeUnknown, "include-unknown", false, "also those of which nobody knows whether the action ran: it may run twice")
	flags.BoolVar(&f.opts.SkipNewer, "skip-newer", false, "not those whose key has a newer message on the source topic")
	flags.BoolVar(&f.opts.Again, "again", false, "also those that were replayed or resolved before")
	flags.BoolVar(&f.opts.Force, "force", false, fmt.Sprintf("also those that were replayed %d times, or fail validation here", deadletter.MaxReplays))
	flags.StringVar(&f.resume, "resume", "", "go on with a replay that has stopped or broken off, by its `ID`")
	byFlag(cmd, &f.by)
	output := outputFlag(cmd)
	deadLetterSettings(cmd)
	settings(cmd, "kafka.group", "kafka.create_topics", "schema.", "genesys.input")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.dlqReplay(cmd, args, &f, *output) }
	return cmd
}

// check reads the flags that are no filters.
func (f *replayFlags) check() error {
	switch {
	case f.opts.Rate < 0:
		return usageError("--rate: must not be negative (got %v)", f.opts.Rate)
	case f.opts.Canary < 0:
		return usageError("--canary: must not be negative (got %d)", f.opts.Canary)
	case f.opts.CanaryWait <= 0:
		return usageError("--canary-wait: must be positive (got %s)", f.opts.CanaryWait)
	}
	for _, edit := range f.opts.Edits {
		if _, _, err := parseEdit(edit); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) dlqReplay(cmd *cobra.Command, ids []string, f *replayFlags, output outputFormat) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.resume != "" && (len(ids) > 0 || f.all || f.filtered(cmd) || f.dryRun || len(f.opts.Edits) > 0 || f.opts.ForGroup != "") {
		return usageError("--resume goes on with what the replay was begun with: it takes no IDs, filters, --set, --for-group or --dry-run")
	}
	if f.resume == "" {
		var err error
		if f.opts.Filter, err = f.read(cmd, ids); err != nil {
			return err
		}
	}
	cfg, err := a.load(cmd, config.ForReplay)
	if err != nil {
		return err
	}
	cluster, replayer, progress, err := a.openReplayer(cmd, cfg, f.by)
	if err != nil {
		return err
	}
	defer cluster.Close()
	if f.resume != "" {
		report, err := replayer.Resume(cmd.Context(), f.resume, f.opts)
		progress.end()
		return a.replayed(report, err, output)
	}
	plan, err := replayer.Plan(cmd.Context(), f.opts)
	progress.end()
	if err != nil {
		return planError(cfg, cluster, err)
	}
	return a.carryOut(cmd, cfg, replayer, plan, f, progress, output)
}

// carryOut shows the plan and, where that is confirmed, does what it says.
func (a *app) carryOut(cmd *cobra.Command, cfg *config.Config, r *deadletter.Replayer, plan *deadletter.Plan, f *replayFlags, progress *replayProgress, output outputFormat) error {
	if f.dryRun {
		if err := a.printPlan(plan, output); err != nil {
			return err
		}
		return planResult(plan, cfg)
	}
	sheet := planSheet{style: a.streams.ErrStyle(), plan: plan, opts: f.opts}
	fmt.Fprint(a.streams.Err, sheet.text(cfg.Kafka.Topic))
	if err := planResult(plan, cfg); err != nil || plan.Replays == 0 {
		if output.forPeople() || err != nil && len(plan.Missing) > 0 {
			return err // the plan has said it
		}
		if failed := a.printReport(&deadletter.Report{Skipped: plan.Skipped}, output); failed != nil {
			return failed
		}
		return err
	}
	if err := a.confirm(cmd, f.yes, fmt.Sprintf("Replay %s to topic %s?", plural(int64(plan.Replays), "message"), cfg.Kafka.Topic)); err != nil {
		return err
	}
	report, err := r.Run(cmd.Context(), plan)
	progress.end()
	return a.replayed(report, err, output)
}

// openReplayer connects to Kafka.
func (a *app) openReplayer(cmd *cobra.Command, cfg *config.Config, by string) (*kafka.Cluster, *deadletter.Replayer, *replayProgress, error) {
	contract, err := newContract(cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	cluster, err := newCluster(cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	progress := &replayProgress{streams: a.streams}
	r, err := deadletter.NewReplayer(deadletter.ReplayConfig{
		DeadLetterTopic: cfg.Kafka.DeadLetterTopic, Topic: cfg.Kafka.Topic, Group: cfg.Kafka.Group, Cluster: cluster,
		Contract: contract, By: cmp.Or(by, myself()), CreateTopics: cfg.Kafka.CreateTopics, OnProgress: progress.set,
		OnBegin: func(id string) {
			progress.end()
			fmt.Fprintf(a.streams.Err, "Replay %s begins. Whatever ends it, it can be resumed: sluice dlq replay --resume %s\n", id, id)
		},
	})
	if err == nil {
		err = firstContact(cmd.Context(), cluster, cfg.Kafka.DeadLetterTopic)
	}
	if err != nil {
		cluster.Close()
		return nil, nil, nil, err
	}
	return cluster, r, progress, nil
}

// replayProgress draws how far a replay is.
type replayProgress struct {
	streams term.Streams
	doing   string
	drawn   *term.Progress
}

func (p *replayProgress) set(now deadletter.ReplayProgress) {
	if now.Doing != p.doing {
		p.end()
		p.doing, p.drawn = now.Doing, p.streams.NewProgress(now.Doing)
	}
	if now.Total > 0 {
		p.drawn.Set(now.Done, now.Total)
	} else {
		p.drawn.Tell("please wait")
	}
}

func (p *replayProgress) end() {
	if p.drawn != nil {
		p.drawn.End()
	}
	p.doing, p.drawn = "", nil
}

// planError says what to do about a plan that cannot be made.
func planError(cfg *config.Config, cluster *kafka.Cluster, err error) error {
	if errors.Is(err, kafka.ErrNoTopic) {
		return &exitError{code: exitNotFound, err: err, try: "--topic or --dead-letter-topic with the worker's names, or `sluice topics ensure` to create them"}
	}
	return cluster.Refusal(kafka.Read, cfg.Kafka.DeadLetterTopic, err)
}

// planResult returns the error of a plan that does not come to anything, or not to all that was asked for.
func planResult(p *deadletter.Plan, cfg *config.Config) error {
	switch {
	case len(p.Missing) > 0:
		return &exitError{
			code: exitNotFound, try: "sluice dlq ls",
			err: fmt.Errorf("no dead letter %s in topic %q; nothing was replayed", strings.Join(p.Missing, ", "), cfg.Kafka.DeadLetterTopic),
		}
	case p.Replays == 0 && len(p.Skipped) > 0:
		return &exitError{code: exitFailed, err: errors.New("none of them can be replayed as asked: the plan says why")}
	}
	return nil
}

// replayed prints the report and returns how the command ends.
func (a *app) replayed(r *deadletter.Report, err error, output outputFormat) error {
	if r != nil && (err == nil || r.Replayed > 0 || r.Stopped != "") {
		if err := a.printReport(r, output); err != nil {
			return err
		}
	}
	var stop *deadletter.StopError
	switch {
	case errors.Is(err, deadletter.ErrNoReplay):
		return &exitError{code: exitNotFound, err: err}
	case errors.Is(err, deadletter.ErrNothingSent):
		return &exitError{code: exitPartly, err: err, try: "sluice dlq replay with the filters that it was begun with; its claims are given back"}
	case errors.As(err, &stop):
		return stopError(stop, r)
	case errors.Is(err, context.Canceled):
		return err
	case err != nil:
		return err
	}
	skipped := 0
	for _, k := range r.Skipped {
		skipped += k.Count
	}
	switch {
	case r.Replayed == 0 && skipped > 0:
		return &exitError{code: exitFailed, err: errors.New("nothing was replayed")}
	case skipped > 0 || r.FailedAgain > 0:
		return &exitError{code: exitPartly, err: fmt.Errorf("only a part was replayed, or ended well: %s left out, %s again",
			grouped(int64(skipped)), plural(int64(r.FailedAgain), "failure"))}
	}
	return nil
}

// stopError says how a command ends whose replay has stopped.
func stopError(stop *deadletter.StopError, r *deadletter.Report) error {
	e := &exitError{code: exitPartly, err: stop, try: "sluice dlq replay --resume " + stop.Replay + ": it goes on where it stopped"}
	switch stop.Stop {
	case deadletter.StopCanary:
		e.code = exitStopped
	case deadletter.StopCancelled:
		e.code = exitInterrupted
	case deadletter.StopTaken:
		e.try = ""
	case deadletter.StopUnsure, deadletter.StopFailed:
		if r != nil && r.Replayed == 0 {
			e.code = exitFailed
		}
	}
	return e
}
