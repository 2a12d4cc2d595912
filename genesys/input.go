package genesys

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// InputMode names a way in which a payload becomes the action's input.
type InputMode string

const (
	// InputPayload sends the payload byte for byte.
	InputPayload InputMode = "payload"
	// InputFlat sends one object of scalars, as the contracts of the published API are: contact.external_id
	// becomes contact_external_id, and an array or an empty object becomes a string that holds its JSON.
	InputFlat InputMode = "flat"
)

// InputModes returns every mode.
func InputModes() []InputMode { return []InputMode{InputPayload, InputFlat} }

// Input says how a message becomes the action's input. The zero value is [InputPayload].
type Input struct {
	Mode InputMode
	// Map, if not nil, replaces Mode: the sources of the input's properties, by name. A source is an RFC 6901
	// pointer into the payload, "$id", "$key", "$timestamp" or "$header.NAME". What the message does not
	// have, its property is left out for.
	Map map[string]string
}

// problems returns what is wrong with in, by the property's name; "" is the whole.
func (in Input) problems() map[string]error {
	found := map[string]error{}
	switch {
	case in.Map == nil && in.Mode != "" && !slices.Contains(InputModes(), in.Mode):
		found[""] = fmt.Errorf("want payload, flat, or in sluice.yaml a map of property name to source (got %q)", in.Mode)
	case in.Map != nil && in.Mode != "":
		found[""] = errors.New("has a mode and a map: use one of them")
	case in.Map != nil && len(in.Map) == 0:
		found[""] = errors.New("the map is empty: name the properties that the action takes, each with its source")
	}
	for name, text := range in.Map {
		if err := CheckProperty(name); err != nil {
			found[name] = err
		} else if _, err := parseSource(text); err != nil {
			found[name] = err
		}
	}
	return found
}

// Mapping builds the action's input. It is immutable, and safe for concurrent use.
type Mapping struct{ build input }

// NewMapping returns the Mapping of in. The error says everything that is wrong with it, a line each.
func NewMapping(in Input) (*Mapping, error) {
	var all []error
	problems := in.problems()
	for _, name := range slices.Sorted(maps.Keys(problems)) {
		all = append(all, fmt.Errorf("%s: %w", inputPath(name), problems[name]))
	}
	if len(all) > 0 {
		return nil, errors.Join(all...)
	}
	switch {
	case in.Map != nil:
		return &Mapping{newPicker(in.Map).input}, nil
	case in.Mode == InputFlat:
		return &Mapping{flat}, nil
	default:
		return &Mapping{asIs}, nil
	}
}

// Body returns the action's input for a message. The error is an [*Error] of [KindInput], whose Pointer names
// what cannot be mapped.
func (m *Mapping) Body(r Request) ([]byte, error) {
	body, err := m.build(r)
	if err != nil {
		return nil, err
	}
	return body, nil
}

// inputPath is where a property stands in sluice.yaml.
func inputPath(name string) string {
	if name == "" {
		return "genesys.input"
	}
	return "genesys.input." + name
}

// input builds the request's body from the message. It returns an *Error of KindInput where it cannot.
type input func(Request) ([]byte, *Error)

// asIs sends the payload byte for byte.
func asIs(r Request) ([]byte, *Error) {
	if len(bytes.TrimSpace(r.Payload)) == 0 {
		return nil, unmappable("", "the payload is empty")
	}
	return r.Payload, nil
}

// maxPointer bounds the pointer in an Error, in bytes: names in it are the payload's.
const maxPointer = 512

func unmappable(pointer, problem string) *Error {
	if len(pointer) > maxPointer {
		pointer = pointer[:max(0, strings.LastIndexByte(pointer[:maxPointer+1], '/'))]
	}
	return &Error{Kind: KindInput, Op: OpInvoke, Pointer: pointer, Err: errors.New(problem)}
}

// readable reports whether a payload can be mapped at all.
func readable(payload []byte) *Error {
	if !json.Valid(payload) {
		return unmappable("", "the payload is not JSON")
	}
	return nil
}

// maxProperty bounds a property's name. The platform's own limit is not published; names this long come from
// payloads whose keys are data.
const maxProperty = 255

var (
	propertyName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]*$`)
	reserved     = []string{"orgId", "integrationId", "rawRequest"}

	errPropertyName = errors.New("not a name that Genesys Cloud takes: use letters, digits, _ and -, a letter first")
	errPropertyLong = fmt.Errorf("the name is longer than %d characters", maxProperty)
	errReserved     = errors.New("reserved: Genesys Cloud keeps the names orgId, integrationId and rawRequest for itself: use another one")
)

// CheckProperty reports why Genesys Cloud would not take an input property of this name. The error does not
// quote the name.
func CheckProperty(name string) error {
	switch {
	case len(name) > maxProperty:
		return errPropertyLong
	case !propertyName.MatchString(name):
		return errPropertyName
	case slices.Contains(reserved, name):
		return errReserved
	}
	return nil
}
