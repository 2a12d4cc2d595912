package schema

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// checkBytes tries the rules that need no parsing.
func checkBytes(raw []byte, maxBytes int) *Violation {
	whole := func(keyword, message, expected, got string) *Violation {
		return &Violation{Keyword: keyword, Message: message, Expected: expected, Got: got}
	}
	switch {
	case raw == nil:
		return whole(KeywordNull, "has no value (a tombstone)", "one JSON value", "null")
	case len(raw) > maxBytes:
		return whole(KeywordSize, "is too large", "at most "+plural(maxBytes, "byte"), plural(len(raw), "byte"))
	case len(bytes.TrimLeft(raw, " \t\r\n")) == 0:
		return whole(KeywordEmpty, "is empty", "one JSON value", plural(len(raw), "byte"))
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		return whole(KeywordByteOrderMark, "begins with a byte-order mark: send UTF-8 without one", "", "UTF-8 byte-order mark")
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return whole(KeywordByteOrderMark, "begins with a byte-order mark: send UTF-8 without one", "", "UTF-16 byte-order mark")
	case !utf8.Valid(raw):
		at := invalidUTF8(raw)
		bad := whole(KeywordUTF8, "is not valid UTF-8"+place(raw, at), "UTF-8", "")
		bad.Byte = at + 1
		return bad
	}
	return nil
}

// invalidUTF8 returns the offset of the first byte of raw that is not UTF-8.
func invalidUTF8(raw []byte) int {
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(raw)
}

// violation is a broken rule of decoding at the offset at, inside the value that the path leads to.
func (d *decoder) violation(keyword string, at int, message, expected, got string) *Violation {
	return &Violation{
		Path: cutPath(d.pointer()), Keyword: keyword, Message: message + place(d.src, at),
		Expected: expected, Got: got, Byte: at + 1,
	}
}

// syntax says what was expected at pos. What stands there is the payload's, so only its kind is told.
func (d *decoder) syntax(expected string) *Violation {
	got := "end of the payload"
	if d.pos < len(d.src) {
		switch c := d.src[d.pos]; {
		case bytes.IndexByte([]byte("{}[]:,"), c) >= 0:
			got = "'" + string(c) + "'"
		case c < ' ':
			got = "control character"
		default:
			got = "another character"
		}
	}
	return d.violation(KeywordSyntax, d.pos, "is not JSON: expected "+expected, expected, got)
}

// place names an offset the way editors do.
func place[T string | []byte](src T, at int) string {
	line, column := lineColumn(src, at)
	return fmt.Sprintf(" (line %d, column %d)", line, column)
}

// lineColumn counts lines and, within the line, code points, both from 1.
func lineColumn[T string | []byte](src T, at int) (line, column int) {
	line, begin := 1, 0
	for i := range min(at, len(src)) {
		if src[i] == '\n' {
			line, begin = line+1, i+1
		}
	}
	return line, utf8.RuneCountInString(string(src[begin:min(at, len(src))])) + 1
}

// plural is a number and its unit, in the singular where the number is one.
func plural(n int, unit string) string {
	switch {
	case n == 1:
		return "1 " + unit
	case unit[len(unit)-1] == 'y':
		return fmt.Sprintf("%d %sies", n, unit[:len(unit)-1])
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
