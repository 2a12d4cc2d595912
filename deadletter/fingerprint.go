package deadletter

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// fingerprintBytes is how much of the hash a fingerprint keeps: 64 bits, enough to tell apart the causes that
// one topic ever holds, and short enough to read out.
const fingerprintBytes = 8

// Fingerprint returns 16 hex digits that are equal for records with the same cause: the same code and the
// same set of (pointer, keyword) among the violations, array positions left aside; or, without violations,
// the same code, status and API error code. A record that was read keeps the fingerprint it was written with.
func (r Record) Fingerprint() string {
	if r.fingerprint != "" {
		return r.fingerprint
	}
	parts := []string{string(r.Code)}
	if len(r.Violations) == 0 {
		parts = append(parts, strconv.Itoa(r.Status), r.APICode)
	} else {
		parts = append(parts, causes(r.Violations)...)
	}
	h := sha256.New()
	for _, p := range parts {
		// The length keeps ("a", "bc") and ("ab", "c") apart, whatever bytes a property's name has.
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:fingerprintBytes])
}

// causes returns the sorted set of pointer and keyword.
func causes(violations []Violation) []string {
	set := make([]string, 0, len(violations))
	for _, v := range violations {
		set = append(set, strconv.Quote(anyPosition(v.Path))+v.Keyword)
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// anyPosition returns a JSON pointer with its array positions as "*". A property whose name is a number
// looks the same in a pointer and is treated so too.
func anyPosition(pointer string) string {
	tokens := strings.Split(pointer, "/")
	for i, t := range tokens {
		if i > 0 && isPosition(t) {
			tokens[i] = "*"
		}
	}
	return strings.Join(tokens, "/")
}

func isPosition(token string) bool {
	for _, c := range []byte(token) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return token != "" && (token == "0" || token[0] != '0')
}
