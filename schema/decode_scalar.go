package schema

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// clipFrom is the length in bytes from which a string is cut to what the schema looks at. Cutting costs a note
// of the true length, which shorter strings do not repay.
const clipFrom = 1024

func (d *decoder) key() (string, *Violation) {
	if d.space(); d.pos == len(d.src) || d.src[d.pos] != '"' {
		return "", d.syntax("a key in double quotes")
	}
	return d.quoted(true)
}

func (d *decoder) text(v *view) (any, *Violation) {
	s, bad := d.quoted(v != nil)
	if bad != nil || v == nil {
		return nil, bad
	}
	if len(s) > clipFrom && v.runesSeen < len(s) && !v.whole {
		if n := utf8.RuneCountInString(s); n > v.runesSeen {
			d.size(d.pointer(), n)
			s = firstRunes(s, v.runesSeen)
		}
	}
	return s, nil
}

// firstRunes returns the first n code points of s, which has more.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// quoted reads the string that begins at pos; where it is not wanted it is checked, but not put together.
func (d *decoder) quoted(wanted bool) (string, *Violation) {
	start := d.pos + 1
	for i := start; i < len(d.src); i++ {
		switch c := d.src[i]; {
		case c == '"':
			d.pos = i + 1
			return d.src[start:i], nil
		case c == '\\':
			return d.escaped(start, i, wanted)
		case c < ' ':
			d.pos = i
			return "", d.syntax("no control character inside a string: write it as an escape")
		}
	}
	d.pos = len(d.src)
	return "", d.syntax("'\"'")
}

// escaped reads on from the first escape, at i, of the string whose text begins at start.
func (d *decoder) escaped(start, i int, wanted bool) (string, *Violation) {
	var out strings.Builder
	put := func(s string) {
		if wanted {
			out.WriteString(s)
		}
	}
	for d.pos = i; d.pos < len(d.src); {
		switch c := d.src[d.pos]; {
		case c == '"':
			put(d.src[start:d.pos])
			d.pos++
			return out.String(), nil
		case c == '\\':
			put(d.src[start:d.pos])
			r, bad := d.escape()
			if bad != nil {
				return "", bad
			}
			if wanted {
				out.WriteRune(r)
			}
			start = d.pos
		case c < ' ':
			return "", d.syntax("no control character inside a string: write it as an escape")
		default:
			d.pos++
		}
	}
	return "", d.syntax("'\"'")
}

// escape reads one escape, both halves of a surrogate pair, from the backslash at pos on.
func (d *decoder) escape() (rune, *Violation) {
	at := d.pos
	if d.pos+1 < len(d.src) {
		if i := strings.IndexByte(`"\/bfnrt`, d.src[d.pos+1]); i >= 0 {
			d.pos += 2
			return rune("\"\\/\b\f\n\r\t"[i]), nil
		}
	}
	high, ok := d.hex4()
	if !ok {
		return 0, d.syntax(`an escape: \" \\ \/ \b \f \n \r \t or \u and four hex digits`)
	}
	if !utf16.IsSurrogate(high) {
		return high, nil
	}
	low, ok := d.hex4()
	if r := utf16.DecodeRune(high, low); ok && r != utf8.RuneError {
		return r, nil
	}
	return 0, d.violation(KeywordSurrogate, at, "has half of a surrogate pair", "both halves, or the character itself", "")
}

// hex4 reads \uXXXX at pos; where it is not there, pos stays.
func (d *decoder) hex4() (rune, bool) {
	if len(d.src)-d.pos < 6 || d.src[d.pos] != '\\' || d.src[d.pos+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(d.src[d.pos+2 : d.pos+6]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' { // |0x20 turns control characters into digits
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	d.pos += 6
	return r, true
}

// number reads a number as RFC 8259 writes it; its literal stays as sent.
func (d *decoder) number(v *view) (any, *Violation) {
	start := d.pos
	if d.pos < len(d.src) && d.src[d.pos] == '-' {
		d.pos++
	}
	switch {
	case d.pos < len(d.src) && d.src[d.pos] == '0':
		d.pos++
	case !d.digits():
		if d.pos > start {
			return nil, d.syntax("a digit")
		}
		return nil, d.syntax("a value")
	}
	if d.pos < len(d.src) && d.src[d.pos] == '.' {
		d.pos++
		if !d.digits() {
			return nil, d.syntax("a digit after the decimal point")
		}
	}
	exponent, bad := d.exponent()
	if bad != nil {
		return nil, bad
	}
	if n := d.pos - start; n > MaxNumberLength {
		return nil, d.violation(KeywordNumberLength, start, "is a number with too many digits",
			"at most "+plural(MaxNumberLength, "character"), plural(n, "character"))
	}
	if exponent > MaxExponent {
		return nil, d.violation(KeywordNumberExponent, start, "is a number with too large an exponent",
			"an exponent from -"+strconv.Itoa(MaxExponent)+" to "+strconv.Itoa(MaxExponent), "")
	}
	if v == nil {
		return nil, nil
	}
	return json.Number(d.src[start:d.pos]), nil
}

// exponent reads the exponent at pos, if there is one, and returns its absolute value, cut off above [MaxExponent].
func (d *decoder) exponent() (int, *Violation) {
	if d.pos == len(d.src) || d.src[d.pos]|0x20 != 'e' {
		return 0, nil
	}
	d.pos++
	if d.pos < len(d.src) && (d.src[d.pos] == '+' || d.src[d.pos] == '-') {
		d.pos++
	}
	start := d.pos
	if !d.digits() {
		return 0, d.syntax("a digit in the exponent")
	}
	n := 0
	for _, c := range []byte(d.src[start:d.pos]) {
		if n = 10*n + int(c-'0'); n > MaxExponent {
			return n, nil
		}
	}
	return n, nil
}

// digits skips digits and reports whether there was one.
func (d *decoder) digits() bool {
	start := d.pos
	for d.pos < len(d.src) && d.src[d.pos] >= '0' && d.src[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > start
}
