package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/schema"
)

// stdinName is how standard input is named on the command line.
const stdinName = "-"

func (a *app) validateCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate FILE…|-",
		Short: "Check payloads against the schema, without Kafka or an API",
		Long: `Check payloads against the schema exactly as the worker would, without Kafka or an API, and show
what is wrong where.

A file holds one JSON document, or many: with a document on its first line and more below it, or
with a name ending in .ndjson or .jsonl, every line that is not blank is a document. - is standard
input. Where an input mapping is set (genesys.input), a payload that cannot be mapped is invalid too.

Exit code 0 if every document is valid, 1 if any is not, 2 if a file cannot be read.`,
		Example: `  sluice validate order.json
  sluice validate --schema orders.schema.json events.ndjson more/*.json
  kcat -C -t payloads -e | sluice validate -
  sluice validate -o ndjson events.ndjson | jq -r 'select(.status == "error") | .message'`,
		Args: needFiles,
	}
	output := outputFlag(cmd)
	settings(cmd, "schema.", "genesys.input")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.validate(cmd, args, *output) }
	return cmd
}

func needFiles(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("name a file, or - for standard input")
	}
	return nil
}

// verdict is the schema's word on one document.
type verdict struct {
	file     string
	document document
	payload  []byte        // as it would be sent
	invalid  *schema.Error // nil where it is valid
}

func (v verdict) String() string { return fmt.Sprintf("%s:%d", v.file, v.document.line) }

// verdictPrinter prints verdicts.
type verdictPrinter interface {
	print(v verdict) error
	end() error
}

// validation is one run of the command.
type validation struct {
	validator *schema.Validator
	mapping   *genesys.Mapping // nil: none is set
	maxBytes  int
	stdin     io.Reader
	printer   verdictPrinter

	ok, invalid, unreadable int64
}

func (a *app) validate(cmd *cobra.Command, names []string, output outputFormat) error {
	cfg, err := a.load(cmd, config.ForValidate)
	if err != nil {
		return err
	}
	validator, err := newValidator(cfg)
	if err != nil {
		return err
	}
	mapping, err := mappingSet(cfg, validator)
	if err != nil {
		return err
	}
	v := &validation{validator: validator, mapping: mapping, maxBytes: int(cfg.Schema.MaxBytes), stdin: a.streams.In, printer: a.verdictPrinter(output)}
	for _, name := range names {
		err := v.file(cmd.Context(), name)
		var unreadable *unreadableError
		switch {
		case errors.As(err, &unreadable):
			v.unreadable++
			printError(a.streams, err)
		case err != nil:
			return err
		}
	}
	if err := v.printer.end(); err != nil {
		return err
	}
	fmt.Fprintln(a.streams.Err, v.summary())
	switch {
	case v.unreadable > 0:
		return &exitError{code: exitUsage, err: errSilent}
	case v.invalid > 0:
		return errSilent
	}
	return nil
}

// summary counts what there was.
func (v *validation) summary() string {
	text := plural(v.ok+v.invalid, "document")
	switch {
	case v.ok+v.invalid == 0:
	case v.invalid == 0:
		text += ": ok"
	case v.ok == 0:
		text += ": invalid"
	default:
		text += fmt.Sprintf(": %s ok, %s invalid", grouped(v.ok), grouped(v.invalid))
	}
	if v.unreadable > 0 {
		text += "; " + plural(v.unreadable, "file") + " not read"
	}
	return text
}

// unreadableError is a file of which not all could be read.
type unreadableError struct {
	name string
	err  error
}

func (e *unreadableError) Error() string {
	var path *fs.PathError
	if errors.As(e.err, &path) {
		return fmt.Sprintf("cannot read %s: %v", e.name, path.Err)
	}
	return fmt.Sprintf("cannot read %s: %v", e.name, e.err)
}

func (e *unreadableError) Unwrap() error { return e.err }

// file checks the documents of one file. A file without any is one empty document.
func (v *validation) file(ctx context.Context, name string) error {
	shown, in := name, io.NopCloser(v.stdin)
	if name == stdinName {
		shown = "stdin"
	} else {
		var err error
		if in, err = openFile(name); err != nil {
			return err
		}
	}
	defer in.Close() //nolint:errcheck // only read from
	documents := newDocuments(interruptible(ctx, in), name, v.maxBytes)
	for n := 0; ; n++ {
		doc, ok, err := documents.next()
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil:
			return &unreadableError{shown, err}
		case !ok && n > 0:
			return nil
		}
		if !ok {
			doc = document{line: 1, raw: []byte{}}
		}
		if err := v.document(shown, doc); err != nil || !ok {
			return err
		}
	}
}

func openFile(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &unreadableError{name, err}
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		_ = f.Close()
		return nil, &unreadableError{name, fmt.Errorf("it is a directory; name the files in it, such as %s", filepath.Join(name, "*.json"))}
	}
	return f, nil
}

// document checks one document.
func (v *validation) document(file string, doc document) error {
	payload, err := v.validator.Validate(doc.raw)
	if err == nil && v.mapping != nil {
		err = mappable(v.mapping, genesys.Request{Payload: payload})
	}
	result := verdict{file: file, document: doc, payload: payload}
	switch {
	case err == nil:
		v.ok++
	case errors.As(err, &result.invalid):
		v.invalid++
		result.tellSize()
	default:
		return fmt.Errorf("%s: %w", result, err)
	}
	return v.printer.print(result)
}

// tellSize names the true size of a document of which only the beginning was kept.
func (v *verdict) tellSize() {
	for i := range v.invalid.Violations {
		if bad := &v.invalid.Violations[i]; bad.Keyword == schema.KeywordSize {
			bad.Got = fmt.Sprintf("%d bytes", v.document.size)
		}
	}
}

// readerFunc is a function as an io.Reader.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func isRegular(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// interruptible returns a reader whose Read ends with ctx, though a read from a terminal or a pipe cannot be
// interrupted: the goroutine in it stays behind until the process ends.
func interruptible(ctx context.Context, in io.Reader) io.Reader {
	type result struct {
		data []byte
		err  error
	}
	regular := isRegular(in)
	return readerFunc(func(p []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		if regular { // reading from it does not wait
			return in.Read(p)
		}
		done := make(chan result, 1)
		go func() {
			data := make([]byte, len(p)) // p is the caller's again once Read has returned
			n, err := in.Read(data)
			done <- result{data[:n], err}
		}()
		select {
		case r := <-done:
			return copy(p, r.data), r.err
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	})
}
