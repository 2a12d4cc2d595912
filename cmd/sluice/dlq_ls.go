package main

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/term"
)

func (a *app) dlqLsCmd() *cobra.Command {
	var filter filterFlags
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List dead letters, newest first",
		Long: `List dead letters, newest first, as they stand on the topic now. Of a message that was dead-lettered
more than once with the same payload, the last time counts. How many there are in all, and which part
of the topic was looked at, is said on standard error.

` + filterHelp,
		Example: `  sluice dlq ls
  sluice dlq ls --since 2h --class transient,unknown
  sluice dlq ls --code VALIDATION_FAILED -o ndjson | jq -r .id` + filterExamples("ls"),
		Args: cobra.NoArgs,
	}
	filter.add(cmd)
	limit := limitFlag(cmd, 50, "of them, the newest ones")
	all := allFlag(cmd)
	output := outputFlag(cmd)
	deadLetterSettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkLimit(*limit); err != nil {
			return err
		}
		selected, err := filter.filter(time.Now())
		if err != nil {
			return err
		}
		selected.Limit = *limit
		return a.dlqLs(cmd, selected, *all, *output)
	}
	return cmd
}

func (a *app) dlqLs(cmd *cobra.Command, f deadletter.Filter, all bool, output outputFormat) error {
	letters, err := a.openDeadLetters(cmd)
	if err != nil {
		return err
	}
	defer letters.close()
	left, err := letters.onlyOpen(cmd.Context(), &f, all)
	if err != nil {
		return err
	}
	found, err := letters.list(cmd.Context(), f)
	if err != nil {
		return err
	}
	if output.forPeople() {
		err = a.printDeadLetterTable(letters, found.Entries, all)
	} else {
		err = a.printDeadLetterObjects(letters, found.Entries, output)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(a.streams.Err, letters.listed(f, found))
	a.tellLeftOut(left)
	if len(found.Entries) > 0 && output.forPeople() && a.streams.ErrIsTerminal {
		fmt.Fprintf(a.streams.Err, "One of them in full: %s\n", a.streams.ErrStyle().Cyan("sluice dlq show "+letters.entryID(found.Entries[0])))
	}
	return nil
}

// listed says how many were found, and where was looked.
func (d *deadLetters) listed(f deadletter.Filter, found deadletter.Listing) string {
	shown, matched := int64(len(found.Entries)), found.Scanned.Matched
	kind := ""
	if narrowed(f) {
		kind = " of this kind"
	}
	var text string
	switch {
	case shown == 0:
		text = "no dead letters" + kind
	case shown < matched:
		before := failedAt(found.Entries[shown-1]).Format(time.RFC3339Nano)
		text = fmt.Sprintf("the newest %s of %s%s; for older ones use a larger --limit, or --until %s", grouped(shown), plural(matched, "dead letter"), kind, before)
	default:
		text = plural(shown, "dead letter") + kind
	}
	return text + "\n" + d.looked(f, found.Scanned)
}

func (a *app) printDeadLetterTable(d *deadLetters, entries []deadletter.Entry, all bool) error {
	if len(entries) == 0 {
		return nil
	}
	now := time.Now()
	table := term.Table{Header: []string{"ID", "WHEN", "CODE", "CLASS/OUTCOME", "KEY", "ATTEMPTS", "WHAT"}, Flexible: 6}
	if all { // else they are open, every one
		table.Header, table.Flexible = slices.Insert(table.Header, 1, "STATE"), table.Flexible+1
	}
	for _, e := range entries {
		when, code := instant(failedAt(e)), string(e.Code)
		if code == "" { // unreadable, and without headers that tell
			code = "?"
		}
		if a.streams.OutIsTerminal {
			when = term.Ago(now.Sub(failedAt(e)))
		}
		row := []string{
			d.entryID(e), when, code, classAndOutcome(e.Record), term.Shorten(keyText(e.Record), keyColumns),
			strconv.Itoa(e.AttemptCount), term.Shorten(term.Visible(what(e)), whatColumns),
		}
		if all {
			row = slices.Insert(row, 1, stateWord(d.status(e)))
		}
		table.Rows = append(table.Rows, row)
	}
	return a.streams.Print(table)
}

const (
	keyColumns  = 32
	whatColumns = 120
)

func classAndOutcome(r deadletter.Record) string {
	switch {
	case r.Class == "":
		return "?"
	case r.Outcome == deadletter.OutcomeNone:
		return string(r.Class)
	}
	return string(r.Class) + "/" + string(r.Outcome)
}

// keyText writes a message's key for people.
func keyText(r deadletter.Record) string {
	switch {
	case r.Cut != nil && r.Cut.KeySHA256 != "":
		return "sha256:" + r.Cut.KeySHA256
	case r.Source.Key == nil:
		return "-"
	case len(r.Source.Key) == 0:
		return `""`
	case utf8.Valid(r.Source.Key):
		return term.Visible(string(r.Source.Key))
	default:
		return "base64:" + base64.StdEncoding.EncodeToString(r.Source.Key)
	}
}

// what says in a line what happened: the first violation, or else the message.
func what(e deadletter.Entry) string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case len(e.Violations) == 0:
		return e.Message
	}
	return firstOf(e.Violations[0].Path, e.Violations[0].Message, e.ViolationCount)
}

