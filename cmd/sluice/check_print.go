package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/sluice-kafka/sluice/internal/term"
)

// findingPrinter prints findings.
type findingPrinter interface {
	print(f finding) error
	end() error
}

func (a *app) findingPrinter(output outputFormat) findingPrinter {
	if output.forPeople() {
		return &findingLines{streams: a.streams}
	}
	return &findingObjects{objectWriter{out: a.streams.Out, format: output}}
}

// findingObjects prints findings as JSON.
type findingObjects struct{ objects objectWriter }

func (p *findingObjects) print(f finding) error { return p.objects.add(f) }
func (p *findingObjects) end() error            { return p.objects.end() }

// The columns of a finding: its mark, what was looked at, and then the text.
const (
	markColumns  = 6
	checkColumns = 20
	textColumn   = markColumns + checkColumns
	// minTextColumns is the least width that text is wrapped to, on however narrow a terminal.
	minTextColumns = 40
)

// findingLines prints findings for people: a line each, and what to do on another, below the text.
type findingLines struct{ streams term.Streams }

func (p *findingLines) end() error { return nil }

func (p *findingLines) print(f finding) error {
	style := p.streams.OutStyle()
	var b strings.Builder
	fmt.Fprintf(&b, "%s%-*s", p.mark(f.Result), checkColumns, f.Check)
	found := p.column(f.Found)
	if f.Result == resultSkip {
		found = style.Dim(found)
	}
	b.WriteString(found + "\n")
	if f.Do != "" {
		fmt.Fprintf(&b, "%s%s\n", strings.Repeat(" ", textColumn), p.column("→ "+f.Do))
	}
	return writeOut(p.streams.Out, []byte(b.String()))
}

// mark writes a result so that a failure is seen without colour too.
func (p *findingLines) mark(r result) string {
	style := p.streams.OutStyle()
	paint, shown := style.Dim, string(r)
	switch r {
	case resultOK:
		paint = style.Green
	case resultWarn:
		paint = style.Yellow
	case resultFail:
		paint, shown = style.Red, "FAIL"
	case resultSkip:
	}
	return paint(shown) + strings.Repeat(" ", markColumns-len(shown))
}

// column lays text out in the last column: wrapped on a terminal, in one line elsewhere.
func (p *findingLines) column(s string) string {
	s = term.Visible(s)
	if !p.streams.OutIsTerminal {
		return s
	}
	wrapped := text.WrapSoft(s, max(minTextColumns, p.streams.Width()-textColumn))
	lines := strings.Split(wrapped, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", textColumn))
}
