package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/schema"
)

// errNoContract means that the API describes the action, but not its input.
var errNoContract = errors.New("the API does not tell the contract of the action's input")

// readContract reads the action and its contract.
func readContract(ctx context.Context, client *genesys.Client) (genesys.Action, *schema.Contract, error) {
	action, err := client.Describe(ctx)
	if err != nil {
		return action, nil, err
	}
	if len(action.Input) == 0 || string(action.Input) == "null" {
		return action, nil, errNoContract
	}
	c, err := schema.ReadContract(action.Input)
	if err != nil {
		return action, nil, fmt.Errorf("the contract of the action's input cannot be read: %w", err)
	}
	return action, c, nil
}

// contractError says what to do about a contract that was not read.
func contractError(ctx context.Context, cfg *config.Config, client *genesys.Client, err error) error {
	var e *genesys.Error
	id := cfg.Genesys.DataActionID
	switch {
	case errors.Is(err, genesys.ErrNoDescription):
		return &exitError{code: exitUsage,
			err: fmt.Errorf("genesys.api is processes (%s), and that API does not describe its actions: there is no contract to read", cfg.Origin("genesys.api")),
			try: "GENESYS_API=integrations; or sluice schema diff --contract FILE, with the contract's JSON Schema in a file"}
	case !errors.As(err, &e):
		return err
	}
	if e.Kind == genesys.KindForbidden {
		return &exitError{code: exitCredentials,
			err: fmt.Errorf("the OAuth client may not look at action %s (HTTP 403 %s): it lacks the permission integrations:action:view", id, e.Code),
			try: "give a role of the client the permission integrations:action:view; invoking needs integrations:action:execute only"}
	}
	if e.Kind != genesys.KindNotFound {
		code := exitFailed
		if e.Kind == genesys.KindUnauthorized {
			code = exitCredentials
		}
		return &exitError{code: code, err: err, try: "sluice check"}
	}
	if other := client.OtherStyle(ctx); other != "" {
		return &exitError{code: exitNotFound,
			err: fmt.Errorf("action %s is not known in the style %s, and is in the style %s", id, cfg.Genesys.API, other),
			try: fmt.Sprintf("GENESYS_API=%s", other)}
	}
	return &exitError{code: exitNotFound,
		err: fmt.Errorf("there is no action %s here (HTTP %d): an action that is published anew has a new id", id, e.Status),
		try: "set GENESYS_DATA_ACTION_ID to the id in the action's URL in the Genesys Cloud admin, or GENESYS_REGION to its region"}
}

// drifted is a difference with the words for people.
type drifted struct {
	Field     string `json:"field"`
	Source    string `json:"source,omitempty"`
	Kind      string `json:"kind"`
	Schema    string `json:"schema"`
	Action    string `json:"action"`
	RefusedBy string `json:"refused_by"` // action, schema or neither
	Do        string `json:"do"`
}

const (
	refusedByAction = "action"
	refusedBySchema = "schema"
)

// findDrift compares the schema, through the mapping, with the contract.
func findDrift(v *schema.Validator, c *schema.Contract, in genesys.Input) []drifted {
	var all []drifted
	for _, d := range v.Drift(c, inputMapping(in)) {
		by := string(d.RefusedBy)
		if d.RefusedBy == schema.RefusedByContract {
			by = refusedByAction
		}
		all = append(all, drifted{d.Field, d.Source, d.Kind, d.Schema, d.Contract, by, driftAdvice(d, in)})
	}
	order := []string{refusedByAction, refusedBySchema, string(schema.RefusedByNeither)} // what fails first, what is only to be known last
	slices.SortStableFunc(all, func(a, b drifted) int {
		return cmp.Compare(slices.Index(order, a.RefusedBy), slices.Index(order, b.RefusedBy))
	})
	return all
}

// driftAdvice says what to do about a difference.
func driftAdvice(d schema.Difference, in genesys.Input) string {
	source := d.Source
	if source == "" {
		source = "its source"
	}
	switch d.RefusedBy {
	case schema.RefusedBySchema:
		if d.Kind == "required" {
			return "nothing, or make " + source + " optional in the schema if messages without it should pass"
		}
		return "nothing, or widen the schema if such messages should pass"
	case schema.RefusedByNeither:
		switch d.Kind {
		case schema.DriftMissing:
			return "map it if the action should get it"
		case schema.DriftUnknown:
			return "see that the name is right: what a contract does not name, an action may ignore"
		default:
			return "compare it by eye: this cannot be told"
		}
	case schema.RefusedByContract:
	}
	switch d.Kind {
	case schema.DriftMissing:
		if in.Map == nil {
			return "send it: add the field to the schema, or map it in genesys.input"
		}
		return "map it in genesys.input"
	case "required":
		return "make " + source + " required in the schema, or map a field that is always there"
	case "type":
		return "let the schema accept what the action takes only, or map another field"
	case "enum":
		return "let the schema accept these values only"
	case "additionalProperties":
		if in.Map == nil {
			return "do not send it: name in genesys.input, as a map, what the action takes"
		}
		return "take it out of genesys.input"
	default:
		return "narrow the schema to what the action takes"
	}
}

// countDrift counts the differences by who refuses.
func countDrift(all []drifted) (byAction, bySchema int) {
	for _, d := range all {
		switch d.RefusedBy {
		case refusedByAction:
			byAction++
		case refusedBySchema:
			bySchema++
		}
	}
	return byAction, bySchema
}
