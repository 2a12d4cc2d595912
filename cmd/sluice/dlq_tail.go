package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/term"
)

func (a *app) dlqTailCmd() *cobra.Command {
	var filter filterFlags
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Follow dead letters as they are written, a line each",
		Long: `Follow dead letters as they are written, a line each, until Ctrl-C, which ends it with exit code 0.
It goes on when brokers are away for a while, and says so on standard error; partitions that are added
are followed too. A repeat, the same message with the same payload, is told once.

The lines hold no payloads. With -o ndjson the records are printed as they are stored, payload and all.

` + filterHelp,
		Example: `  sluice dlq tail
  sluice dlq tail --from-start 10            # begin with the newest ten of those that are there
  sluice dlq tail --from-start all -o ndjson | jq -r .code` + filterExamples("tail"),
		Args: cobra.NoArgs,
	}
	filter.add(cmd)
	from := cmd.Flags().String("from-start", "0", "begin with the newest `N` of those that are there already, or with all")
	output := outputFlag(cmd)
	deadLetterSettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *output == formatJSON {
			return usageError("-o json: what has no end is no JSON document: use -o ndjson")
		}
		f := deadletter.Following{Last: deadletter.FollowAll}
		if *from != "all" {
			n, err := strconv.Atoi(*from)
			if err != nil || n < 0 {
				return usageError("--from-start: %q is neither a number nor all", *from)
			}
			f.Last = n
		}
		var err error
		if f.Filter, err = filter.filter(time.Now()); err != nil {
			return err
		}
		return a.dlqTail(cmd, f, *output)
	}
	return cmd
}

func (a *app) dlqTail(cmd *cobra.Command, f deadletter.Following, output outputFormat) error {
	letters, err := a.openDeadLetters(cmd)
	if err != nil {
		return err
	}
	defer letters.close()
	f.OnTrouble = func(err error) {
		letters.scan.End()
		if err == nil {
			fmt.Fprintf(a.streams.Err, "reading %s again\n", letters.topic)
			return
		}
		// kafka-go's own words are of the last step at best; asking again says which step fails, and where.
		if diagnosed := firstContact(cmd.Context(), letters.cluster, letters.topic); diagnosed != nil {
			err = diagnosed
		}
		text, _ := textAndTry(letters.ended(err))
		fmt.Fprintf(a.streams.Err, "%s %s: trying on\n", a.streams.ErrStyle().Yellow("Warning:"), text)
	}
	fmt.Fprintf(a.streams.Err, "following %s; Ctrl-C ends it\n", letters.topic)
	objects := objectWriter{out: a.streams.Out, format: output}
	err = letters.reader.Follow(cmd.Context(), f, func(e deadletter.Entry, stored []byte) error {
		letters.scan.End()
		if output.forPeople() {
			return writeOut(a.streams.Out, []byte(a.tailLine(letters, e)))
		}
		return objects.add(letters.storedObject(e, stored))
	})
	return letters.ended(err)
}

// The widths of what stands in a line of tail, unless it is longer.
const (
	tailID   = 18
	tailCode = 20
)

// tailLine is a dead letter in a line.
func (a *app) tailLine(d *deadLetters, e deadletter.Entry) string {
	code := string(e.Code)
	if code == "" {
		code = "?"
	}
	line := fmt.Sprintf("%s  %-*s  %-*s  %s", instant(failedAt(e)), tailID, term.Visible(d.entryID(e)), tailCode, term.Visible(code), term.Visible(what(e)))
	if a.streams.OutIsTerminal {
		line = term.Shorten(line, a.streams.Width())
	}
	return line + "\n"
}

// storedObject returns a record as it is stored, for a line of its own. One that is no JSON stands in an
// object that says so, so that nothing is left out.
func (d *deadLetters) storedObject(e deadletter.Entry, stored []byte) any {
	if json.Valid(stored) {
		return json.RawMessage(stored)
	}
	return struct {
		Unreadable  string      `json:"unreadable"`
		ValueBase64 []byte      `json:"value_base64"` // null for a null
		Record      recordPlace `json:"record"`
	}{fmt.Sprint(e.Err), stored, recordPlace{d.topic, e.Partition, e.Offset, e.Time.UTC()}}
}
