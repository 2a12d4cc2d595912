package main

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/schema"
)

// contract is what a replayed message must meet: the schema, and the way from a payload to the action's input, as they
// are configured here.
type contract struct {
	validator *schema.Validator
	mapping   *genesys.Mapping // nil: none that can fail
}

var _ deadletter.Contract = contract{}

// newContract reads both from the configuration.
func newContract(cfg *config.Config) (contract, error) {
	validator, err := newValidator(cfg)
	if err != nil {
		return contract{}, err
	}
	mapping, err := mappingSet(cfg, validator)
	return contract{validator, mapping}, err
}

// Check validates a payload, and tries to map it. The error names the first violation.
func (c contract) Check(source deadletter.Source, payload []byte) error {
	valid, err := c.validator.Validate(payload)
	if err == nil && c.mapping != nil {
		r := genesys.Request{Payload: valid, ID: source.ID(), Key: source.Key, Timestamp: source.Timestamp}
		for _, h := range source.Headers {
			r.Headers = append(r.Headers, genesys.Header{Key: h.Key, Value: h.Value})
		}
		err = mappable(c.mapping, r)
	}
	var invalid *schema.Error
	if !errors.As(err, &invalid) {
		return err
	}
	return errors.New(firstOf(invalid.Violations[0].Path, invalid.Violations[0].Message, invalid.Count))
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
	if !utf8.ValidString(text) {
		return "", nil, usageError("--set %s: the value is neither JSON nor UTF-8 text", pointer)
	}
	value, err = json.Marshal(text)
	return pointer, value, err
}
