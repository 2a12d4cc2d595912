package config

import "strings"

// Nearest returns the candidate that a person who wrote name most likely meant, or "" where none is close.
// A candidate that ends in name is taken as meant with its group left out or mistaken (topic for kafka.topic,
// SLUICE_MAX_IN_FLIGHT for SLUICE_WORKER_MAX_IN_FLIGHT): in nested names that is the likeliest mistake.
func Nearest(name string, candidates []string) string {
	last := lastWord(name)
	best := ""
	for _, c := range candidates {
		if endsIn(c, last) && (best == "" || len(c) < len(best)) {
			best = c
		}
	}
	if best != "" {
		return best
	}
	limit := len(last)/3 + 2
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < limit {
			best, limit = c, d
		}
	}
	return best
}

// lastWord returns a path without its groups, or a variable without its prefix.
func lastWord(name string) string {
	for _, prefix := range prefixes {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name[strings.LastIndexByte(name, '.')+1:]
}

// endsIn reports whether word is the end of name, from the beginning of one of its words.
func endsIn(name, word string) bool {
	rest, ok := strings.CutSuffix(name, word)
	return ok && word != "" && (strings.HasSuffix(rest, ".") || strings.HasSuffix(rest, "_"))
}

// maxDistance bounds the names that are compared, since the cost is the product of their lengths.
const maxDistance = 128

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b
// (optimal string alignment).
func distance(a, b string) int {
	if len(a) > maxDistance || len(b) > maxDistance {
		return max(len(a), len(b))
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
