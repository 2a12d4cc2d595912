package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/telemetry"
)

func (a *app) healthCmd() *cobra.Command {
	var ready bool
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a running worker whether it is well; for container health checks",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.load(cmd, config.ForAdmin)
			if err != nil {
				return err
			}
			path := telemetry.PathLive
			if ready {
				path = telemetry.PathReady
			}
			report, err := telemetry.Health(cmd.Context(), cfg.Admin.Addr, path)
			if err != nil {
				return err
			}
			fmt.Fprintln(a.streams.Out, report)
			if !report.OK() {
				return errSilent
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&ready, "ready", false, "ask whether it is ready, not only alive")
	settings(cmd, "admin.")
	return cmd
}
