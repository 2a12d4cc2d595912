package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/schema"
)

// findSchema compiles the schema as the worker would.
func findSchema(cfg *config.Config) finding {
	if cfg.Require(config.NeedSchema) != nil {
		return notChecked(checkSchema, "settings of schema that are in order")
	}
	name := cfg.Schema.File
	if name == "" {
		name = "the built-in one"
	}
	v, err := newValidator(cfg)
	var refused *schema.LintError
	switch {
	case errors.As(err, &refused):
		text := refused.Problems[0].String()
		if more := len(refused.Problems) - 1; more > 0 {
			text += fmt.Sprintf(" (and %d more)", more)
		}
		return misconfigured(checkSchema, text, "sluice schema lint "+quoted(cfg.Schema.File)+" shows all of it; the worker does not start with it")
	case err != nil:
		return misconfigured(checkSchema, err.Error(), "set SLUICE_SCHEMA to a JSON Schema, or leave it out")
	}
	if _, err := v.Validate([]byte("0")); err == nil {
		return warned(checkSchema, name+" accepts payloads that are no objects, such as 0, and the API takes objects only",
			`add "type": "object" to it`)
	}
	var said struct {
		Draft      string                     `json:"$schema"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	_ = json.Unmarshal(v.Source(), &said) // it has compiled
	return passed(checkSchema, "%s, %s, %s at the top; payloads of up to %v", name, draftName(said.Draft),
		plural(int64(len(said.Properties)), "field"), cfg.Schema.MaxBytes)
}

// draftName returns draft-07 of "http://json-schema.org/draft-07/schema#"; that is also how a schema is read
// that does not say.
func draftName(url string) string {
	parts := strings.Split(url, "/")
	if i := slices.IndexFunc(parts, func(p string) bool { return strings.HasPrefix(p, "draft-") }); i >= 0 {
		return parts[i]
	}
	return "draft-07 (it does not say)"
}
