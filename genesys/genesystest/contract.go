package genesystest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const (
	// PathAction is the description of an action, which only the published style has.
	PathAction Path = "action"
	// PathLimits is the organisation's limits, which belong to the published style too.
	PathLimits Path = "limits"
)

// Action is what a Server tells of every action it has. Its JSON form is that of /_action. What is left at
// zero is that of [DefaultAction].
type Action struct {
	Name     string `json:"name,omitempty"`
	Category string `json:"category,omitempty"`
	Version  int    `json:"version,omitempty"`
	// TimeoutSeconds is how long the action may run; if negative, it is not told.
	TimeoutSeconds int `json:"timeout_seconds,omitempty"`
	// InputSchema is the contract of the input.
	InputSchema json.RawMessage `json:"input_schema,omitempty"`
	// Forbidden answers the question for an action as to a client without integrations:action:view.
	Forbidden bool `json:"forbidden,omitempty"`
	// Limits are the organisation's, by key.
	Limits map[string]int `json:"limits,omitempty"`
}

// The keys of an organisation's limits that concern Data Actions.
const (
	LimitConcurrent = "actions.concurrent.executions.max"
	LimitVolume     = "requests.volume.max"
	LimitTokenRate  = "client.credentials.token.rate.per.minute"
)

// namespaces are those of the limits.
var namespaces = map[string]string{
	LimitConcurrent: "dataactions", LimitVolume: "dataactions", LimitTokenRate: "platform.api",
}

// DefaultAction returns what a Server tells where it is told nothing else: a flat contract, as the platform
// wants them, that sluice's default payload meets once it is flattened; and the platform's own limits.
func DefaultAction() Action {
	return Action{
		Name: "Fake action", Category: "sluice", Version: 1, TimeoutSeconds: 60, InputSchema: []byte(defaultContract),
		Limits: map[string]int{LimitConcurrent: 50, LimitVolume: 2500, LimitTokenRate: 300},
	}
}

const defaultContract = `{
  "$schema": "http://json-schema.org/draft-04/schema#",
  "title": "Contact event",
  "type": "object",
  "required": ["contact_external_id", "contact_channel", "contact_timestamp", "priority", "callback_url"],
  "properties": {
    "contact_external_id": {"type": "string", "minLength": 1, "maxLength": 255},
    "contact_channel": {"type": "string", "enum": ["chat", "voice", "email", "web"]},
    "contact_timestamp": {"type": "string", "format": "date-time"},
    "contact_metadata": {"type": ["string", "null"]},
    "priority": {"type": "integer", "minimum": 1, "maximum": 5},
    "tags": {"type": "string"},
    "callback_url": {"type": "string", "pattern": "^https?://"}
  },
  "additionalProperties": true
}`

// contract keeps the action that is told of.
type contract struct {
	mu     sync.Mutex
	action Action
}

// SetAction replaces what is told of the action. It panics where the input schema is not JSON, which no
// answer could carry; over HTTP that is refused instead.
func (s *Server) SetAction(a Action) {
	if err := a.validate(); err != nil {
		panic("genesystest: " + err.Error())
	}
	a = a.resolve()
	s.contract.mu.Lock()
	defer s.contract.mu.Unlock()
	s.contract.action = a
}

// Action returns what is told of the action.
func (s *Server) Action() Action {
	s.contract.mu.Lock()
	a := s.contract.action
	s.contract.mu.Unlock()
	return a.resolve()
}

func (a Action) validate() error {
	if a.InputSchema != nil && !json.Valid(a.InputSchema) {
		return errors.New("input_schema: want JSON")
	}
	for key := range a.Limits {
		if namespaces[key] == "" {
			return fmt.Errorf("limits: want %s (got %q)", strings.Join(slices.Sorted(maps.Keys(namespaces)), ", "), key)
		}
	}
	return nil
}

