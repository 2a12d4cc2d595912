package deadletter

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

const (
	// causesInWords is how many violations are named before the rest is counted.
	causesInWords = 3
	// longWord is the most bytes of a pointer or a code of the API that are quoted.
	longWord = 80
)

// What says in a few words what caused the failure, the same for all records of a cause: the rules that were
// broken and where, or the API's answer. It holds no value of the payload and no free text of the API. It is
// empty where the record does not tell more than its code.
func (r Record) What() string {
	if len(r.Violations) > 0 {
		return rulesInWords(r)
	}
	var d struct {
		Status     int    `json:"last_status"`
		APICode    string `json:"api_code"`
		ActionCode string `json:"action_code"`
		Kind       string `json:"kind"`
		Operation  string `json:"operation"`
	}
	if json.Unmarshal(r.Details, &d) != nil {
		return ""
	}
	var words []string
	if d.Status > 0 {
		words = append(words, strings.TrimSpace(fmt.Sprintf("HTTP %d %s", d.Status, http.StatusText(d.Status))))
	} else if d.Kind != "" {
		words = append(words, strings.TrimSpace(shortWord(d.Operation)+" "+shortWord(d.Kind)))
	}
	if code := d.ActionCode; code != "" {
		words = append(words, shortWord(code))
	} else if d.APICode != "" {
		words = append(words, shortWord(d.APICode))
	}
	return strings.Join(words, ", ")
}

// rulesInWords names the violations as a fingerprint sees them.
func rulesInWords(r Record) string {
	var words []string
	seen := make(map[string]bool)
	for _, v := range r.Violations {
		path := anyPosition(v.Path)
		if path == "" {
			path = "payload:" // a rule about all of it
		}
		word := shortWord(path) + " " + shortWord(v.Keyword)
		if !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	text := strings.Join(words[:min(causesInWords, len(words))], ", ")
	if more := len(words) - causesInWords; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// shortWord bounds a name that others chose.
func shortWord(s string) string {
	if len(s) <= longWord {
		return s
	}
	cut := longWord
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
