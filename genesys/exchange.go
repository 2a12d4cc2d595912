package genesys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// exchange makes token requests (RFC 6749 §4.4) with x/oauth2, which knows the protocol. What it does not
// do is ours: its errors carry the answer's body, so none of them is passed on, and the classification
// rests on what tap saw go over the wire.
type exchange struct {
	oauth     clientcredentials.Config
	transport http.RoundTripper
	pace      *pace
	timedOut  error
	userAgent string
	requestID string // the header
}

func newExchange(cfg Config, transport http.RoundTripper, p *pace, timedOut error) *exchange {
	s := styles[cfg.API]
	return &exchange{
		oauth: clientcredentials.Config{
			ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret.Reveal(),
			TokenURL: cfg.TokenURL(), Scopes: s.scopes, AuthStyle: s.auth,
		},
		transport: transport,
		pace:      p,
		timedOut:  timedOut,
		userAgent: cfg.UserAgent,
		requestID: s.requestID,
	}
}

var (
	errCredentials = errors.New("the login host refuses these credentials: check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET, " +
		"and that the OAuth client is enabled and of the grant client credentials")
	errTokenAnswer = errors.New("the answer is not a token: check that the base and login URLs lead to Genesys Cloud")
)

// exchange makes one token request, within ctx.
func (x *exchange) exchange(ctx context.Context) (*token, *Error) {
	t := &tap{x: x}
	client := &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	got, err := x.oauth.Token(context.WithValue(t.wire.watch(ctx), oauth2.HTTPClient, client))
	if t.status != 0 {
		x.pace.answered(t.status, t.retryAfter)
	}
	if err != nil {
		return nil, x.failure(ctx, t, err)
	}
	if !validHeaderValue(got.AccessToken) {
		return nil, &Error{Kind: KindServer, Op: OpToken, Status: t.status, RequestID: t.requestID, Err: x.at(errTokenAnswer)}
	}
	now := time.Now()
	life := got.Expiry.Sub(now)
	if got.Expiry.IsZero() || life <= 0 {
		life = assumedLife
	}
	return &token{
		value:   got.AccessToken,
		header:  bearerHeaders(x.userAgent, got.AccessToken),
		renewAt: now.Add(life - min(renewBefore, life/2)),
		expires: now.Add(life),
	}, nil
}

// failure classifies a token request as the like answer of an invocation would be; but the request is
// always the same, so a 400 is about the credentials as a 401 is.
func (x *exchange) failure(ctx context.Context, t *tap, err error) *Error {
	switch {
	case t.err != nil && ctx.Err() != nil && !errors.Is(context.Cause(ctx), x.timedOut):
		return &Error{Kind: KindCanceled, Op: OpToken, Err: errClosed}
	case t.status == 0 || t.isSuccess() && t.err != nil:
		return interrupted(context.Background(), ctx, OpToken, x.timedOut, t.wire.sent(), t.err)
	}
	e := &Error{Kind: KindServer, Op: OpToken, Status: t.status, RequestID: t.requestID, RetryAfter: t.retryAfter}
	if t.isSuccess() {
		e.Err = x.at(errTokenAnswer)
		return e
	}
	if t.status == http.StatusBadRequest {
		e.Kind = KindUnauthorized
	} else {
		e.Kind = kindOf(t.status, "", "")
	}
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		said := parseFailure(refused.Body)
		e.Code = said.code
		e.Message = strings.ReplaceAll(said.message, x.oauth.ClientSecret, mask)
		if e.RequestID == "" {
			e.RequestID = said.requestID
		}
		if e.Kind == KindUnauthorized && isOAuthError(refused.Body) {
			e.Err = x.at(errCredentials)
		}
	}
	return e
}

// at names the URL that an error is about.
func (x *exchange) at(err error) error { return fmt.Errorf("%s: %w", x.oauth.TokenURL, err) }

// isOAuthError tells a refusal of the credentials (RFC 6749 §5.2) from the like status of something that
// answers everybody the same.
func isOAuthError(body []byte) bool {
	var refusal struct {
		Error string `json:"error"`
	}
	return json.Unmarshal(body, &refusal) == nil && refusal.Error != ""
}

// tap is the transport of one token request. It remembers what x/oauth2 leaves out of its errors.
type tap struct {
	x          *exchange
	wire       wire
	status     int
	requestID  string
	retryAfter time.Duration
	err        error // of the connection, before or in the middle of the answer
}

func (t *tap) isSuccess() bool { return t.status >= 200 && t.status < 300 }

// RoundTrip sends the request as Genesys wants it: RFC 6749 §2.3.1 has id and secret form-encoded within
// HTTP Basic, and so does x/oauth2, but Genesys takes them as they are.
func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", t.x.userAgent)
	r.Header.Set("Accept", "application/json")
	if t.x.oauth.AuthStyle == oauth2.AuthStyleInHeader {
		r.SetBasicAuth(t.x.oauth.ClientID, t.x.oauth.ClientSecret)
	}
	res, err := t.wire.roundTrip(t.x.transport, r)
	if err != nil {
		t.err = err
		return nil, err
	}
	t.status = res.StatusCode
	t.requestID = headerID(res.Header, t.x.requestID)
	t.retryAfter = parseRetryAfter(res.Header.Get("Retry-After"), time.Now())
	// x/oauth2 would take a form for an answer, and nothing that speaks for Genesys sends one.
	if media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); media == "text/plain" || media == "application/x-www-form-urlencoded" {
		res.Header.Set("Content-Type", "application/octet-stream")
	}
	res.Body = &tapBody{ReadCloser: res.Body, tap: t}
	return res, nil
}

// tapBody notes the error that ends an answer early.
type tapBody struct {
	io.ReadCloser
	tap *tap
}

func (b *tapBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // io.Reader's contract is io.EOF itself
		b.tap.err = err
	}
	return n, err
}
