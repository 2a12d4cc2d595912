package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/telemetry"
	"github.com/sluice-kafka/sluice/worker"
)

func (a *app) pauseCmd() *cobra.Command {
	return a.switchCmd("pause", telemetry.PathPause, "Stop a running worker's sending, until resume",
		"Stop a running worker's sending. Requests at the API finish; messages are fetched and validated up\nto the in-flight limits and wait. Nothing is dead-lettered for a pause, however long.",
		"paused: nothing is sent until 'sluice resume'")
}

func (a *app) resumeCmd() *cobra.Command {
	return a.switchCmd("resume", telemetry.PathResume, "Let a running worker send again, after pause or the refusal brake",
		"Let a running worker send again: after 'sluice pause', or after it stopped by itself because the API\nrefused too many messages in a row.",
		"resumed: messages are sent again")
}

func (a *app) switchCmd(name, path, short, long, done string) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.load(cmd, config.ForAdmin)
			if err != nil {
				return err
			}
			if err := telemetry.Control(cmd.Context(), cfg.Admin.Addr, path); err != nil {
				return err
			}
			fmt.Fprintln(a.streams.Out, done)
			return nil
		},
	}
	settings(cmd, "admin.")
	return cmd
}

func (a *app) heldCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "held", Short: "The messages that a running worker holds or retries", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.heldLsCmd(), a.heldDeadLetterCmd())
	return cmd
}

func (a *app) heldLsCmd() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List what is held or retried: why, since when, the next try",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return usageError("--output: use table or json (got %q)", output)
			}
			cfg, err := a.load(cmd, config.ForAdmin)
			if err != nil {
				return err
			}
			var s worker.Snapshot
			if err := telemetry.Status(cmd.Context(), cfg.Admin.Addr, &s); err != nil {
				return err
			}
			if output == "json" {
				out := json.NewEncoder(a.streams.Out)
				out.SetIndent("", "  ")
				return out.Encode(s.HeldMessages)
			}
			a.printHeld(s)
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	settings(cmd, "admin.")
	return cmd
}

func (a *app) printHeld(s worker.Snapshot) {
	if s.Halted != nil {
		fmt.Fprintf(a.streams.Err, "nothing is sent since %s: %s\n", s.Halted.Since.Format(time.RFC3339), s.Halted.Why)
	}
	if s.Breaker.State != "closed" && s.Breaker.Since != nil {
		fmt.Fprintf(a.streams.Err, "the API does not serve since %s (breaker %s)\n", s.Breaker.Since.Format(time.RFC3339), s.Breaker.State)
	}
	if s.Held == 0 {
		fmt.Fprintln(a.streams.Out, "nothing is held or retried")
		return
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"ID", "STATE", "SINCE", "NEXT TRY", "GIVEN UP", "ATTEMPTS", "WHY"})
	for _, m := range s.HeldMessages {
		next := "when the API serves"
		if m.NextTry != nil {
			next = m.NextTry.Format(time.TimeOnly)
		}
		t.AppendRow(table.Row{m.ID, m.State, m.Since.Format(time.RFC3339), next, m.Until.Format(time.RFC3339), m.Attempts, m.Why})
	}
	fmt.Fprintln(a.streams.Out, t.Render())
	if more := s.Held - len(s.HeldMessages); more > 0 {
		fmt.Fprintf(a.streams.Err, "and %d more, held for less long\n", more)
	}
}

func (a *app) heldDeadLetterCmd() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "dead-letter ID",
		Short: "End a held message now: it becomes a dead letter, and the next of its key goes on",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.load(cmd, config.ForAdmin)
			if err != nil {
				return err
			}
			if !yes {
				return &exitError{
					code: exitUnconfirmed,
					err:  fmt.Errorf("%s would become a dead letter now, and not be tried again", args[0]),
					try:  "sluice held dead-letter --yes " + args[0],
				}
			}
			err = telemetry.Control(cmd.Context(), cfg.Admin.Addr, telemetry.PathDeadLetterHeld(args[0]))
			if errors.Is(err, telemetry.ErrNotHeld) {
				return &exitError{code: exitNotFound, err: err, try: "sluice held ls"}
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(a.streams.Out, "%s ends as a dead letter\n", args[0])
			return nil
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	settings(cmd, "admin.")
	return cmd
}
