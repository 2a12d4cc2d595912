package schema

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// canonical returns a text that is the same for two JSON values exactly where JSON Schema calls them equal:
// 1 and 1.0 are, 1 and "1" are not, and the order of an object's keys does not count.
func canonical(raw []byte) string {
	d := decoder{src: string(raw), maxNames: unlimited}
	value, _ := d.value(wholeView) // part of what was decoded before, so it can be decoded
	return string(appendCanonical(nil, value))
}

func appendCanonical(out []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, v)
	case json.Number:
		digits, exponent := decimal(v.String())
		return strconv.AppendInt(append(append(out, digits...), 'e'), int64(exponent), 10)
	case string:
		return append(append(strconv.AppendInt(append(out, '"'), int64(len(v)), 10), ':'), v...)
	case []any:
		out = append(out, '[')
		for _, item := range v {
			out = append(appendCanonical(out, item), ',')
		}
		return append(out, ']')
	case map[string]any:
		out = append(out, '{')
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(appendCanonical(out, key), ':')
			out = append(appendCanonical(out, v[key]), ',')
		}
		return append(out, '}')
	}
	return out
}

// decimal takes a number apart: digits without zeros at either end, a minus sign in front where it is negative,
// times ten to the power of exponent. Zero is "0" and 0. It is exact, unlike a float64.
func decimal(literal string) (digits string, exponent int) {
	literal, negative := strings.CutPrefix(literal, "-")
	mantissa := literal
	if i := strings.IndexAny(literal, "eE"); i >= 0 {
		mantissa = literal[:i]
		exponent, _ = strconv.Atoi(literal[i+1:])
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent -= len(fraction)
	digits = strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(trimmed)
	switch {
	case trimmed == "":
		return "0", 0
	case negative:
		return "-" + trimmed, exponent
	}
	return trimmed, exponent
}

// quote writes a string as JSON, with no escapes but those that JSON demands.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s)
	return bytes.TrimSpace(b.Bytes())
}
