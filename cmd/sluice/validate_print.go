package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/term"
	"github.com/sluice-kafka/sluice/schema"
)

func (a *app) verdictPrinter(output outputFormat) verdictPrinter {
	if output.forPeople() {
		return &verdictText{out: a.streams.Out, style: a.streams.OutStyle()}
	}
	return &verdictObjects{objectWriter{out: a.streams.Out, format: output, bare: true}}
}

// verdictText prints verdicts for people: a line for each, and below it what is wrong.
type verdictText struct {
	out   io.Writer
	style term.Style
}

func (p *verdictText) end() error { return nil }

func (p *verdictText) print(v verdict) error {
	name := term.Visible(v.String())
	if v.invalid == nil {
		return writeOut(p.out, []byte(p.style.Green("ok")+"       "+name+"\n"))
	}
	var b strings.Builder
	b.WriteString(p.style.Red("invalid") + "  " + p.style.Bold(name) + "\n")
	if bad := v.invalid.Violations[0]; bad.Byte > 0 && len(v.document.raw) == v.document.size {
		b.WriteString(term.Indent(p.unreadable(v, bad), "  "))
	} else {
		b.WriteString(term.Indent(p.violations(v), "  "))
	}
	return writeOut(p.out, []byte(b.String()))
}

// unreadable shows the place at which a document breaks a rule of strict decoding, in the file's own lines.
func (p *verdictText) unreadable(v verdict, bad schema.Violation) string {
	raw := v.document.raw
	line, column := place(raw, bad.Byte, v.document.line)
	ownLine, _ := place(raw, bad.Byte, 1)
	message := strings.TrimSuffix(bad.Message, fmt.Sprintf(" (line %d, column %d)", ownLine, column))
	where := fmt.Sprintf("line %d, column %d", line, column)
	if bad.Path != "" {
		where += ", " + term.Visible(bad.Path)
	}
	return where + ": " + term.Visible(message) + "\n\n" + term.Indent(renderAt(p.style, raw, bad.Byte), "  ")
}

// violations lists what is wrong, and marks it in the document.
func (p *verdictText) violations(v verdict) string {
	list := make([]violation, len(v.invalid.Violations))
	for i, bad := range v.invalid.Violations {
		list[i] = violation{bad.Path, bad.Message, bad.Expected, bad.Got}
	}
	text := renderViolations(p.style, list, v.invalid.Count)
	if raw := v.document.raw; len(raw) == v.document.size && json.Valid(raw) {
		text += "\n" + term.Indent(renderPayload(p.style, raw, marks(list)), "  ")
	}
	return text
}

// violation is a broken rule as it is printed.
type violation struct{ path, message, expected, got string }

// renderViolations lists violations, one a line, of which there were count.
func renderViolations(style term.Style, list []violation, count int) string {
	width := 0
	for _, v := range list {
		width = max(width, term.Width(v.where()))
	}
	width = min(width, markerColumn)
	var b strings.Builder
	for _, v := range list {
		where := v.where()
		b.WriteString(style.Bold(where) + strings.Repeat(" ", max(0, width-term.Width(where))) + "  " + term.Visible(v.message))
		b.WriteString(style.Dim(term.Visible(v.evidence())) + "\n")
	}
	if more := count - len(list); more > 0 {
		b.WriteString(style.Dim(fmt.Sprintf("… and %s more", grouped(int64(more)))) + "\n")
	}
	return b.String()
}

func (v violation) where() string {
	if v.path == "" {
		return "document"
	}
	return term.Visible(v.path)
}

// evidence adds to the message what it does not say.
func (v violation) evidence() string {
	var parts []string
	if !strings.Contains(v.message, v.expected) {
		parts = append(parts, "want "+v.expected)
	}
	if v.got != "" {
		parts = append(parts, "got "+v.got)
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func marks(list []violation) []mark {
	all := make([]mark, len(list))
	for i, v := range list {
		all[i] = mark{v.path, v.message}
	}
	return all
}

// verdictObjects prints verdicts for machines.
type verdictObjects struct{ objects objectWriter }

// documentPlace tells where a document stood.
type documentPlace struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// validDocument is the success, and invalidDocument the failure, in the shapes that all commands share.
type validDocument struct {
	Status string          `json:"status"`
	Data   json.RawMessage `json:"data"` // as it would be sent
	Source documentPlace   `json:"source"`
}

type invalidDocument struct {
	deadletter.StructuredError
	Source documentPlace `json:"source"`
}

func (p *verdictObjects) print(v verdict) error {
	at := documentPlace{v.file, v.document.line}
	if v.invalid == nil {
		return p.objects.add(validDocument{"success", v.payload, at})
	}
	return p.objects.add(invalidDocument{invalidPayload(v.invalid), at})
}

// invalidPayload is the structured error of a payload that breaks the schema.
func invalidPayload(e *schema.Error) deadletter.StructuredError {
	// Strings and numbers always marshal.
	details, _ := json.Marshal(struct {
		Violations []schema.Violation `json:"violations"`
		Count      int                `json:"violation_count"`
	}{e.Violations, e.Count})
	return deadletter.NewStructuredError(deadletter.CodeValidationFailed, e.Error(), details)
}

func (p *verdictObjects) end() error { return p.objects.end() }
