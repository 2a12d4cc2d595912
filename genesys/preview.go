package genesys

import (
	"context"
	"net/http"
)

// Preview returns the request that [Client.Attempt] would make of r, with the token masked, without sending
// anything or asking for a token. The error, an [*Error], is that of an attempt that would fail before it
// sends.
func (c *Client) Preview(r Request) (*http.Request, error) {
	body, err := c.body(r)
	if err != nil {
		return nil, err
	}
	return c.request(context.Background(), &token{header: bearerHeaders(c.userAgent, mask)}, traceparent(r.Headers), body), nil
}
