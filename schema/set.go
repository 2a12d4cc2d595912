package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Set returns a document in which the value at an RFC 6901 pointer is another one, and every other byte as it was.
// A member that its object does not have is added at the end; so is the item "-" of an array. The value is JSON. It
// is an error where the pointer leads nowhere, where raw is not JSON, or where a key on the way is there twice, so
// that nobody knows which is meant. The error's text names places, never values.
func Set(raw []byte, pointer string, value []byte) ([]byte, error) {
	tokens, ok := pointerTokens(pointer)
	switch {
	case !ok:
		return nil, fmt.Errorf("%q is not a JSON pointer: it begins with /", pointer)
	case !json.Valid(raw):
		return nil, errors.New("the payload is not JSON")
	case !json.Valid(value):
		return nil, errors.New("the new value is not JSON")
	}
	if len(tokens) == 0 {
		return slices.Clone(value), nil
	}
	last := tokens[len(tokens)-1]
	at := skipSpace(raw, 0)
	for i, token := range tokens[:len(tokens)-1] {
		next, n := children(raw, at, token)
		if n != 1 {
			return nil, nowhere(tokens[:i+1], n)
		}
		at = next
	}
	start, n := children(raw, at, last)
	switch {
	case n == 1:
		end, _ := skipValue(raw, start)
		return slices.Concat(raw[:start], value, raw[end:]), nil
	case n > 1:
		return nil, nowhere(tokens, n)
	}
	text := value
	switch {
	case raw[at] == '{':
		text = slices.Concat(quote(last), []byte{':'}, value)
	case raw[at] != '[' || last != "-":
		return nil, nowhere(tokens, 0)
	}
	end, _ := skipValue(raw, at)
	end-- // before the bracket that closes it, and the white space in front of that
	for isSpace(raw[end-1]) {
		end--
	}
	if raw[end-1] != raw[at] || end-1 != at {
		text = slices.Concat([]byte{','}, text)
	}
	return slices.Concat(raw[:end], text, raw[end:]), nil
}

// children returns where the child named token of the value at i begins, and how many there are of that name.
func children(raw []byte, i int, token string) (start, n int) {
	if raw[i] != '{' {
		_, start, ok := locateChild(raw, i, token)
		if !ok {
			return i, 0
		}
		return start, 1
	}
	for end := i + 1; ; {
		key, _, valueAt, more := nextMember(raw, end)
		if !more {
			return start, n
		}
		if string(unquote(key)) == token {
			start = valueAt
			n++
		}
		end, _ = skipValue(raw, valueAt)
	}
}

func nowhere(tokens []string, n int) error {
	place := pointer("", tokens...)
	if n > 1 {
		return fmt.Errorf("%s is there %d times", place, n)
	}
	return fmt.Errorf("there is no %s", strings.TrimSuffix(place, "/-"))
}
