package genesys

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// ErrNoDescription means that the API style has no way to ask for the action itself.
var ErrNoDescription = errors.New("this API style does not describe its actions")

// errNotAnAction means an answer that describes none.
var errNotAnAction = errors.New("the answer does not describe an action: check that the base URL leads to Genesys Cloud")

// Action is what the API tells of the configured action.
type Action struct {
	Name, Category string
	Version        int
	// Timeout is how long the action may run; 0 where the API does not tell.
	Timeout time.Duration
	// Input is the JSON Schema of the action's input; empty where the API does not tell.
	Input json.RawMessage
}

// Token makes sure that there is a token and returns when it expires. The error is an [*Error] of [OpToken].
func (c *Client) Token(ctx context.Context) (time.Time, error) {
	tok, err := c.tokens.get(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return tok.expires, nil
}

// Describe asks for the configured action, with its contract and configuration, and never runs it. That needs
// the permission integrations:action:view, which an invocation does not. The error is an [*Error] of
// [OpDescribe] or [OpToken], or ErrNoDescription.
func (c *Client) Describe(ctx context.Context) (Action, error) {
	if c.style.history {
		return Action{}, ErrNoDescription
	}
	a, err := c.get(ctx, c.readURL(c.style))
	if err != nil {
		return Action{}, err
	}
	return parseAction(a)
}

// OtherStyle returns the API style that answers for the configured action although it is not the configured
// one, or "" where there is none. It makes one request, which changes nothing.
func (c *Client) OtherStyle(ctx context.Context) API {
	for _, api := range APIs() {
		if s := styles[api]; s.invokePrefix != c.style.invokePrefix {
			if _, err := c.get(ctx, c.readURL(s)); err == nil {
				return api
			}
		}
	}
	return ""
}

// readURL returns where a style answers a GET for the action: with its invocations so far, or with its
// description.
func (c *Client) readURL(s style) string {
	at := strings.TrimSuffix(c.URL(), c.style.invokeSuffix)
	i := strings.LastIndex(at, c.style.invokePrefix)
	at = at[:i] + s.invokePrefix + at[i+len(c.style.invokePrefix):]
	if s.history {
		return at + s.invokeSuffix + "?pageSize=1"
	}
	return at + "?expand=contract&includeConfig=true"
}

// get asks once with a token, and where the API answers 401, once more with a new one.
func (c *Client) get(ctx context.Context, target string) (*answer, error) {
	a, err := authorized(ctx, c.tokens, func(tok *token) (*answer, *Error) { return c.getWith(ctx, tok, target) })
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (c *Client) getWith(ctx context.Context, tok *token, target string) (*answer, *Error) {
	within, cancel := context.WithTimeoutCause(ctx, c.timeout, c.timedOut)
	defer cancel()
	var w wire
	r, err := http.NewRequestWithContext(w.watch(within), http.MethodGet, target, http.NoBody)
	if err != nil {
		return nil, &Error{Kind: KindInput, Op: OpDescribe, Err: errors.New("the action's URL cannot be built")}
	}
	r.Header = tok.header
	t := c.pace.sent(false)
	res, err := w.roundTrip(c.transport, r)
	if err != nil {
		return nil, interrupted(ctx, within, OpDescribe, c.timedOut, w.sent(), err)
	}
	defer func() { _ = res.Body.Close() }()
	a := readAnswer(res, c.style.requestID, tok)
	if !a.isSuccess() {
		failed := a.failure()
		failed.Op = OpDescribe
		c.note(tok, t, &a, failed)
		return nil, failed
	}
	c.note(tok, t, &a, nil)
	switch {
	case a.err != nil:
		return nil, interrupted(ctx, within, OpDescribe, c.timedOut, true, a.err)
	case !a.isJSON:
		return nil, a.notAnAction()
	}
	return &a, nil
}

func (a *answer) notAnAction() *Error {
	return &Error{Kind: KindUnreadable, Op: OpDescribe, Status: a.status, RequestID: a.requestID, Err: errNotAnAction}
}

// parseAction reads the published API's Action.
func parseAction(a *answer) (Action, error) {
	var said struct {
		ID       string      `json:"id"`
		Name     string      `json:"name"`
		Category string      `json:"category"`
		Version  json.Number `json:"version"`
		Config   struct {
			TimeoutSeconds json.Number `json:"timeoutSeconds"`
		} `json:"config"`
		Contract struct {
			Input struct {
				Schema json.RawMessage `json:"inputSchema"`
			} `json:"input"`
		} `json:"contract"`
	}
	if json.Unmarshal(a.body, &said) != nil || said.ID == "" && said.Name == "" {
		return Action{}, a.notAnAction()
	}
	version, _ := said.Version.Int64()
	seconds, _ := said.Config.TimeoutSeconds.Int64()
	return Action{
		Name: said.Name, Category: said.Category, Version: int(version),
		Timeout: time.Duration(seconds) * time.Second, Input: said.Contract.Input.Schema,
	}, nil
}
