package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/internal/term"
)

// The formats of -o.
const (
	formatTable  = "table" // for people
	formatJSON   = "json"
	formatNDJSON = "ndjson"
)

// outputFormat is the value of -o.
type outputFormat string

func (o *outputFormat) String() string { return string(*o) }
func (o *outputFormat) Type() string   { return "format" }

func (o *outputFormat) Set(text string) error {
	switch text {
	case formatTable, formatJSON, formatNDJSON:
		*o = outputFormat(text)
		return nil
	}
	return fmt.Errorf("use %s, %s or %s", formatTable, formatJSON, formatNDJSON)
}

func (o outputFormat) forPeople() bool { return o == formatTable }

// outputFlag gives a command -o.
func outputFlag(cmd *cobra.Command) *outputFormat {
	o := outputFormat(formatTable)
	cmd.Flags().VarP(&o, "output", "o", "`format`: table (for people), json, or ndjson (one object a line)")
	return &o
}

// objectWriter writes JSON objects: with ndjson one a line, with json as an indented array. Each object is one
// write, so that a reader that goes away is noticed at once and a slow one sees what there is.
type objectWriter struct {
	out    io.Writer
	format outputFormat
	bare   bool   // with json, one object alone stands without an array
	held   []byte // the first object, until it is known whether it is alone
	n      int
}

// add writes v, which is marshalled as it is: JSON embedded in it keeps its bytes but for white space.
func (w *objectWriter) add(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	w.n++
	if w.format == formatNDJSON {
		return w.write(b.String())
	}
	switch {
	case w.bare && w.n == 1:
		w.held = b.Bytes()
		return nil
	case w.bare && w.n == 2:
		return w.write("[\n", inArray(w.held), ",\n", inArray(b.Bytes()))
	case w.n == 1:
		return w.write("[\n", inArray(b.Bytes()))
	default:
		return w.write(",\n", inArray(b.Bytes()))
	}
}

// inArray lays an object out as an item of an array.
func inArray(object []byte) string {
	return strings.TrimSuffix(term.Indent(string(indentJSON(object)), "  "), "\n")
}

// end writes what is left.
func (w *objectWriter) end() error {
	switch {
	case w.format == formatNDJSON, w.bare && w.n == 0:
		return nil
	case w.n == 0:
		return w.write("[]\n")
	case w.bare && w.n == 1:
		return w.write(string(indentJSON(w.held)), "\n")
	default:
		return w.write("\n]\n")
	}
}

func (w *objectWriter) write(parts ...string) error {
	return writeOut(w.out, []byte(strings.Join(parts, "")))
}

// writeOut writes results.
func writeOut(out io.Writer, b []byte) error {
	if _, err := out.Write(b); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// indentJSON lays JSON out for people, and changes nothing but the white space.
func indentJSON(raw []byte) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return raw
	}
	return bytes.TrimSpace(b.Bytes())
}

// plural writes a count and what it counts.
func plural(n int64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return grouped(n) + " " + thing
}

// grouped writes a number of things with commas: 1,204.
func grouped(n int64) string {
	digits := fmt.Sprint(n)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
