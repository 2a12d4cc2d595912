package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
)

func (a *app) dlqShowCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show ID…",
		Short: "Show dead letters in full: what happened, whose move it is, the payload",
		Long: `Show dead letters in full: what happened, whose move it is, the payload with the failing fields
marked, every attempt, and the API's last answer. An ID is topic/partition/offset of the message,
as sluice dlq ls lists it.

With -o json or ndjson, the record is printed as it is stored.`,
		Example: `  sluice dlq show payloads/3/1042
  sluice dlq show payloads/3/1042 -o json | jq .payload.json`,
		Args: needIDs,
	}
	output := outputFlag(cmd)
	deadLetterSettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.dlqShow(cmd, unique(args), *output) }
	return cmd
}

func needIDs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("name the ID of a dead letter, such as payloads/3/1042; sluice dlq ls lists them")
	}
	for _, id := range args {
		if _, _, _, err := deadletter.ParseID(id); err != nil {
			return fmt.Errorf("%q is not the ID of a dead letter: want topic/partition/offset, such as payloads/3/1042; sluice dlq ls lists them", id)
		}
	}
	return nil
}

func unique(ids []string) []string {
	var once []string
	for _, id := range ids {
		if !slices.Contains(once, id) {
			once = append(once, id)
		}
	}
	return once
}

func (a *app) dlqShow(cmd *cobra.Command, ids []string, output outputFormat) error {
	letters, err := a.openDeadLetters(cmd)
	if err != nil {
		return err
	}
	defer letters.close()
	found, scanned, err := letters.lookup(cmd.Context(), ids)
	if err != nil {
		return err
	}
	missing := slices.DeleteFunc(ids, func(id string) bool {
		return slices.ContainsFunc(found, func(e deadletter.Entry) bool { return e.Source.ID() == id })
	})
	if output.forPeople() {
		err = a.printDeadLetters(cmd.Context(), letters, found)
	} else {
		err = a.printStored(cmd, letters, found, output)
	}
	if err != nil || len(missing) == 0 {
		return err
	}
	return &exitError{
		code: exitNotFound,
		err: fmt.Errorf("no dead letter %s in topic %q, among the %s that it holds now",
			strings.Join(missing, ", "), letters.topic, plural(scanned.Records, "record")),
		try: "sluice dlq ls",
	}
}

// printDeadLetters prints dead letters for people.
func (a *app) printDeadLetters(ctx context.Context, d *deadLetters, entries []deadletter.Entry) error {
	for i, e := range entries {
		s := sheet{style: a.streams.OutStyle(), now: time.Now(), width: a.columns()}
		if i > 0 {
			s.line("")
		}
		var err error
		if s.history, err = sinceThen(ctx, d.cluster, d.topic, e); err != nil {
			fmt.Fprintf(a.streams.Err, "%s what became of %s is not known: %v\n", a.streams.ErrStyle().Yellow("Warning:"), d.entryID(e), err)
		}
		s.deadLetter(d, e)
		if err := writeOut(a.streams.Out, []byte(s.String())); err != nil {
			return err
		}
	}
	return nil
}

// printStored prints records as they are stored: a single one to the byte, several as the items of an array,
// or one a line.
func (a *app) printStored(cmd *cobra.Command, d *deadLetters, entries []deadletter.Entry, output outputFormat) error {
	objects := objectWriter{out: a.streams.Out, format: output}
	for _, e := range entries {
		value, err := d.reader.Stored(cmd.Context(), e)
		if err != nil {
			return err
		}
		if len(entries) == 1 && output == formatJSON {
			return writeOut(a.streams.Out, append(value, '\n'))
		}
		if !json.Valid(value) {
			return fmt.Errorf("the record of %s is not JSON: print it alone, with -o json", e.Source.ID())
		}
		if err := objects.add(json.RawMessage(value)); err != nil {
			return err
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return objects.end()
}
