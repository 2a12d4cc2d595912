package main

import (
	"io"
	"strings"
	"time"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/term"
)

// invocationPrinter prints invocations as they come; there may be more than memory holds.
type invocationPrinter interface {
	print(i genesys.Invocation) error
	end() error
}

func (a *app) invocationPrinter(output outputFormat) invocationPrinter {
	if output.forPeople() {
		return &invocationTable{out: a.streams.Out, style: a.streams.OutStyle()}
	}
	return &invocationObjects{objectWriter{out: a.streams.Out, format: output}}
}

// invocationObjects prints invocations as the API gave them.
type invocationObjects struct{ objects objectWriter }

func (p *invocationObjects) print(i genesys.Invocation) error { return p.objects.add(i.Raw) }
func (p *invocationObjects) end() error                       { return p.objects.end() }

// invocationColumns are the table's.
const invocationColumns = 4

// rowsAhead is how many rows the widths of the columns are taken from.
const rowsAhead = 100

// invocationTable prints invocations for people. The first rows are held back until it is known how wide the
// columns are; those after them follow at once.
type invocationTable struct {
	out   io.Writer
	style term.Style
	held  [][invocationColumns]string
	width [invocationColumns]int // zero until the first rows are out
}

func (p *invocationTable) print(i genesys.Invocation) error {
	row := [invocationColumns]string{term.Visible(i.ID), coloured(p.style, i), momentText(i.Started), momentText(i.Ended)}
	if row[0] == "" {
		row[0] = "?"
	}
	if p.width[0] > 0 {
		return writeOut(p.out, []byte(p.line(row)))
	}
	if p.held = append(p.held, row); len(p.held) == rowsAhead {
		return p.flush()
	}
	return nil
}

// end prints what is held back.
func (p *invocationTable) end() error {
	if len(p.held) == 0 {
		return nil
	}
	return p.flush()
}

func (p *invocationTable) flush() error {
	header := [invocationColumns]string{"INVOCATION", "STATUS", "STARTED", "ENDED"}
	for c, h := range header {
		header[c] = p.style.Bold(h)
		p.width[c] = term.Width(h)
		for _, row := range p.held {
			p.width[c] = max(p.width[c], term.Width(row[c]))
		}
	}
	var b strings.Builder
	b.WriteString(p.line(header))
	for _, row := range p.held {
		b.WriteString(p.line(row))
	}
	p.held = nil
	return writeOut(p.out, []byte(b.String()))
}

// line lays a row out.
func (p *invocationTable) line(row [invocationColumns]string) string {
	var b strings.Builder
	for c, cell := range row {
		b.WriteString(cell)
		if c < len(row)-1 {
			b.WriteString(strings.Repeat(" ", max(0, p.width[c]-term.Width(cell))+2))
		}
	}
	return b.String() + "\n"
}

// momentText writes a time, or that there is none.
func momentText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return instant(t)
}

// coloured writes an invocation's status in the colour of its state.
func coloured(style term.Style, i genesys.Invocation) string {
	text := statusText(i)
	switch i.State() {
	case genesys.StateSucceeded:
		return style.Green(text)
	case genesys.StateFailed:
		return style.Red(text)
	case genesys.StateRunning:
	}
	return text
}
