package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/schema"
)

// This file maps the setting of the action's input to what the parts know of it, and finds the mistakes in it
// that only show when schema and mapping are looked at together.

// inputConfig returns the client's own form of it.
func inputConfig(cfg *config.Config) genesys.Input {
	in := cfg.Genesys.Input
	return genesys.Input{Mode: genesys.InputMode(in.Mode), Map: in.Map}
}

// inputMapping returns it as a comparison with a contract takes it.
func inputMapping(in genesys.Input) schema.Mapping {
	if in.Map == nil {
		return schema.Mapping{Flat: in.Mode == genesys.InputFlat}
	}
	m := schema.Mapping{Sources: map[string]schema.Source{}}
	for name, from := range in.Map {
		if strings.HasPrefix(from, "/") {
			m.Sources[name] = schema.Source{Pointer: from}
		} else {
			// Each message has an id and a timestamp; not each has a key, or a header.
			m.Sources[name] = schema.Source{Always: from == "$id" || from == "$timestamp"}
		}
	}
	return m
}

// placedInput adds to an error about the input where that was set.
func placedInput(cfg *config.Config, err error) error {
	origin := cfg.Origin("genesys.input")
	if origin.Source != config.SourceFile || !strings.Contains(err.Error(), "genesys.input") {
		return err
	}
	return fmt.Errorf("%w\n(genesys.input is set in %s)", err, origin)
}

// checkInput reports what can be known, before the first message, to be wrong with the mapping: sources that no
// valid payload has, and fields that cannot be flattened.
func checkInput(cfg *config.Config, v *schema.Validator) error {
	in := inputConfig(cfg)
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(in.Map)) {
		if !strings.HasPrefix(in.Map[name], "/") {
			continue
		}
		if _, astray := v.Pointer(in.Map[name]); astray != "" {
			problems = append(problems, fmt.Errorf("genesys.input.%s: %s", name, astray))
		}
	}
	if in.Map == nil && in.Mode == genesys.InputFlat {
		problems = notFlat(v.Fields())
	}
	if len(problems) == 0 {
		return nil
	}
	return &exitError{code: exitUsage, err: placedInput(cfg, errors.Join(problems...)), try: "sluice schema show, for what the schema names"}
}

// notFlat returns why fields of the schema cannot be flattened.
func notFlat(fields []schema.Field) (problems []error) {
	first := map[string]string{}
	for _, f := range fields {
		if err := genesys.CheckProperty(f.Name); err != nil {
			problems = append(problems, fmt.Errorf("genesys.input: the schema's field %s cannot be sent flat, as property %q: %w; name its property in a map", f.Pointer, f.Name, err))
		}
		if other, taken := first[f.Name]; taken {
			problems = append(problems, fmt.Errorf("genesys.input: the schema's fields %s and %s would both be sent flat as property %q; name their properties in a map", other, f.Pointer, f.Name))
			continue
		}
		first[f.Name] = f.Pointer
	}
	return problems
}

// mappingSet returns the mapping where one is set that can fail, else nil.
func mappingSet(cfg *config.Config, v *schema.Validator) (*genesys.Mapping, error) {
	if err := cfg.Require(config.NeedGenesys); err != nil {
		return nil, nil //nolint:nilerr // what is wrong there does not concern who only validates
	}
	in := inputConfig(cfg)
	if in.Map == nil && in.Mode == genesys.InputPayload {
		return nil, nil
	}
	m, err := genesys.NewMapping(in)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: placedInput(cfg, err)}
	}
	return m, checkInput(cfg, v)
}

// mappable reports why a message with a valid payload cannot become the action's input, as the worker's dead letter would.
func mappable(m *genesys.Mapping, r genesys.Request) error {
	_, err := m.Body(r)
	var e *genesys.Error
	if !errors.As(err, &e) {
		return err
	}
	return &schema.Error{Count: 1, Violations: []schema.Violation{{Path: e.Pointer, Keyword: "input", Message: e.Err.Error()}}}
}
