package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/term"
)

// eachCommand visits the command tree.
func eachCommand(visit func(c *cobra.Command)) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		visit(c)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk((&app{}).rootCmd())
}

func TestHelp_BeginsWithWhatTheCommandDoes(t *testing.T) {
	says := regexp.MustCompile(`^(sluice reads|[A-Z][a-z]*) [a-z]`)
	eachCommand(func(c *cobra.Command) {
		var out bytes.Buffer
		args := strings.Fields(c.CommandPath() + " --help")[1:]
		code := run(t.Context(), t.Context(), args, term.Streams{In: strings.NewReader(""), Out: &out, Err: &out})
		require.Zero(t, code, c.CommandPath())
		require.Regexp(t, says, out.String(), c.CommandPath())
		require.NotEmpty(t, c.Short, c.CommandPath())
		require.NotRegexp(t, `\.$`, c.Short, "%s: a short line, not a sentence", c.CommandPath())
		for line := range strings.Lines(c.Long + "\n" + c.Example) {
			require.LessOrEqual(t, len([]rune(strings.TrimRight(line, "\n"))), 110, "%s: %q", c.CommandPath(), line)
		}
	})
}

func TestHelp_TellsOfEveryExitCode(t *testing.T) {
	for _, code := range []int{exitOK, exitFailed, exitUsage, exitNotFound, exitCredentials, exitPartly, exitUnconfirmed, exitStopped, exitInterrupted} {
		require.Regexp(t, fmt.Sprintf(`(?m)^ +%d  \w`, code), exitCodesTopic().Long)
	}
}

func TestHelp_ExamplesAreCommands(t *testing.T) {
	root := (&app{}).rootCmd()
	eachCommand(func(c *cobra.Command) {
		for line := range strings.Lines(c.Example) {
			at := strings.Index(line, "sluice ")
			if at < 0 {
				continue
			}
			found, rest, err := root.Find(strings.Fields(line[at:])[1:])
			require.NoError(t, err, line)
			require.True(t, found.Runnable(), line)
			for _, arg := range rest {
				if name, ok := strings.CutPrefix(arg, "--"); ok {
					require.NotNil(t, found.Flag(name), line)
				}
			}
		}
	})
}
