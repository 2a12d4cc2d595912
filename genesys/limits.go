package genesys

import (
	"context"
	"encoding/json"
	"net/url"
)

// Limits are what the organisation allows, 0 where the API does not tell.
type Limits struct {
	// Concurrent is the number of executions of actions at a time, live call flows' included.
	Concurrent int
	// Executions is the number of executions of actions a minute, live call flows' included.
	Executions int
	// Requests is the number of requests a minute of one token.
	Requests int
}

// Limits asks for the limits of the organisation, which needs no permission. The error is an [*Error] of
// [OpDescribe] or [OpToken], or ErrNoDescription.
func (c *Client) Limits(ctx context.Context) (Limits, error) {
	if c.style.history {
		return Limits{}, ErrNoDescription
	}
	var l Limits
	for namespace, keys := range map[string]map[string]*int{
		"dataactions": {
			"actions.concurrent.executions.max": &l.Concurrent,
			"requests.volume.max":               &l.Executions,
		},
		"platform.api": {"client.credentials.token.rate.per.minute": &l.Requests},
	} {
		a, err := c.get(ctx, c.base+"/api/v2/organizations/limits/namespaces/"+url.PathEscape(namespace))
		if err != nil {
			return Limits{}, err
		}
		a.readLimits(keys)
	}
	return l, nil
}

// readLimits fills in what the answer tells of these keys. One that tells nothing is no failure.
func (a *answer) readLimits(keys map[string]*int) {
	var said struct {
		Entities []struct {
			Key   string      `json:"key"`
			Value json.Number `json:"value"`
		} `json:"entities"`
	}
	_ = json.Unmarshal(a.body, &said)
	for _, e := range said.Entities {
		value, err := e.Value.Float64()
		if at := keys[e.Key]; at != nil && err == nil && value > 0 && value < 1e9 {
			*at = int(value)
		}
	}
}
