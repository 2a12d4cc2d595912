package genesys

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// The functions here find their way in bytes that json.Valid has accepted, without building anything.

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the offset after the string that begins at i.
func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipValue returns the offset after the value that begins at i.
func skipValue(b []byte, i int) int {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			i = skipString(b, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\n', '\t', '\r':
			i++
			continue
		default:
			for i < len(b) && !bytes.ContainsRune([]byte(",]} \n\t\r"), rune(b[i])) {
				i++
			}
		}
		if depth == 0 {
			break
		}
	}
	return i
}

// nextItem returns where the next array item begins, from the offset after '[' or after an item.
func nextItem(b []byte, i int) (start int, ok bool) {
	if i = skipSpace(b, i); b[i] == ',' {
		i = skipSpace(b, i+1)
	}
	return i, b[i] != ']'
}

// nextMember returns the next key, as written, and where its value begins, from the offset after '{' or after
// a member's value.
func nextMember(b []byte, i int) (key []byte, start int, ok bool) {
	if i = skipSpace(b, i); b[i] == ',' {
		i = skipSpace(b, i+1)
	}
	if b[i] != '"' {
		return nil, i, false
	}
	end := skipString(b, i)
	return b[i:end], skipSpace(b, skipSpace(b, end)+1), true
}

// unquote returns the text of a JSON string.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // it is a valid one
	return text
}

// find returns the value that pointer tokens lead to in a document; of a key that is there twice, the first.
func find(raw []byte, tokens []string) (value []byte, ok bool) {
	at := skipSpace(raw, 0)
	for _, token := range tokens {
		if at, ok = child(raw, at, token); !ok {
			return nil, false
		}
	}
	return raw[at:skipValue(raw, at)], true
}

// child returns where the member or item named token begins in the value at i.
func child(raw []byte, i int, token string) (start int, ok bool) {
	switch raw[i] {
	case '{':
		for end := i + 1; ; end = skipValue(raw, start) {
			var key []byte
			if key, start, ok = nextMember(raw, end); !ok || unquote(key) == token {
				return start, ok
			}
		}
	case '[':
		index, err := strconv.Atoi(token)
		if err != nil || index < 0 || strconv.Itoa(index) != token {
			return i, false
		}
		for n, end := 0, i+1; ; n, end = n+1, skipValue(raw, start) {
			if start, ok = nextItem(raw, end); !ok || n == index {
				return start, ok
			}
		}
	}
	return i, false
}

// appendScalar appends a JSON value: a scalar as it is, an object or an array as a string that holds it.
func appendScalar(out, value []byte) []byte {
	if value[0] == '{' || value[0] == '[' {
		return appendText(out, value)
	}
	return append(out, value...)
}

// appendText appends text, which is UTF-8, as a JSON string.
func appendText[T string | []byte](out []byte, text T) []byte {
	const digits = "0123456789abcdef"
	out = append(out, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c < ' ':
			out = append(out, `\u00`...)
			out = append(out, digits[c>>4], digits[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
