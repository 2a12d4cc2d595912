package genesys

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

// DialFunc opens one connection to the API, the login host or a proxy.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Config says which Data Action is invoked, where, and how fast. Fields at zero take what their comment
// says; [Config.Resolve] shows the outcome.
type Config struct {
	// API is the style. If empty, APIProcesses.
	API API
	// Region is an AWS region or a Genesys domain, of those in [Regions]. If empty, us-east-1.
	Region string
	// BaseURL is where the API is. If empty, the region's.
	BaseURL string
	// LoginURL is where tokens are issued. If empty, BaseURL for APIProcesses; for APIIntegrations
	// BaseURL with the host's leading "api." replaced by "login.".
	LoginURL string
	// ClientID and ClientSecret are those of an OAuth client of the grant "client credentials". Required.
	ClientID     string
	ClientSecret Secret
	// ActionID is the Data Action's id. Required.
	ActionID string
	// Timeout bounds one request, from dialling to the last byte of the answer. If zero, 30 s for
	// APIProcesses and 65 s for APIIntegrations.
	Timeout time.Duration
	// Concurrency is the number of attempts that the caller makes at a time; it bounds the connections
	// kept. If zero, 64 for APIProcesses and 10 for APIIntegrations.
	Concurrency int
	// Rate is the number of requests a minute that [Client.Reserve] lets through at most, evenly spaced. If zero,
	// unlimited for APIProcesses and 300 for APIIntegrations; if negative, unlimited.
	Rate int
	// MaxBody is the largest request body in bytes. If zero, unlimited for APIProcesses and 512,000 for
	// APIIntegrations; if negative, unlimited.
	MaxBody int
	// Input says how a message becomes the action's input. If zero, the payload as it is.
	Input Input
	// Success tells the results of a 2xx answer that are a success from those that are not. If zero, any
	// 2xx is one.
	Success Success
	// UserAgent names this program to the API. If empty, "sluice".
	UserAgent string
	// Dial opens connections. If nil, TCP with a time-out of ten seconds and keep-alive.
	Dial DialFunc
	// OnToken, if not nil, is told after every token request when the new token expires, or why there is
	// none. It must return quickly and be safe for concurrent use.
	OnToken func(expires time.Time, err error)
}

// Defaults returns a Config with the defaults that depend on nothing else.
func Defaults() Config { return Config{API: APIProcesses, UserAgent: "sluice"} }

// Resolve returns c with every default filled in: what [New] will work with. What cannot be derived,
// because the style or the region is unknown, stays empty; [Config.Validate] says so.
func (c Config) Resolve() Config {
	if c.API == "" {
		c.API = APIProcesses
	}
	if c.Region == "" {
		c.Region = regions[0].AWS
	}
	if r, ok := FindRegion(c.Region); ok && c.BaseURL == "" {
		c.BaseURL = r.APIURL()
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	c.LoginURL = strings.TrimRight(c.LoginURL, "/")
	if c.UserAgent == "" {
		c.UserAgent = "sluice"
	}
	s, ok := styles[c.API]
	if !ok {
		return c
	}
	if c.LoginURL == "" {
		c.LoginURL = s.login(c.BaseURL)
	}
	c.Timeout = either(c.Timeout, s.timeout)
	c.Concurrency = either(c.Concurrency, s.concurrency)
	c.Rate = either(c.Rate, s.rate)
	c.MaxBody = either(c.MaxBody, s.maxBody)
	return c
}

func either[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Validate returns every problem of c, after its defaults are filled in, joined; each is
// "path: problem (got x)" with the path as in sluice.yaml. Secrets are never shown.
func (c Config) Validate() error {
	c = c.Resolve()
	var problems []error
	add := func(path, format string, args ...any) {
		problems = append(problems, fmt.Errorf("genesys.%s: %w", path, fmt.Errorf(format, args...)))
	}
	if !slices.Contains(APIs(), c.API) {
		add("api", "want processes or integrations (got %q)", c.API)
	}
	if _, ok := FindRegion(c.Region); !ok {
		add("region", "unknown (GENESYS_REGION is %q): %s", c.Region, regionHint(c.Region))
	} else if problem := badURL(c.BaseURL); problem != "" {
		add("base_url", "%s", problem)
	}
	if problem := badURL(c.LoginURL); problem != "" && c.LoginURL != "" && c.LoginURL != c.BaseURL {
		add("login_url", "%s", problem)
	}
	if c.ClientID == "" {
		add("client_id", "missing; set GENESYS_CLIENT_ID")
	}
	if c.ClientSecret.Reveal() == "" {
		add("client_secret", "missing; set GENESYS_CLIENT_SECRET or GENESYS_CLIENT_SECRET_FILE")
	}
	switch c.ActionID {
	case "":
		add("data_action_id", "missing; set GENESYS_DATA_ACTION_ID")
	case ".", "..":
		add("data_action_id", "not an id (got %q)", c.ActionID)
	}
	if c.Timeout < 0 {
		add("timeout", "want a positive duration (got %v)", c.Timeout)
	}
	if c.Concurrency < 0 {
		add("concurrency", "want a positive number (got %d)", c.Concurrency)
	}
	problemsOfInput := c.Input.problems()
	for _, name := range slices.Sorted(maps.Keys(problemsOfInput)) {
		add(strings.TrimPrefix(inputPath(name), "genesys."), "%w", problemsOfInput[name])
	}
	if err := c.Success.validate(); err != nil {
		add("success", "%w", err)
	}
	return errors.Join(problems...)
}

// badURL says what is wrong with a base URL, or nothing. It quotes the URL only where that cannot show a
// password.
func badURL(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case strings.Contains(raw, "@"):
		return "must not hold a user name or password"
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Sprintf("want http://host[:port] or https://host[:port] (got %q)", raw)
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Sprintf("must end with the host or a path (got %q)", raw)
	}
	return ""
}

// InvokeURL returns the URL at which c invokes its action.
func (c Config) InvokeURL() string {
	c = c.Resolve()
	return styles[c.API].invokeURL(c.BaseURL, c.ActionID)
}

// TokenURL returns the URL at which c gets its tokens.
func (c Config) TokenURL() string {
	c = c.Resolve()
	return c.LoginURL + styles[c.API].tokenPath
}
