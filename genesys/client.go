package genesys

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Client invokes one Data Action. Make one with [New]; it is safe for concurrent use.
type Client struct {
	style     style
	base      string
	template  *http.Request // copied for each attempt; its URL is shared
	transport *http.Transport
	tokens    *tokens
	pace      *pace
	input     input
	rule      *rule // nil: any 2xx is a success
	maxBody   int   // bytes; 0 or less: no limit
	timeout   time.Duration
	timedOut  error // the cause that the contexts of requests end with after timeout
	userAgent string
}

// New checks the configuration and returns a Client. It does not connect.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.Resolve()
	success, err := newRule(cfg.Success)
	if err != nil {
		return nil, err
	}
	mapping, err := NewMapping(cfg.Input)
	if err != nil {
		return nil, err
	}
	template, err := http.NewRequestWithContext(context.Background(), http.MethodPost, cfg.InvokeURL(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("genesys.base_url: %w", err)
	}
	c := &Client{
		style:     styles[cfg.API],
		base:      cfg.BaseURL,
		template:  template,
		transport: newTransport(cfg),
		pace:      &pace{limiter: newLimiter(cfg.Rate)},
		input:     mapping.build,
		rule:      success,
		maxBody:   cfg.MaxBody,
		timeout:   cfg.Timeout,
		timedOut:  timeoutError(cfg.Timeout),
		userAgent: cfg.UserAgent,
	}
	c.tokens = newTokens(cfg, c.transport)
	return c, nil
}

// URL returns where the action is invoked.
func (c *Client) URL() string { return c.template.URL.String() }

// String names the client for logs.
func (c *Client) String() string { return "genesys client of " + c.URL() }

// GoString is String: %#v would print the credentials.
func (c *Client) GoString() string { return c.String() }

// Close ends token requests under way and idle connections. Attempts under way are not interrupted; those
// that need a token afterwards fail with [KindCanceled].
func (c *Client) Close() {
	c.tokens.close()
	c.transport.CloseIdleConnections()
}

// timeoutError is the cause of a request's own time-out, told from the caller's by identity.
func timeoutError(after time.Duration) error {
	return fmt.Errorf("no complete answer within %v", after)
}

// bearerHeaders returns the headers of a JSON request that bears a token. Requests share them, so
// nothing may write to them.
func bearerHeaders(userAgent, token string) http.Header {
	return http.Header{
		"Accept":        {"application/json"},
		"Authorization": {"Bearer " + token},
		"Content-Type":  {"application/json"},
		"User-Agent":    {userAgent},
	}
}

// validHeaderValue says whether a token can be put into a header at all.
func validHeaderValue(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
