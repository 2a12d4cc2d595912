package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/config"
)

// noteFlags are the flags of `dlq resolve` and `dlq reopen`.
type noteFlags struct {
	selection
	note, by    string
	dryRun, yes bool
}

func (a *app) dlqResolveCmd() *cobra.Command {
	var f noteFlags
	cmd := &cobra.Command{
		Use:   "resolve [ID…]",
		Short: "Say that nothing more is to be done about dead letters",
		Long: `Say that nothing more is to be done about dead letters, and why. They are not open any more: they
are neither listed as such nor replayed. The records stay where they are, and the note beside them:
sluice dlq show prints it. sluice dlq reopen takes it back.`,
		Example: `  sluice dlq resolve payloads/3/1042 --note "sent by hand, see ticket 4711"
  sluice dlq resolve --fingerprint 0df19356db92a470 --note "test data of the load test"`,
		Args: anyIDs,
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.note, "note", "", "why, for those who come later; required")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what it would do, and do nothing")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	byFlag(cmd, &f.by)
	output := outputFlag(cmd)
	deadLetterSettings(cmd)
	settings(cmd, "kafka.create_topics")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		filter, err := f.read(cmd, args)
		if err != nil {
			return err
		}
		if strings.TrimSpace(f.note) == "" {
			return usageError("--note: say why nothing more is to be done, for those who come later")
		}
		return a.dlqNote(cmd, deadletter.StateResolved, filter, &f, *output)
	}
	return cmd
}

func (a *app) dlqReopenCmd() *cobra.Command {
	var f noteFlags
	cmd := &cobra.Command{
		Use:   "reopen ID…",
		Short: "Say that something is to be done about dead letters after all",
		Long: `Say that something is to be done about dead letters after all: they are open again. It takes back
sluice dlq resolve, and a replay whose message is known to have gone astray.`,
		Example: `  sluice dlq reopen payloads/3/1042 --note "the ticket was about another one"`,
		Args:    needIDs,
	}
	cmd.Flags().StringVar(&f.note, "note", "", "why, for those who come later")
	byFlag(cmd, &f.by)
	output := outputFlag(cmd)
	deadLetterSettings(cmd)
	settings(cmd, "kafka.create_topics")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.dlqNote(cmd, deadletter.StateReopened, deadletter.Filter{IDs: unique(args)}, &f, *output)
	}
	return cmd
}

// notedLetter is a dead letter that was resolved or reopened, or not, as -o json prints it.
type notedLetter struct {
	ID     string `json:"id"`
	Before string `json:"before"` // its state until now
	Noted  bool   `json:"noted"`
	Why    string `json:"why,omitempty"` // it was not

	entry deadletter.Entry
}

// dlqNote resolves or reopens dead letters.
func (a *app) dlqNote(cmd *cobra.Command, kind deadletter.StateKind, filter deadletter.Filter, f *noteFlags, output outputFormat) error {
	letters, err := a.openDeadLetters(cmd)
	if err != nil {
		return err
	}
	defer letters.close()
	log, err := deadletter.NewStateLog(letters.topic, letters.cluster)
	if err != nil {
		return err
	}
	noted, missing, err := letters.toNote(cmd.Context(), log, kind, filter)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return &exitError{
			code: exitNotFound, try: "sluice dlq ls",
			err: fmt.Errorf("no dead letter %s in topic %q; nothing was changed", strings.Join(missing, ", "), letters.topic),
		}
	}
	var entries []deadletter.Entry
	for _, n := range noted {
		if n.Why == "" {
			entries = append(entries, n.entry)
		}
	}
	if len(filter.IDs) == 0 && len(entries) > 0 && !f.dryRun {
		if err := a.confirm(cmd, f.yes, fmt.Sprintf("Resolve %s?", plural(int64(len(entries)), "open dead letter"))); err != nil {
			return err
		}
	}
	if !f.dryRun && len(entries) > 0 {
		if err := a.note(cmd, log, deadletter.Note{Kind: kind, By: cmp.Or(f.by, myself()), Text: f.note}, entries); err != nil {
			return err
		}
	}
	if err := a.printNoted(noted, kind, f.dryRun, output); err != nil {
		return err
	}
	if len(entries) < len(noted) {
		return &exitError{code: exitPartly, err: fmt.Errorf("%s not %s: see above", plural(int64(len(noted)-len(entries)), "dead letter"), kind)}
	}
	return nil
}