// firstOf writes the first of so many violations in a line.
func firstOf(path, message string, count int) string {
	text := message
	if path != "" {
		text = path + " " + text
	}
	if count > 1 {
		text += fmt.Sprintf(" (and %d more)", count-1)
	}
	return text
}

// listedDeadLetter is a dead letter as -o json lists it; `sluice dlq show -o json` prints all of it.
type listedDeadLetter struct {
	ID           string             `json:"id,omitempty"` // this and others are absent where the record does not tell
	State        string             `json:"state"`        // open, or what was done about it
	FailedAt     time.Time          `json:"failed_at"`
	Code         deadletter.Code    `json:"code,omitempty"`
	Class        deadletter.Class   `json:"class,omitempty"`
	Outcome      deadletter.Outcome `json:"outcome,omitempty"`
	Fingerprint  string             `json:"fingerprint,omitempty"`
	Who          []deadletter.Actor `json:"who,omitempty"` // may have to act, the likeliest first
	Key          *string            `json:"key,omitempty"`
	KeyBase64    *string            `json:"key_base64,omitempty"`
	AttemptCount int                `json:"attempt_count"`
	What         string             `json:"what"`
	RequestID    string             `json:"request_id,omitempty"`
	Record       recordPlace        `json:"record"`
	Unreadable   string             `json:"unreadable,omitempty"` // why the record cannot be decoded
}

// recordPlace is where a dead letter stands on its own topic.
type recordPlace struct {
	Topic     string    `json:"topic"`
	Partition int       `json:"partition"`
	Offset    int64     `json:"offset"`
	Timestamp time.Time `json:"timestamp"`
}

func (a *app) printDeadLetterObjects(d *deadLetters, entries []deadletter.Entry, output outputFormat) error {
	objects := objectWriter{out: a.streams.Out, format: output}
	for _, e := range entries {
		if err := objects.add(d.object(e)); err != nil {
			return err
		}
	}
	return objects.end()
}

// object returns a dead letter as it is listed for machines.
func (d *deadLetters) object(e deadletter.Entry) listedDeadLetter {
	l := listedDeadLetter{
		State: stateWord(d.status(e)), FailedAt: failedAt(e), Code: e.Code, Class: e.Class, Outcome: e.Outcome, Fingerprint: cause(e),
		AttemptCount: e.AttemptCount, What: what(e), RequestID: e.RequestID,
		Record: recordPlace{d.topic, e.Partition, e.Offset, e.Time.UTC()},
	}
	if e.Code != "" {
		l.Who = e.Move().Who
	}
	if e.Source.Topic != "" {
		l.ID = e.Source.ID()
	}
	if key := string(e.Source.Key); e.Source.Key != nil && utf8.ValidString(key) {
		l.Key = &key
	} else if e.Source.Key != nil {
		encoded := base64.StdEncoding.EncodeToString(e.Source.Key)
		l.KeyBase64 = &encoded
	}
	if e.Err != nil {
		l.Unreadable = e.Err.Error()
	}
	return l
}
