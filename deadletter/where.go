package deadletter

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// hasFields reports whether a payload is JSON and all the fields have the values wanted.
func hasFields(payload []byte, wanted []NameValue) bool {
	if !embeddable(payload) { // what is costly to read is not read either
		return false
	}
	return all(wanted, func(w NameValue) bool {
		return anyField(payload, pointerTokens(w.Name), func(field []byte) bool { return isValue(field, w.Value) })
	})
}

// pointerTokens returns a JSON pointer's reference tokens, unescaped.
func pointerTokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, t := range tokens {
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(t)
	}
	return tokens
}

// anyField reports whether a field that the tokens lead to passes the test. "*" leads to every item of an
// array, and to a member of that name.
func anyField(value []byte, tokens []string, test func([]byte) bool) bool {
	if len(tokens) == 0 {
		return test(value)
	}
	switch firstByte(value) {
	case '{':
		var object map[string]json.RawMessage
		if json.Unmarshal(value, &object) != nil {
			return false
		}
		field, ok := object[tokens[0]]
		return ok && anyField(field, tokens[1:], test)
	case '[':
		var array []json.RawMessage
		if json.Unmarshal(value, &array) != nil {
			return false
		}
		for i, item := range array {
			if (tokens[0] == "*" || tokens[0] == strconv.Itoa(i)) && anyField(item, tokens[1:], test) {
				return true
			}
		}
	}
	return false
}

// isValue reports whether a field is a string that reads so, or JSON that is written so, white space aside.
// So 3 is found by 3 and "3" by both 3 and "3".
func isValue(field []byte, wanted string) bool {
	if text := ""; firstByte(field) == '"' && json.Unmarshal(field, &text) == nil && text == wanted {
		return true
	}
	c, err := compact(bytes.TrimSpace(field))
	return err == nil && string(c) == wanted
}
