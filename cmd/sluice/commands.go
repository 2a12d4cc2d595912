package main

import "github.com/spf13/cobra"

// commands returns the command tree, in the order of the help.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.demoCmd(),
		a.runCmd(),
		a.checkCmd(),
		a.validateCmd(),
		a.invokeCmd(),
		a.produceCmd(),
		a.invocationsCmd(),
		a.heldCmd(),
		a.pauseCmd(),
		a.resumeCmd(),
		a.dlqCmd(),
		a.schemaCmd(),
		a.topicsCmd(),
		a.mockCmd(),
		a.explainCmd(),
		a.healthCmd(),
		a.versionCmd(),
		exitCodesTopic(),
	}
}
