package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
)

// findInput looks at the mapping, and at whether it and the schema go together.
func findInput(cfg *config.Config) finding {
	if cfg.Require(config.NeedSchema|config.NeedGenesys) != nil {
		return notChecked(checkMapping, "settings of schema and genesys that are in order")
	}
	in := inputConfig(cfg)
	if _, err := genesys.NewMapping(in); err != nil {
		return misconfigured(checkMapping, oneLine(placedInput(cfg, err)), "mend that in sluice.yaml (docs/input.md)")
	}
	v, err := newValidator(cfg)
	if err != nil {
		return notChecked(checkMapping, "a schema")
	}
	if err := checkInput(cfg, v); err != nil {
		return misconfigured(checkMapping, oneLine(err), "mend that in sluice.yaml, or the schema (sluice schema show prints it)")
	}
	const repeats = "the called service cannot recognise a repeat, as no property is fed from $id"
	switch {
	case in.Map != nil:
		var fed []string
		var unnamed []string
		for name, from := range in.Map {
			if from == "$id" {
				fed = append(fed, name)
			}
			if named, _ := v.Pointer(from); strings.HasPrefix(from, "/") && !named {
				unnamed = append(unnamed, from)
			}
		}
		text := fmt.Sprintf("%s by name", pluralOf(len(in.Map), "property", "properties"))
		if len(fed) > 0 {
			slices.Sort(fed)
			text += fmt.Sprintf("; %s lets the called service recognise a repeat", strings.Join(fed, ", "))
		} else {
			text += "; " + repeats
		}
		if len(unnamed) > 0 {
			slices.Sort(unnamed)
			return warned(checkMapping, text+"; the schema says nothing of "+strings.Join(unnamed, ", "),
				"see that the pointers are right: what a message does not have is left out in silence")
		}
		return passed(checkMapping, "%s", text)
	case in.Mode == genesys.InputFlat:
		return passed(checkMapping, "flat: %s that the schema names; %s", pluralOf(len(v.Fields()), "property", "properties"), repeats)
	default:
		return passed(checkMapping, "the payload as it is; %s", repeats)
	}
}

func pluralOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(int64(n)) + " " + many
}

// oneLine writes an error's lines as one.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// findContract compares the schema with the contract.
func (a *apiCheck) findContract(ctx context.Context) finding {
	within, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	v, err := newValidator(a.cfg)
	if err != nil || checkInput(a.cfg, v) != nil {
		return notChecked(checkContract, "a schema and an input mapping that are in order")
	}
	_, c, err := readContract(within, a.client)
	var e *genesys.Error
	switch {
	case errors.Is(err, errNoContract):
		return warned(checkContract, err.Error()+": whether the schema fits it is not known", "see that the action is published")
	case errors.As(err, &e):
		return notChecked(checkContract, "an answer for the action")
	case err != nil:
		return warned(checkContract, oneLine(err), "look at the contract in the Genesys Cloud admin")
	}
	byAction, bySchema := countDrift(findDrift(v, c, inputConfig(a.cfg)))
	switch {
	case byAction > 0:
		return warned(checkContract, fmt.Sprintf("the action refuses what the schema accepts, in %s: such messages will be dead-lettered", plural(int64(byAction), "way")),
			"sluice schema diff shows them, and what to do")
	case bySchema > 0:
		return passed(checkContract, "the action takes what the schema accepts; the schema is stricter in %s (sluice schema diff)", plural(int64(bySchema), "way"))
	default:
		return passed(checkContract, "the schema agrees with it")
	}
}

// timeoutMargin is what a request's time-out should leave beyond the longest run of the action.
const timeoutMargin = 5 * time.Second
