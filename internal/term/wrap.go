package term

import "strings"

// Wrap lays text out in lines of at most width columns, between words, each behind the indent; with width 0
// in one line. A word that is longer than a line stands whole on its own.
func Wrap(text, indent string, width int) string {
	var b strings.Builder
	room := 0
	for i, word := range strings.Split(text, " ") {
		switch columns := Width(word) + 1; {
		case i == 0:
			b.WriteString(indent)
			room = width - Width(indent) - Width(word)
		case width > 0 && columns > room:
			b.WriteString("\n" + indent)
			room = width - Width(indent) - Width(word)
		default:
			b.WriteByte(' ')
			room -= columns
		}
		b.WriteString(word)
	}
	b.WriteByte('\n')
	return b.String()
}
