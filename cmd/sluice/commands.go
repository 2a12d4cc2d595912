package main

import "github.com/spf13/cobra"

// commands returns the command tree, in the order of the help.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.demoCmd(),
		a.runCmd(),
		a.validateCmd(),
		a.produceCmd(),
		a.heldCmd(),
		a.pauseCmd(),
		a.resumeCmd(),
		a.dlqCmd(),
		a.schemaCmd(),
		a.topicsCmd(),
		a.mockCmd(),
		a.healthCmd(),
		a.versionCmd(),
		exitCodesTopic(),
	}
}
