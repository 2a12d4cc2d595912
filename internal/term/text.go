package term

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Visible returns text for one line of a terminal: what is not printable is written as an escape. Text that
// others chose, such as a payload or a key, could otherwise move the cursor, colour the screen, or turn the
// direction of writing round.
func Visible(s string) string {
	clean := func(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }
	if strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[0])|0x100, 16)[1:])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		s = s[size:]
	}
	return b.String()
}

// Width returns how many columns text takes; escape sequences of a [Style] take none.
func Width(s string) int { return text.StringWidthWithoutEscSequences(s) }

// Shorten cuts text without styles to at most width columns, the last of which then says that something is
// missing.
func Shorten(s string, width int) string {
	if len(s) <= width || Width(s) <= width {
		return s
	}
	var b strings.Builder
	used := 1 // for the ellipsis
	for _, r := range s {
		if used += text.RuneWidth(r); used > width {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}

// Indent puts prefix before every line of text that is not empty, and ends it with one line break.
func Indent(text, prefix string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		if line != "\n" {
			b.WriteString(prefix)
		}
		b.WriteString(line)
	}
	return b.String()
}

// Ago says in a word or two how long ago something was.
func Ago(d time.Duration) string {
	const day = 24 * time.Hour
	count := func(unit time.Duration, name string) string {
		return strconv.FormatInt(int64(d/unit), 10) + " " + name + " ago"
	}
	switch {
	case d < time.Second: // or a clock that is ahead of ours
		return "just now"
	case d < time.Minute:
		return count(time.Second, "s")
	case d < time.Hour:
		return count(time.Minute, "min")
	case d < 2*day:
		return count(time.Hour, "h")
	default:
		return count(day, "d")
	}
}
