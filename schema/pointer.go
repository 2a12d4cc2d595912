package schema

import (
	"strconv"
	"strings"
)

// maxPath bounds a violation's pointer, in bytes: names in it are the payload's, and a record of 32 violations
// must stay small whatever a producer calls its fields.
const maxPath = 512

var (
	escapePointer   = strings.NewReplacer("~", "~0", "/", "~1")
	unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")
)

// pointer returns the RFC 6901 pointer made of base and tokens.
func pointer(base string, tokens ...string) string {
	var b strings.Builder
	b.WriteString(base)
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(escapePointer.Replace(t))
	}
	return b.String()
}

// pointerOf returns the RFC 6901 pointer of the value that a path leads to.
func pointerOf(path []step) string {
	tokens := make([]string, len(path))
	for i, s := range path {
		if tokens[i] = s.key; s.item >= 0 {
			tokens[i] = strconv.Itoa(s.item)
		}
	}
	return pointer("", tokens...)
}

// step leads from a value to one inside it: to the member key, or to the array item where item is not negative.
type step struct {
	key  string
	item int
}

// cutPath returns p, or where it is longer than [maxPath] the pointer to the nearest value around that is not.
func cutPath(p string) string {
	if len(p) <= maxPath {
		return p
	}
	return p[:max(0, strings.LastIndexByte(p[:maxPath+1], '/'))]
}

// pointerTokens splits an RFC 6901 pointer; ok is false where it is neither empty nor begins with a slash.
func pointerTokens(p string) (tokens []string, ok bool) {
	if p == "" {
		return nil, true
	}
	if p[0] != '/' {
		return nil, false
	}
	tokens = strings.Split(p[1:], "/")
	for i, t := range tokens {
		tokens[i] = unescapePointer.Replace(t)
	}
	return tokens, true
}

// arrayIndex reads a pointer token as a position in an array: decimal, without sign or leading zeros.
func arrayIndex(token string) (int, bool) {
	if token == "" || (token[0] == '0' && token != "0") || token[0] == '+' || token[0] == '-' {
		return 0, false
	}
	n, err := strconv.Atoi(token)
	return n, err == nil
}
