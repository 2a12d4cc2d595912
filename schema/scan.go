package schema

import "bytes"

// The functions here find their way in bytes that are JSON, without building anything. They stay inside the
// bytes whatever these are, and say ok = false where they meet an end too early; they are not a check.

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// skipString returns the offset after the string that begins at i.
func skipString(b []byte, i int) (end int, ok bool) {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1, true
		case '\\':
			i++
		}
	}
	return len(b), false
}

// skipValue returns the offset after the value that begins at i.
func skipValue(b []byte, i int) (end int, ok bool) {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			if i, ok = skipString(b, i); !ok {
				return i, false
			}
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth <= 0 {
				return i, false
			}
			i++
			continue
		default:
			i = skipWord(b, i)
		}
		if depth <= 0 {
			return i, depth == 0
		}
	}
	return len(b), false
}

// skipWord returns the offset after the number or literal that begins at i.
func skipWord(b []byte, i int) int {
	for i++; i < len(b) && !bytes.ContainsRune([]byte("{}[]:,\" \n\t\r"), rune(b[i])); i++ {
	}
	return i
}

// nextItem returns where the next array item begins, from the offset after '[' or after an item.
func nextItem(b []byte, i int) (start int, ok bool) {
	if i = skipSpace(b, i); i < len(b) && b[i] == ',' {
		i = skipSpace(b, i+1)
	}
	return i, i < len(b) && b[i] != ']'
}

// nextMember returns the next key, as written, and where it and its value begin, from the offset after '{' or
// after a member's value.
func nextMember(b []byte, i int) (key []byte, keyAt, start int, ok bool) {
	if i = skipSpace(b, i); i < len(b) && b[i] == ',' {
		i = skipSpace(b, i+1)
	}
	if i == len(b) || b[i] != '"' {
		return nil, i, i, false
	}
	end, ok := skipString(b, i)
	if !ok {
		return nil, i, end, false
	}
	start = skipSpace(b, end)
	if start == len(b) || b[start] != ':' {
		return nil, i, start, false
	}
	start = skipSpace(b, start+1)
	return b[i:end], i, start, start < len(b)
}

// unquote returns the text of a JSON string, nothing for what is none. It is a part of quoted where it can be.
func unquote(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 && len(quoted) >= 2 {
		return quoted[1 : len(quoted)-1]
	}
	d := decoder{src: string(quoted)}
	s, _ := d.quoted(true)
	return []byte(s)
}
