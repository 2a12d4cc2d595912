package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluice-kafka/sluice/internal/term"
	"github.com/sluice-kafka/sluice/schema"
)

const (
	payloadLines   = 40  // of a payload that are printed whole
	contextLines   = 3   // that stay around a marked one in a longer payload
	payloadColumns = 120 // of a line
	markerColumn   = 44  // where markers stand, unless the line before them is longer
	binaryBytes    = 128 // of a payload that is no text
)

// mark is what is wrong at a place of a payload.
type mark struct {
	pointer string
	text    string
}

// span is a part of a line: text[start:end].
type span struct{ start, end int }

// markedLine is a line of a payload with what is wrong on it.
type markedLine struct {
	text  string
	hot   []span // the values that are wrong, in the order of marks
	marks []string
}

// renderPayload lays a payload out for people, the places that marks name marked. It is never a payload's
// own bytes: what a terminal would obey is escaped.
func renderPayload(style term.Style, raw []byte, marks []mark) string {
	switch {
	case raw == nil:
		return style.Dim("(null: a tombstone)") + "\n"
	case len(raw) == 0:
		return style.Dim("(empty)") + "\n"
	case utf8.Valid(raw) && json.Valid(raw):
		return renderLines(style, markLines(indentJSON(raw), marks))
	case utf8.Valid(raw) && !isBinary(raw):
		return renderLines(style, markLines(raw, nil))
	default:
		more := ""
		if len(raw) > binaryBytes {
			more = style.Dim(fmt.Sprintf("… %s more", plural(int64(len(raw)-binaryBytes), "byte"))) + "\n"
		}
		return hex.Dump(raw[:min(binaryBytes, len(raw))]) + more
	}
}

// markLines splits a document into lines and puts each mark to the line where its value begins.
func markLines(doc []byte, marks []mark) []markedLine {
	var lines []markedLine
	var starts []int
	for at := 0; at <= len(doc); {
		end := bytes.IndexByte(doc[at:], '\n')
		if end < 0 {
			end = len(doc) - at
		}
		lines = append(lines, markedLine{text: string(bytes.TrimSuffix(doc[at:at+end], []byte("\r")))})
		starts = append(starts, at)
		at += end + 1
	}
	for _, m := range marks {
		start, end, ok := schema.Locate(doc, m.pointer)
		if !ok {
			continue
		}
		text := m.text
		if parent, name, child := cutPointer(m.pointer); child {
			// A value that is missing is not found, but the one around it.
			if around, _, ok := schema.Locate(doc, parent); ok && around == start {
				text, end = name+" "+text, start
			}
		}
		n, exact := slices.BinarySearch(starts, start)
		if !exact {
			n--
		}
		line := &lines[n]
		line.marks = append(line.marks, text)
		line.hot = append(line.hot, span{start - starts[n], min(end-starts[n], len(line.text))})
	}
	return lines
}

// unescapePointer undoes the escapes of a reference token (RFC 6901, section 4).
var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// cutPointer splits a JSON pointer into that of the value around and the last name, unescaped.
func cutPointer(pointer string) (parent, name string, ok bool) {
	i := strings.LastIndexByte(pointer, '/')
	if i < 0 {
		return "", "", false
	}
	return pointer[:i], unescapePointer.Replace(pointer[i+1:]), true
}

// renderLines prints lines, of many only those around marks.
func renderLines(style term.Style, lines []markedLine) string {
	keep := linesToKeep(lines)
	column := 0
	for i, line := range lines {
		if keep[i] && len(line.marks) > 0 {
			column = max(column, min(markerColumn, term.Width(shown(term.Style{}, line))))
		}
	}
	var b strings.Builder
	for i := 0; i < len(lines); i++ {
		if !keep[i] {
			gap := i
			for i+1 < len(lines) && !keep[i+1] {
				i++
			}
			b.WriteString(style.Dim("… "+plural(int64(i-gap+1), "line")) + "\n")
			continue
		}
		line := lines[i]
		b.WriteString(shown(style, line))
		if len(line.marks) > 0 {
			padding := max(0, column-term.Width(shown(term.Style{}, line)))
			note := term.Visible(strings.Join(line.marks, "; "))
			b.WriteString(strings.Repeat(" ", padding) + "  " + style.Red("◄── "+note))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// linesToKeep chooses the lines to print: all of a few, else those around marks, else the first.
func linesToKeep(lines []markedLine) []bool {
	keep := make([]bool, len(lines))
	anyMark := slices.ContainsFunc(lines, func(l markedLine) bool { return len(l.marks) > 0 })
	for i := range lines {
		switch {
		case len(lines) <= payloadLines, !anyMark && i < payloadLines:
			keep[i] = true
		case len(lines[i].marks) > 0:
			for j := max(0, i-contextLines); j <= min(len(lines)-1, i+contextLines); j++ {
				keep[j] = true
			}
		}
	}
	return keep
}

// shown returns a line as it is printed, its wrong values in red.
func shown(style term.Style, line markedLine) string {
	var b strings.Builder
	at := 0
	for _, h := range line.hot {
		if h.start < at || h.end <= h.start { // marked already, or missing
			continue
		}
		b.WriteString(part(line.text[at:h.start]) + style.Red(part(line.text[h.start:h.end])))
		at = h.end
	}
	return b.String() + part(line.text[at:])
}

// part returns a piece of a line as it can be printed.
func part(text string) string {
	if len(text) > 8*payloadColumns {
		text = text[:8*payloadColumns] // enough for the columns, whatever it is escaped to
	}
	return term.Shorten(term.Visible(text), payloadColumns)
}

// renderAt prints the line of a document that cannot be read at byte at, counted from 1, and points there.
func renderAt(style term.Style, raw []byte, at int) string {
	const around = 60 // bytes before and after
	at = min(at-1, len(raw))
	begin := bytes.LastIndexByte(raw[:at], '\n') + 1
	before, after := raw[max(begin, at-around):at], raw[at:min(len(raw), at+around)]
	for len(before) > 0 && begin < at-around && !utf8.RuneStart(before[0]) {
		before = before[1:]
	}
	if end := bytes.IndexByte(after, '\n'); end >= 0 {
		after = after[:end]
	}
	for i := 0; i < utf8.UTFMax && len(after) == around; i++ {
		if r, size := utf8.DecodeLastRune(after); r != utf8.RuneError || size > 1 {
			break
		}
		after = after[:len(after)-1]
	}
	left := term.Visible(strings.TrimLeft(string(before), " \t"))
	if begin < at-around {
		left = "…" + left
	}
	line := left + term.Visible(strings.TrimRight(string(after), "\r"))
	return line + "\n" + strings.Repeat(" ", term.Width(left)) + style.Red("▲ here") + "\n"
}

// place returns the line, counted on from first, and the column in code points of a byte counted from 1.
func place(raw []byte, at, first int) (line, column int) {
	before := raw[:min(at-1, len(raw))]
	begin := bytes.LastIndexByte(before, '\n') + 1
	return first + bytes.Count(before, []byte("\n")), utf8.RuneCount(before[begin:]) + 1
}
