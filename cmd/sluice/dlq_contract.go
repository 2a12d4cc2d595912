package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/schema"
)

// contract is what a replayed message must meet: the schema as it is configured here.
type contract struct{ validator *schema.Validator }

var _ deadletter.Contract = contract{}

// Check validates a payload. The error names the first violation.
func (c contract) Check(_ deadletter.Source, payload []byte) error {
	_, err := c.validator.Validate(payload)
	var invalid *schema.Error
	if !errors.As(err, &invalid) {
		return err
	}
	v := invalid.Violations[0]
	text := v.Message
	if v.Path != "" {
		text = v.Path + " " + text
	}
	if invalid.Count > 1 {
		text += fmt.Sprintf(" (and %d more)", invalid.Count-1)
	}
	return errors.New(text)
}

// Edit makes edits, each POINTER=VALUE.
func (c contract) Edit(payload []byte, edits []string) ([]byte, error) {
	for _, edit := range edits {
		pointer, value, err := parseEdit(edit)
		if err != nil {
			return nil, err
		}
		if payload, err = schema.Set(payload, pointer, value); err != nil {
			return nil, err
		}
	}
	return payload, nil
}

// parseEdit reads POINTER=VALUE. VALUE is taken as JSON where it is JSON, else as text, as in genesys.success.
func parseEdit(edit string) (pointer string, value []byte, err error) {
	pointer, text, ok := strings.Cut(edit, "=")
	if !ok || !strings.HasPrefix(pointer, "/") {
		return "", nil, usageError("--set: want POINTER=VALUE, such as /priority=3 or /contact/channel=chat")
	}
	if json.Valid([]byte(text)) {
		return pointer, []byte(text), nil
	}
	value, err = json.Marshal(text)
	if err != nil {
		return "", nil, usageError("--set %s: the value is neither JSON nor text", pointer)
	}
	return pointer, value, nil
}
