package main

import (
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-kafka/sluice/deadletter"
)

// selection says which dead letters a command that changes something is about: those named, those that filters
// select, or all.
type selection struct {
	filter filterFlags
	names  []string // of the flags that select
	limit  int
	all    bool
}

func (s *selection) add(cmd *cobra.Command) {
	s.filter.add(cmd)
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		s.names = append(s.names, f.Name)
	})
	cmd.Flags().IntVar(&s.limit, "limit", 0, "at most `N`, those that were produced first; 0: all")
	cmd.Flags().BoolVar(&s.all, "all", false, "all that are open")
}

// read returns the filter. Nothing is selected by saying nothing.
func (s *selection) read(cmd *cobra.Command, ids []string) (deadletter.Filter, error) {
	f, err := s.filter.filter(time.Now())
	if err != nil {
		return f, err
	}
	if s.limit < 0 {
		return f, usageError("--limit: must not be negative (got %d)", s.limit)
	}
	f.Limit = s.limit
	f.IDs = unique(ids)
	if len(ids) == 0 && !s.all && !s.filtered(cmd) {
		return f, &exitError{
			code: exitUsage, err: fmt.Errorf("%s: say which dead letters: their IDs, filters such as --code or --fingerprint, or --all", cmd.CommandPath()),
			try: "sluice dlq ls",
		}
	}
	if s.all && (len(ids) > 0 || s.filtered(cmd)) {
		return f, usageError("--all goes with neither IDs nor filters")
	}
	return f, nil
}

// filtered reports whether a filter was given.
func (s *selection) filtered(cmd *cobra.Command) bool {
	for _, name := range s.names {
		if cmd.Flags().Changed(name) {
			return true
		}
	}
	return false
}

// anyIDs accepts any number of IDs.
func anyIDs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return needIDs(cmd, args)
}

// myself names whoever types the command, as user@host.
func myself() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if name == "" {
		name = "somebody"
	}
	return name + "@" + hostname()
}

// byFlag gives a command --by.
func byFlag(cmd *cobra.Command, by *string) {
	cmd.Flags().StringVar(by, "by", "", "who you are, as others will see it (default user@host)")
}

// confirm asks for a yes unless it was given.
func (a *app) confirm(cmd *cobra.Command, yes bool, question string) error {
	switch {
	case yes:
		return nil
	case !a.streams.CanAsk():
		return &exitError{
			code: exitUnconfirmed, err: fmt.Errorf("%s Nobody said yes, and there is no terminal to ask at", question),
			try: cmd.CommandPath() + " … --yes, or --dry-run to see what it would do",
		}
	case !a.streams.Ask(cmd.Context(), question):
		return &exitError{code: exitUnconfirmed, err: fmt.Errorf("not confirmed: nothing was changed")}
	}
	return nil
}