// resolve fills in the defaults.
func (a Action) resolve() Action {
	d := DefaultAction()
	if a.Name == "" {
		a.Name = d.Name
	}
	if a.Category == "" {
		a.Category = d.Category
	}
	if a.Version == 0 {
		a.Version = d.Version
	}
	if a.TimeoutSeconds == 0 {
		a.TimeoutSeconds = d.TimeoutSeconds
	}
	if a.InputSchema == nil {
		a.InputSchema = d.InputSchema
	}
	if a.Limits == nil {
		a.Limits = d.Limits
	}
	return a
}

// serveAction is the switch over HTTP.
func (s *Server) serveAction(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		s.SetAction(Action{})
	case http.MethodPut, http.MethodPost:
		var a Action
		in := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
		in.DisallowUnknownFields()
		err := in.Decode(&a)
		if err == nil {
			err = a.validate()
		}
		if err != nil {
			writeControl(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		s.SetAction(a)
	default:
		writeControl(w, http.StatusMethodNotAllowed, map[string]string{"error": "want GET, PUT or DELETE"})
		return
	}
	writeControl(w, http.StatusOK, s.Action())
}

// describes makes of a call one for the description of an action, or for the organisation's limits, where it
// is that.
func (c *call) describes(r *http.Request) {
	if r.Method != http.MethodGet {
		return
	}
	if name, ok := strings.CutPrefix(r.URL.Path, "/api/v2/organizations/limits/namespaces/"); ok {
		c.Path, c.action = PathLimits, name
		return
	}
	id, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/v2/integrations/actions/")
	if !ok || id == "" || strings.Contains(id, "/") {
		return
	}
	if id, err := url.PathUnescape(id); err == nil {
		c.Path, c.action, c.query = PathAction, id, r.URL.Query()
	}
}

// checkAsked returns the refusal of a question for the action or the limits, or nil.
func (s *Server) checkAsked(r *http.Request, c *call) *Answer {
	if refusal := s.checkToken(r); refusal != nil {
		return refusal
	}
	switch {
	case c.Path == PathLimits && !slices.Contains(slices.Collect(maps.Values(namespaces)), c.action):
		return &Answer{Status: http.StatusNotFound}
	case c.Path == PathLimits:
		return nil
	case s.Action().Forbidden:
		return &Answer{Status: http.StatusForbidden, Code: "missing.any.permissions", Message: "Unable to perform the requested action. " +
			"You are missing the following permission(s): [integrations:action:view]"}
	case s.opts.ActionID != "" && c.action != s.opts.ActionID:
		return &Answer{Status: http.StatusNotFound}
	}
	return nil
}

// asked returns the body that answers such a question.
func (s *Server) asked(c *call) []byte {
	if c.Path == PathLimits {
		return s.limitsOf(c.action)
	}
	return s.description(c)
}

// description describes the action as the published API does, with as much as was asked for.
func (s *Server) description(c *call) []byte {
	type object = map[string]any
	a := s.Action()
	action := object{
		"id": c.action, "name": a.Name, "category": a.Category, "version": a.Version, "secure": false, "integrationId": "fake",
	}
	if strings.Contains(c.query.Get("expand"), "contract") {
		action["contract"] = object{
			"input":  object{"inputSchema": a.InputSchema},
			"output": object{"successSchema": object{"type": "object", "additionalProperties": true}},
		}
	}
	if c.query.Get("includeConfig") == "true" && a.TimeoutSeconds > 0 {
		action["config"] = object{"timeoutSeconds": a.TimeoutSeconds}
	}
	return marshalled(action)
}

// limitsOf lists the limits of a namespace.
func (s *Server) limitsOf(namespace string) []byte {
	type entity struct {
		Key       string `json:"key"`
		Namespace string `json:"namespace"`
		Value     int    `json:"value"`
	}
	list := []entity{}
	limits := s.Action().Limits
	for _, key := range slices.Sorted(maps.Keys(limits)) {
		if namespaces[key] == namespace {
			list = append(list, entity{key, namespace, limits[key]})
		}
	}
	return marshalled(map[string]any{"entities": list})
}

func marshalled(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil // cannot be: SetAction has seen to the one part that might not marshal
	}
	return b.Bytes()
}
