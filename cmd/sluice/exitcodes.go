package main

import "github.com/spf13/cobra"

// exitCodesTopic is `sluice help exit-codes`.
func exitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the codes mean that sluice ends with",
		Long: `What the codes mean that sluice ends with:

    0  it did what was asked; for run and demo also: stopped by the first Ctrl-C or SIGTERM
    1  it failed, or what it checked is not in order
    2  it was called or configured wrongly, or a file cannot be read
    3  what was asked for does not exist
    4  credentials were refused, or may not do what was asked
    5  of what was asked, only a part was done, as when some messages could not be replayed
    6  something would change, and nobody said yes (--yes says it)
    7  a replay has stopped: the first messages did not end well, or not in time
  130  interrupted; for run and demo: stopped at once by a second signal
  141  the reader of its output has gone, as behind head (SIGPIPE, as a shell tells it)`,
	}
}
