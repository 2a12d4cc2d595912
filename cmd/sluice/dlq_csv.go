package main

import (
	"encoding/base64"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-kafka/sluice/deadletter"
)

// csvColumns are the columns of `sluice dlq export -o csv`, in an order that stays; new ones come last.
var csvColumns = []struct {
	name string
	cell func(deadletter.Entry) string
}{
	{"id", func(e deadletter.Entry) string {
		if e.Source.Topic == "" {
			return ""
		}
		return e.Source.ID()
	}},
	{"failed_at", func(e deadletter.Entry) string { return csvTime(failedAt(e)) }},
	{"code", func(e deadletter.Entry) string { return string(e.Code) }},
	{"class", func(e deadletter.Entry) string { return string(e.Class) }},
	{"outcome", func(e deadletter.Entry) string { return string(e.Outcome) }},
	{"who", csvWho},
	{"what", what},
	{"fingerprint", cause},
	{"key", func(e deadletter.Entry) string {
		if !utf8.Valid(e.Source.Key) {
			return ""
		}
		return string(e.Source.Key)
	}},
	{"key_base64", func(e deadletter.Entry) string {
		if utf8.Valid(e.Source.Key) {
			return ""
		}
		return base64.StdEncoding.EncodeToString(e.Source.Key)
	}},
	{"attempt_count", func(e deadletter.Entry) string { return strconv.Itoa(e.AttemptCount) }},
	{"request_id", func(e deadletter.Entry) string { return e.RequestID }},
	{"source_timestamp", func(e deadletter.Entry) string { return csvTime(e.Source.Timestamp) }},
	{"payload_sha256", func(e deadletter.Entry) string { return e.PayloadSHA256 }},
	{"group", func(e deadletter.Entry) string { return e.Processor.Group }},
	{"host", func(e deadletter.Entry) string { return e.Processor.Host }},
	{"replays", func(e deadletter.Entry) string {
		if e.Replay == nil {
			return "0"
		}
		return strconv.Itoa(e.Replay.Count)
	}},
	{"record_partition", func(e deadletter.Entry) string { return strconv.Itoa(e.Partition) }},
	{"record_offset", func(e deadletter.Entry) string { return strconv.FormatInt(e.Offset, 10) }},
	{"record_timestamp", func(e deadletter.Entry) string { return csvTime(e.Time) }},
	{"unreadable", func(e deadletter.Entry) string {
		if e.Err == nil {
			return ""
		}
		return e.Err.Error()
	}},
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// csvWho names those who may have to act, the likeliest first.
func csvWho(e deadletter.Entry) string {
	if e.Code == "" {
		return ""
	}
	var names []string
	for _, who := range e.Move().Who {
		names = append(names, string(who))
	}
	return strings.Join(names, " or ")
}

// csvWriter writes dead letters as CSV.
type csvWriter struct {
	csv   *csv.Writer
	cells []string
}

func newCSVWriter(out io.Writer) *csvWriter {
	w := &csvWriter{csv: csv.NewWriter(out), cells: make([]string, len(csvColumns))}
	w.csv.UseCRLF = true
	for i, c := range csvColumns {
		w.cells[i] = c.name
	}
	_ = w.csv.Write(w.cells) // an error stays, and the next write returns it
	return w
}

func (w *csvWriter) add(e deadletter.Entry, _ []byte) error {
	for i, c := range csvColumns {
		w.cells[i] = harmless(c.cell(e))
	}
	return w.csv.Write(w.cells)
}

func (w *csvWriter) end() error {
	w.csv.Flush()
	return w.csv.Error()
}

// harmless returns a cell that no spreadsheet takes for a formula, which could run programs and send data
// away: keys and messages are what others chose.
func harmless(cell string) string {
	if cell != "" && strings.IndexByte("=+-@\t\r\n", cell[0]) >= 0 {
		return "'" + cell
	}
	return cell
}