// note writes to the log.
func (a *app) note(cmd *cobra.Command, log *deadletter.StateLog, n deadletter.Note, entries []deadletter.Entry) error {
	cfg := config.Load(config.Options{File: a.configFile, Flags: settingsGiven(cmd)})
	ctx, cancel := context.WithTimeout(cmd.Context(), 30*time.Second)
	defer cancel()
	if _, err := log.Ensure(ctx, cfg.Kafka.CreateTopics); err != nil {
		return &exitError{code: exitUsage, err: fmt.Errorf("the state log, topic %q: %w", log.Topic(), err), try: "sluice topics ensure"}
	}
	return log.Record(ctx, n, entries...)
}

// toNote finds the dead letters that are to be resolved or reopened, each once, with why one is not.
func (d *deadLetters) toNote(ctx context.Context, log *deadletter.StateLog, kind deadletter.StateKind, f deadletter.Filter) (noted []notedLetter, missing []string, err error) {
	state, err := log.Load(ctx)
	if err != nil {
		return nil, nil, err
	}
	limit := f.Limit
	f.Limit = 0
	type letter struct{ id, hash string }
	known := map[letter]bool{}
	found := map[string]bool{}
	for e, err := range d.reader.Scan(ctx, f) {
		if err != nil {
			return nil, nil, d.ended(err)
		}
		id := e.Source.ID()
		if e.Err != nil || known[letter{id, e.PayloadSHA256}] {
			continue
		}
		known[letter{id, e.PayloadSHA256}], found[id] = true, true
		status := state.Of(id, e.PayloadSHA256)
		n := notedLetter{ID: id, Before: status.String(), Noted: true, entry: deadletter.Entry{Record: deadletter.Record{Source: e.Source}, PayloadSHA256: e.PayloadSHA256}}
		switch {
		case !status.Open() && len(f.IDs) == 0:
			continue // filters select what is open
		case kind == deadletter.StateReopened && status.Open(), kind == deadletter.StateResolved && status.Kind == deadletter.StateResolved:
			n.Why = "it is " + status.String() + " already"
		case kind == deadletter.StateReopened && status.Kind == deadletter.StateFailedAgain:
			n.Why = "it was " + status.String() + ": deal with that one"
		case kind == deadletter.StateResolved && status.Claim != nil:
			n.Why = "it is " + status.String() + ": its replay would send it all the same"
		}
		n.Noted = n.Why == ""
		if noted = append(noted, n); limit > 0 && len(noted) == limit {
			break
		}
	}
	d.scan.End()
	missing = slices.DeleteFunc(slices.Clone(f.IDs), func(id string) bool { return found[id] })
	return noted, missing, nil
}

func (a *app) printNoted(noted []notedLetter, kind deadletter.StateKind, dry bool, output outputFormat) error {
	if !output.forPeople() {
		objects := objectWriter{out: a.streams.Out, format: output}
		for _, n := range noted {
			n.Noted = n.Noted && !dry
			if err := objects.add(n); err != nil {
				return err
			}
		}
		return objects.end()
	}
	const most = 20
	var b strings.Builder
	done := 0
	for i, n := range noted {
		if n.Noted {
			done++
		}
		switch {
		case i >= most && n.Noted:
		case n.Noted:
			fmt.Fprintf(&b, "%s  was %s\n", n.ID, n.Before)
		default:
			fmt.Fprintf(&b, "%s  left as it is: %s\n", n.ID, n.Why)
		}
	}
	if err := writeOut(a.streams.Out, []byte(b.String())); err != nil {
		return err
	}
	would := ""
	if dry {
		would = "would be "
	}
	fmt.Fprintf(a.streams.Err, "%s %s%s\n", plural(int64(done), "dead letter"), would, kind)
	return nil
}
