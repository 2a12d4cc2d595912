package genesystest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// PathAction is the description of an action, which only the published style has.
const PathAction Path = "action"

// describes makes of a call one for the description of an action, where it is that.
func (c *call) describes(r *http.Request) {
	id, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/v2/integrations/actions/")
	if !ok || id == "" || strings.Contains(id, "/") || r.Method != http.MethodGet {
		return
	}
	if id, err := url.PathUnescape(id); err == nil {
		c.Path, c.action, c.query = PathAction, id, r.URL.Query()
	}
}

// description returns the body that describes an action: as the published API does, with as much as was asked
// for. The contract is flat, since real ones are.
func description(c *call) []byte {
	type object = map[string]any
	action := object{
		"id": c.action, "name": "Fake action", "category": "sluice", "version": 1, "secure": false, "integrationId": "fake",
	}
	if strings.Contains(c.query.Get("expand"), "contract") {
		action["contract"] = object{
			"input":  object{"inputSchema": object{"type": "object", "properties": object{}, "additionalProperties": true}},
			"output": object{"successSchema": object{"type": "object", "additionalProperties": true}},
		}
	}
	if c.query.Get("includeConfig") == "true" {
		action["config"] = object{"timeoutSeconds": 60}
	}
	body, err := json.Marshal(action)
	if err != nil {
		return nil // cannot be: there are only strings, numbers and maps of them in it
	}
	return body
}
