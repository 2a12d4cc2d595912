package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/term"
)

// labelColumns is the width of the labels on a sheet.
const labelColumns = 12

// sheet is a dead letter on a page, for people.
type sheet struct {
	strings.Builder
	style   term.Style
	now     time.Time
	history []deadletter.StateEntry // what happened to it since
	width   int                     // of the terminal; 0 where there is none, and lines are as long as they are
}

// columns returns the width for a sheet.
func (a *app) columns() int {
	if a.streams.OutIsTerminal {
		return a.streams.Width()
	}
	return 0
}

func (s *sheet) line(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

// field writes a labelled line, or nothing where there is no text. On a terminal it is as many lines as it takes.
func (s *sheet) field(label, text string) {
	if text == "" {
		return
	}
	indent := strings.Repeat(" ", labelColumns)
	lines := term.Wrap(text, indent, s.width)
	s.WriteString(s.style.Dim(fmt.Sprintf("%-*s", labelColumns, label)) + strings.TrimPrefix(lines, indent))
}

// paragraph writes text that may take several lines on a terminal.
func (s *sheet) paragraph(text string) { s.WriteString(term.Wrap(text, "", s.width)) }

// section begins a part of the sheet.
func (s *sheet) section(title, note string) {
	if note != "" {
		note = s.style.Dim(" (" + note + ")")
	}
	s.line("\n%s%s", s.style.Bold(title), note)
}

// deadLetter writes the whole sheet: what happened, whose move it is, where, the evidence, what to type next.
func (s *sheet) deadLetter(d *deadLetters, e deadletter.Entry) {
	code := string(e.Code)
	if code == "" {
		code = "unreadable"
	}
	s.line("%s  %s", s.style.Bold(term.Visible(d.entryID(e))), s.style.Red(term.Visible(code)))
	if e.Err != nil {
		s.paragraph(term.Visible(e.Err.Error()))
		s.line("")
		s.where(d, e)
		s.next([]suggestion{{"sluice dlq show " + e.Source.ID() + " -o json", "what is stored, as it is"}})
		return
	}
	s.paragraph(term.Visible(e.Message))
	s.line("")
	a := adviceFor(e.Record).since(e.Record, s.history)
	s.field("whose move", s.style.Bold(a.whose)+": "+a.why)
	s.field("outcome", a.outcome)
	s.where(d, e)
	s.violations(e.Record)
	s.payload(e.Record)
	s.attempts(e.Record)
	s.answer(e.Record)
	s.ticket(e.Record)
	s.since()
	s.next(a.next)
}

// where says where the message came from, and who dealt with it.
func (s *sheet) where(d *deadLetters, e deadletter.Entry) {
	s.field("failed", fmt.Sprintf("%s (%s)", stamp(failedAt(e)), term.Ago(s.now.Sub(failedAt(e)))))
	source := fmt.Sprintf("topic %s, partition %d, offset %d", e.Source.Topic, e.Source.Partition, e.Source.Offset)
	if !e.Source.Timestamp.IsZero() {
		source += ", written " + stamp(e.Source.Timestamp)
	}
	s.field("message", term.Visible(source))
	if e.Err == nil {
		s.field("key", keyText(e.Record))
	}
	s.headers(e.Source.Headers)
	s.field("record", fmt.Sprintf("topic %s, partition %d, offset %d", d.topic, e.Partition, e.Offset))
	s.field("fingerprint", cause(e))
	if e.Action.ID != "" {
		s.field("action", term.Visible(fmt.Sprintf("%s (%s) at %s", e.Action.ID, e.Action.API, e.Action.URL)))
	}
	s.field("request id", term.Visible(e.RequestID))
	s.field("trace id", term.Visible(e.TraceID))
	if p := e.Processor; p != (deadletter.Processor{}) {
		s.field("worker", term.Visible(fmt.Sprintf("sluice %s, group %s, on %s", p.Version, p.Group, p.Host)))
	}
	if r := e.Replay; r != nil {
		s.field("replayed", term.Visible(fmt.Sprintf("%d×, last as %s of %s", r.Count, r.ID, r.Of)))
	}
	s.redacted(e.Record)
	if e.Cut != nil && len(e.Cut.Parts) > 0 {
		parts := make([]string, len(e.Cut.Parts))
		for i, p := range e.Cut.Parts {
			parts[i] = string(p)
		}
		s.field("left out", s.style.Yellow(strings.Join(parts, ", "))+", so that the record fits its topic: raise max.message.bytes there")
	}
}

func (s *sheet) headers(headers []deadletter.Header) {
	for i, h := range headers {
		label := ""
		if i == 0 {
			label = "headers"
		}
		s.field(label, term.Shorten(term.Visible(h.Key)+": "+headerValue(h), payloadColumns))
	}
}

func headerValue(h deadletter.Header) string {
	switch {
	case h.Size > 0:
		return fmt.Sprintf("(%s, left out)", plural(int64(h.Size), "byte"))
	case h.Value == nil:
		return "(null)"
	case utf8.Valid(h.Value):
		return term.Visible(string(h.Value))
	default:
		return "base64:" + base64.StdEncoding.EncodeToString(h.Value)
	}
}

func (s *sheet) violations(r deadletter.Record) {
	if len(r.Violations) > 0 {
		s.section("Violations", "")
		s.WriteString(term.Indent(renderViolations(s.style, listViolations(r), r.ViolationCount), "  "))
	}
}

func listViolations(r deadletter.Record) []violation {
	list := make([]violation, len(r.Violations))
	for i, v := range r.Violations {
		list[i] = violation{v.Path, v.Message, v.Expected, v.Got}
	}
	return list
}

func (s *sheet) payload(r deadletter.Record) {
	if s.removedPayload(r) {
		return
	}
	note := plural(int64(len(r.Payload)), "byte")
	if r.Cut != nil && r.Cut.PayloadSHA256 != "" {
		note = fmt.Sprintf("the first %s of %s", grouped(int64(len(r.Payload))), plural(int64(r.Cut.PayloadSize), "byte"))
	}
	s.section("Payload", note)
	if at := brokenAt(r); at > 0 {
		s.WriteString(term.Indent(renderAt(s.style, r.Payload, at), "  "))
		return
	}
	s.WriteString(term.Indent(renderPayload(s.style, r.Payload, append(marks(listViolations(r)), redactedMarks(r)...)), "  "))
}

// answer writes what the details hold: the API's last answer, its body as it came, beside what else is known.
func (s *sheet) answer(r deadletter.Record) {
	var details map[string]json.RawMessage
	if json.Unmarshal(r.Details, &details) != nil || len(details) == 0 {
		return
	}
	body, answered := details["last_body"]
	delete(details, "last_body")
	s.section("Last answer", "")
	if rest, err := json.Marshal(details); err == nil && len(details) > 0 {
		s.WriteString(term.Indent(renderPayload(s.style, rest, nil), "  "))
	}
	if !answered {
		return
	}
	s.line("  body:")
	raw := []byte(body)
	var text string
	if json.Unmarshal(body, &text) == nil {
		raw = []byte(text)
	}
	s.WriteString(term.Indent(renderPayload(s.style, raw, nil), "    "))
}

// since writes what happened since the dead letter was written.
func (s *sheet) since() {
	if len(s.history) == 0 {
		return
	}
	s.section("Since then", "")
	for _, e := range s.history {
		s.line("  %s  %s", stamp(e.At), term.Visible(historyText(e)))
	}
}

func (s *sheet) next(suggestions []suggestion) {
	s.section("Next", "")
	width := 0
	for _, n := range suggestions {
		width = max(width, term.Width(n.typed))
	}
	wide := s.width == 0
	if !wide {
		wide = !slices.ContainsFunc(suggestions, func(n suggestion) bool { return 2+width+2+term.Width(n.what) > s.width })
	}
	for _, n := range suggestions {
		if wide {
			s.line("  %s%s  %s", s.style.Cyan(n.typed), strings.Repeat(" ", width-term.Width(n.typed)), n.what)
			continue
		}
		s.line("  %s", s.style.Cyan(n.typed))
		s.WriteString(term.Wrap(n.what, "      ", s.width))
	}
}

// stamp writes a time to the second.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
