package term

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
)

// minFlexible is the least width of a table's flexible column, even if lines then wrap.
const minFlexible = 24

// Table is a table for [Streams.Out].
type Table struct {
	Header []string
	Rows   [][]string // one line each: see [Visible]
	// Flexible is the column that is cut so that the others fit the terminal. Elsewhere nothing is cut.
	Flexible int
}

// Print writes the table: with a rule under a bold header on a terminal, as aligned text elsewhere.
func (s Streams) Print(t Table) error {
	style, out := s.OutStyle(), table.NewWriter()
	header := make(table.Row, len(t.Header))
	for i, h := range t.Header {
		header[i] = style.Bold(h)
	}
	out.AppendHeader(header)
	room := 0
	if s.OutIsTerminal {
		room = max(minFlexible, s.Width()-t.fixedWidth())
	}
	for _, row := range t.Rows {
		cells := make(table.Row, len(row))
		for i, cell := range row {
			if i == t.Flexible && room > 0 {
				cell = Shorten(cell, room)
			}
			cells[i] = cell
		}
		out.AppendRow(cells)
	}
	out.SetStyle(tableStyle(s.OutIsTerminal))
	out.SuppressTrailingSpaces()
	_, err := fmt.Fprintln(s.Out, out.Render())
	return err
}

// columnGap stands between two columns.
const columnGap = "  "

func tableStyle(ruled bool) table.Style {
	style := table.StyleLight
	style.Box.PaddingLeft, style.Box.PaddingRight = "", columnGap
	style.Options = table.Options{SeparateHeader: ruled}
	style.Format = table.FormatOptions{}
	return style
}

// fixedWidth returns the columns that everything but the flexible column takes.
func (t Table) fixedWidth() int {
	total := 0
	for i, h := range t.Header {
		if i == t.Flexible {
			total += len(columnGap)
			continue
		}
		width := Width(h)
		for _, row := range t.Rows {
			width = max(width, Width(row[i]))
		}
		total += width + len(columnGap)
	}
	return total
}
