package genesys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
)

// Attempt invokes the action once with the request's payload and reports what came of it; the error is
// always an [*Error]. It gets a token first where there is none, and where the API answers 401, it renews
// the token and sends the payload once more. It waits neither for [Client.Reserve] nor between the two.
//
// Every request is bounded by Config.Timeout. If ctx ends first, the error is of [KindCanceled], and the
// action may or may not have run.
func (c *Client) Attempt(ctx context.Context, r Request) (Result, error) {
	res, err := c.attempt(ctx, r)
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

func (c *Client) attempt(ctx context.Context, r Request) (Result, *Error) {
	body, err := c.body(r)
	if err != nil {
		return Result{}, err
	}
	trace := traceparent(r.Headers)
	turn := true // the repeat after a 401 has none of its own
	return authorized(ctx, c.tokens, func(tok *token) (Result, *Error) {
		t := c.pace.sent(turn)
		turn = false
		return c.send(ctx, tok, t, trace, body)
	})
}

// body builds the request's body, of a size that the style allows.
func (c *Client) body(r Request) ([]byte, *Error) {
	body, err := c.input(r)
	if err == nil && c.maxBody > 0 && len(body) > c.maxBody {
		return nil, &Error{Kind: KindTooLarge, Op: OpInvoke,
			Err: fmt.Errorf("the request body has %d bytes, of at most %d", len(body), c.maxBody)}
	}
	return body, err
}

// authorized sends with a token, and where the API answers 401, once more with a new one.
func authorized[T any](ctx context.Context, tokens *tokens, send func(*token) (T, *Error)) (T, *Error) {
	var none T
	tok, err := tokens.get(ctx)
	if err != nil {
		return none, err
	}
	res, err := send(tok)
	if err == nil || err.Kind != KindUnauthorized {
		return res, err
	}
	newer, failed := tokens.renew(ctx, tok)
	switch {
	case failed != nil:
		return none, failed
	case newer == nil:
		return none, err
	}
	return send(newer)
}

// send makes one request.
func (c *Client) send(ctx context.Context, tok *token, t ticket, trace string, body []byte) (Result, *Error) {
	within, cancel := context.WithTimeoutCause(ctx, c.timeout, c.timedOut)
	defer cancel()
	var w wire
	res, err := w.roundTrip(c.transport, c.request(w.watch(within), tok, trace, body))
	if err != nil {
		return Result{}, interrupted(ctx, within, OpInvoke, c.timedOut, w.sent(), err)
	}
	defer func() { _ = res.Body.Close() }()
	a := readAnswer(res, c.style.requestID, tok)
	if a.isSuccess() {
		c.note(tok, t, &a, nil)
		return c.accept(ctx, &a)
	}
	failed := a.failure()
	c.note(tok, t, &a, failed)
	return Result{}, failed
}

// note lets the pace and the token learn from an answer. Where it passes a third party's status on, the error's
// kind says so: our token was accepted then, and we are within our rate.
func (c *Client) note(tok *token, t ticket, a *answer, failed *Error) {
	h := heard{said: a.said}
	if failed != nil && failed.Kind == KindRateLimited {
		h.limited, h.concurrent, h.wait = true, failed.Concurrent, failed.RetryAfter
	}
	c.pace.answered(t, h)
	if (failed == nil || failed.Kind != KindUnauthorized) && !tok.accepted.Load() {
		tok.accepted.Store(true)
	}
}

// accept turns a 2xx answer into the Result, or into an Error where the success rule says so. Without a
// rule, an answer whose body broke off is a success all the same: the status says that the action was
// accepted.
func (c *Client) accept(ctx context.Context, a *answer) (Result, *Error) {
	if c.rule == nil {
		return a.result(), nil
	}
	if a.err != nil && ctx.Err() != nil {
		return Result{}, &Error{Kind: KindCanceled, Op: OpInvoke, Err: context.Cause(ctx)}
	}
	met, readable := c.rule.met(a.body)
	if met && a.err == nil {
		return a.result(), nil
	}
	e := a.failure()
	if a.err != nil || !readable {
		e.Kind, e.Err = KindUnreadable, errUnreadable
	} else {
		e.Kind, e.Err = KindActionFailed, errRule
	}
	return Result{}, e
}

var (
	errUnreadable = errors.New("the result could not be read, and the success rule needs it")
	errRule       = errors.New("the result does not meet the success rule")
)

// request builds one request. GetBody is for a connection that turns out to be closed before any byte left;
// net/http uses it for nothing else in a POST without an Idempotency-Key.
func (c *Client) request(ctx context.Context, tok *token, trace string, body []byte) *http.Request {
	r := c.template.WithContext(ctx)
	r.Header = tok.header
	if trace != "" {
		r.Header = maps.Clone(tok.header)
		r.Header["Traceparent"] = []string{trace}
	}
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body = io.NopCloser(bytes.NewReader(body))
	return r
}

// traceparent returns the W3C trace context that came with the message, where there is a well-formed one.
func traceparent(headers []Header) string {
	for _, h := range headers {
		if len(h.Key) == len("traceparent") && strings.EqualFold(h.Key, "traceparent") {
			if isTraceparent(h.Value) {
				return string(h.Value)
			}
		}
	}
	return ""
}

// isTraceparent checks the form of version 00, "00-<32 hex>-<16 hex>-<2 hex>"
// (https://www.w3.org/TR/trace-context/#traceparent-header).
func isTraceparent(v []byte) bool {
	if len(v) != 55 || v[0] == 'f' && v[1] == 'f' {
		return false
	}
	for i, b := range v {
		dash := i == 2 || i == 35 || i == 52
		hex := b >= '0' && b <= '9' || b >= 'a' && b <= 'f'
		if dash && b != '-' || !dash && !hex {
			return false
		}
	}
	return true
}
