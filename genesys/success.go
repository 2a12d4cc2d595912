package genesys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Success is a rule for the result of a 2xx answer, since a 200 can carry a business failure: the value at
// Pointer must equal Value. The zero Success accepts every result.
type Success struct {
	Pointer string // RFC 6901, as "/statusCode"
	Value   any    // a JSON value: string, bool, number, nil, or a map or slice of those
}

func (s Success) isZero() bool { return s.Pointer == "" && s.Value == nil }

func (s Success) validate() error {
	if s.Pointer != "" && !strings.HasPrefix(s.Pointer, "/") {
		return fmt.Errorf("pointer: want a JSON pointer such as /statusCode (got %q)", s.Pointer)
	}
	if _, err := json.Marshal(s.Value); err != nil {
		return errors.New("value: want a JSON value")
	}
	return nil
}

// rule is a Success in the form in which it is checked.
type rule struct {
	path []string
	want any
}

// newRule returns nil for the zero Success. Value goes through JSON once, so that an int from YAML equals
// the number it stands for in an answer.
func newRule(s Success) (*rule, error) {
	if s.isZero() {
		return nil, nil
	}
	raw, err := json.Marshal(s.Value)
	if err != nil {
		return nil, fmt.Errorf("genesys.success.value: %w", err)
	}
	r := &rule{}
	if err := json.Unmarshal(raw, &r.want); err != nil {
		return nil, fmt.Errorf("genesys.success.value: %w", err)
	}
	if s.Pointer != "" {
		unescape := strings.NewReplacer("~1", "/", "~0", "~")
		for token := range strings.SplitSeq(s.Pointer[1:], "/") {
			r.path = append(r.path, unescape.Replace(token))
		}
	}
	return r, nil
}

// met says whether the result satisfies the rule, and whether it could be read at all. An empty body is
// readable and does not satisfy it.
func (r *rule) met(body []byte) (met, readable bool) {
	if len(bytes.TrimSpace(body)) == 0 {
		return false, true
	}
	var at any
	if json.Unmarshal(body, &at) != nil {
		return false, false
	}
	for _, token := range r.path {
		switch node := at.(type) {
		case map[string]any:
			next, ok := node[token]
			if !ok {
				return false, true
			}
			at = next
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(node) {
				return false, true
			}
			at = node[i]
		default:
			return false, true
		}
	}
	return reflect.DeepEqual(at, r.want), true
}
