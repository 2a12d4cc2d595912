package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/internal/config"
)

// checkTimeout bounds the whole command.
const checkTimeout = 30 * time.Second

func (a *app) checkCmd() *cobra.Command {
	var printConfig bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check that the worker can work: configuration, Kafka, schema, Genesys Cloud",
		Long: `Check that the worker can work, before it is started or while it runs: a line for each thing, with
what was found and what to do. Nothing is changed: no topic is created, the group is not joined, and
the action is not run. It takes at most 30 seconds.

Exit code 0 if nothing failed (warnings are no failures), 1 if something did, 2 if the configuration
is wrong; what does not depend on the wrong part is checked all the same.`,
		Example: `  sluice check
  sluice check --print-config
  sluice check -o ndjson | jq -r 'select(.result == "fail") | .do'`,
		Args: cobra.NoArgs,
	}
	output := outputFlag(cmd)
	cmd.Flags().BoolVar(&printConfig, "print-config", false, "print every setting and where it came from, and check no more than that")
	settings(cmd, "kafka.", "schema.", "worker.", "dead_letter.", "genesys.", "admin.", "log.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg := config.Load(config.Options{File: a.configFile, Flags: settingsGiven(cmd)})
		if printConfig {
			return a.printConfig(cfg, *output)
		}
		return a.check(cmd.Context(), cfg, *output)
	}
	return cmd
}

// printConfig prints the effective configuration, and then what is wrong with it.
func (a *app) printConfig(cfg *config.Config, output outputFormat) error {
	if !output.forPeople() {
		return usageError("--output: --print-config prints a sluice.yaml (got %s)", output)
	}
	if err := cfg.Print(a.streams.Out); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	a.tellWarnings(cfg)
	return cfg.Require(config.ForCheck)
}

// lane is a series of checks each of which may depend on those before it. Lanes run side by side.
type lane func(ctx context.Context, report func(finding))

// check makes all checks and prints what they find: side by side, but in one order.
func (a *app) check(ctx context.Context, cfg *config.Config, output outputFormat) error {
	within, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var found []<-chan finding
	for _, run := range []lane{localChecks(cfg), kafkaChecks(cfg), genesysChecks(cfg)} {
		found = append(found, startLane(within, run))
	}
	out := a.findingPrinter(output)
	counted, configuration := tally{}, false
	for _, lane := range found {
		for {
			f, more, err := nextFinding(ctx, lane)
			if err != nil {
				return err
			}
			if !more {
				break
			}
			counted[f.Result]++
			configuration = configuration || f.configuration
			if err := out.print(f); err != nil {
				return err
			}
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	fmt.Fprintln(a.streams.Err, counted)
	switch {
	case configuration:
		return &exitError{code: exitUsage, err: errSilent}
	case counted[resultFail] > 0:
		return errSilent
	}
	return nil
}

// maxFindings is more than any lane reports, so that none waits for the printer.
const maxFindings = 256

func startLane(ctx context.Context, run lane) <-chan finding {
	found := make(chan finding, maxFindings)
	go func() {
		defer close(found)
		run(ctx, func(f finding) { found <- f })
	}()
	return found
}

// nextFinding waits for the next finding of a lane, unless somebody stops us.
func nextFinding(ctx context.Context, lane <-chan finding) (f finding, more bool, err error) {
	select {
	case f, more = <-lane:
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // what was cut off would look like a failure
		return finding{}, false, ctx.Err()
	}
	return f, more, nil
}

// why returns the text of an error for a finding, where the command's own time-out is what ended it.
func why(ctx context.Context, err error) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within the %v that sluice check takes at most", checkTimeout)
	}
	return err.Error()
}
