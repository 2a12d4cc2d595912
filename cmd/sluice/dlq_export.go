package main

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
)

func (a *app) dlqExportCmd() *cobra.Command {
	var filter filterFlags
	var out string
	var yes bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write dead letters to a file or a pipe, whole (ndjson) or as a sheet (csv)",
		Long: `Write dead letters as they stand on the topic now, partition by partition, each once, to a file or to
standard output.

With ndjson each line is a record as it is stored, payload and all. With csv there is a line of names and
then one line a dead letter, without payloads (RFC 4180, UTF-8). A cell that a spreadsheet would run as a
formula, since it begins with = + - @ or a tab, is given a ' in front; ndjson has it unchanged.

The file appears when it is complete, and is readable by its owner alone. One that is there already is
replaced only with --yes.

` + filterHelp,
		Example: `  sluice dlq export --out dead-letters.ndjson
  sluice dlq export -o csv --class contract --out for-the-producer.csv` + filterExamples("export"),
		Args: cobra.NoArgs,
	}
	filter.add(cmd)
	format := exportFormat(formatNDJSON)
	cmd.Flags().VarP(&format, "output", "o", "`format`: ndjson (records as they are stored) or csv (columns, without payloads)")
	cmd.Flags().StringVar(&out, "out", "", "the `file` to write (default: standard output)")
	cmd.Flags().BoolVar(&yes, "yes", false, "replace the file if it is there")
	deadLetterSettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		selected, err := filter.filter(time.Now())
		if err != nil {
			return err
		}
		if out == "" {
			return a.dlqExport(cmd, selected, format, a.streams.Out, "")
		}
		return replaceFile(out, yes, func(w io.Writer) error { return a.dlqExport(cmd, selected, format, w, out) })
	}
	return cmd
}

const formatCSV = "csv"

// exportFormat is the value of -o of export.
type exportFormat string

func (o *exportFormat) String() string { return string(*o) }
func (o *exportFormat) Type() string   { return "format" }

func (o *exportFormat) Set(text string) error {
	if text != formatNDJSON && text != formatCSV {
		return fmt.Errorf("use %s or %s", formatNDJSON, formatCSV)
	}
	*o = exportFormat(text)
	return nil
}

// exportWriter writes dead letters one by one.
type exportWriter interface {
	add(e deadletter.Entry, stored []byte) error
	end() error
}

func (a *app) dlqExport(cmd *cobra.Command, f deadletter.Filter, format exportFormat, out io.Writer, file string) error {
	letters, err := a.openDeadLetters(cmd)
	if err != nil {
		return err
	}
	defer letters.close()
	buffered := bufio.NewWriterSize(out, 64<<10)
	var w exportWriter = &storedLines{letters: letters, objects: objectWriter{out: buffered, format: formatNDJSON}}
	if format == formatCSV {
		w = newCSVWriter(buffered)
	}
	scanned, err := letters.reader.Export(cmd.Context(), f, w.add)
	if err = letters.ended(err); err != nil {
		return err
	}
	if err = w.end(); err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	done := plural(scanned.Matched, "dead letter")
	if file != "" {
		done += " in " + file
	}
	fmt.Fprintf(a.streams.Err, "%s\n%s\n", done, letters.looked(f, scanned))
	return nil
}

// storedLines writes records as they are stored, a line each.
type storedLines struct {
	letters *deadLetters
	objects objectWriter
}

func (s *storedLines) add(e deadletter.Entry, stored []byte) error {
	return s.objects.add(s.letters.storedObject(e, stored))
}

func (s *storedLines) end() error { return s.objects.end() }
