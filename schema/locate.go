package schema

// Locate finds the value that an RFC 6901 pointer names in a raw document: raw[start:end] is its bytes. Where
// the value is missing, as a required field is, the nearest value around it is found instead. Of a key that is
// there twice it takes the first. ok is false where pointer is not a pointer or raw cannot be read up to there.
func Locate(raw []byte, pointer string) (start, end int, ok bool) {
	_, start, end, ok = locate(raw, pointer)
	return start, end, ok
}

// locate is [Locate]; label is where the value's key begins, or the value itself where it has none.
func locate(raw []byte, pointer string) (label, start, end int, ok bool) {
	tokens, ok := pointerTokens(pointer)
	if !ok {
		return 0, 0, 0, false
	}
	start = skipSpace(raw, 0)
	label = start
	for _, token := range tokens {
		inLabel, inStart, found := locateChild(raw, start, token)
		if !found {
			break
		}
		label, start = inLabel, inStart
	}
	end, ok = skipValue(raw, start)
	return label, start, end, ok
}

// locateChild finds the member or item named token in the object or array that begins at i.
func locateChild(raw []byte, i int, token string) (label, start int, ok bool) {
	if i == len(raw) {
		return i, i, false
	}
	switch raw[i] {
	case '{':
		for end := i + 1; ; {
			key, label, start, more := nextMember(raw, end)
			if !more {
				return i, i, false
			}
			if string(unquote(key)) == token {
				return label, start, true
			}
			if end, ok = skipValue(raw, start); !ok {
				return i, i, false
			}
		}
	case '[':
		index, isIndex := arrayIndex(token)
		for n, end := 0, i+1; isIndex; n++ {
			start, more := nextItem(raw, end)
			if !more {
				return i, i, false
			}
			if n == index {
				return start, start, true
			}
			if end, ok = skipValue(raw, start); !ok {
				return i, i, false
			}
		}
	}
	return i, i, false
}
