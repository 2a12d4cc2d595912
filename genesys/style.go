package genesys

import (
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// API names one of the two API styles.
type API string

const (
	// APIProcesses is the style of a gateway in front of Genesys Cloud: invocations are accepted (202) and
	// run later. Genesys' published API has none of its paths.
	APIProcesses API = "processes"
	// APIIntegrations is the API that Genesys publishes: the action runs while the caller waits.
	APIIntegrations API = "integrations"
)

// APIs returns every style.
func APIs() []API { return []API{APIProcesses, APIIntegrations} }

// style is what differs between the two APIs. Everything that is not in it is the same for both; any 2xx
// is an acceptance in both.
type style struct {
	login     func(base string) string // the login host where none is configured
	tokenPath string
	auth      oauth2.AuthStyle
	scopes    []string

	invokePrefix, invokeSuffix string // around the action's id

	requestID string // the header that carries the request id, in canonical form
	history   bool   // whether a GET of the invoke URL lists the invocations so far

	timeout     time.Duration
	rate        int // requests a minute, 0 for no shaping
	concurrency int
	maxBody     int // bytes, 0 for no limit
}

var styles = map[API]style{
	APIProcesses: {
		login:        sameHost,
		tokenPath:    "/api/v2/oauth/token",
		auth:         oauth2.AuthStyleInParams,
		scopes:       []string{"dataaction:execute"},
		invokePrefix: "/api/v2/processes/data-actions/",
		invokeSuffix: "/invocations",
		requestID:    "Request-Id",
		history:      true,
		timeout:      30 * time.Second,
		concurrency:  64,
	},
	// An action runs for at most 60 s, so 65 s see the end of every one. The platform allows 300 requests
	// a minute and token, and 50 executions at a time in the whole organisation, shared with live calls.
	APIIntegrations: {
		login:        loginHost,
		tokenPath:    "/oauth/token",
		auth:         oauth2.AuthStyleInHeader,
		invokePrefix: "/api/v2/integrations/actions/",
		invokeSuffix: "/execute",
		requestID:    "Inin-Correlation-Id",
		timeout:      65 * time.Second,
		rate:         300,
		concurrency:  10,
		maxBody:      512_000,
	},
}

// invokeURL returns where an action is invoked. Ids are not always UUIDs ("custom_-_<uuid>"), hence the
// escaping.
func (s style) invokeURL(base, action string) string {
	return base + s.invokePrefix + url.PathEscape(action) + s.invokeSuffix
}
