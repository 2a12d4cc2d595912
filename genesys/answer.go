package genesys

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	// maxAnswer is how much of an answer's body is read.
	maxAnswer = 1 << 20
	// maxErrorBody is how much of it an Error keeps: many failed messages may wait at a time.
	maxErrorBody = 16 << 10
)

// answer is what came back for one invocation.
type answer struct {
	status     int
	requestID  string
	retryAfter time.Duration
	isJSON     bool
	body       []byte // at most maxAnswer bytes
	err        error  // the body broke off
	said       allowance
}

// readAnswer reads the response; closing it is the caller's.
func readAnswer(res *http.Response, requestID string, tok *token) answer {
	a := answer{
		status:    res.StatusCode,
		requestID: headerID(res.Header, requestID),
		isJSON:    isJSON(res.Header.Get("Content-Type")),
		said:      parseAllowance(res.Header),
	}
	if wait := res.Header["Retry-After"]; len(wait) > 0 {
		a.retryAfter = parseRetryAfter(wait[0], time.Now())
	}
	if res.StatusCode < 200 {
		return a // 101 hands the connection over: there is no body to wait for
	}
	a.body, a.err = readBody(res)
	a.body = tok.maskedIn(a.body)
	return a
}

// maskedIn returns an answer's body without the token. Some servers echo the request's headers, and bodies are
// kept and shown; the token must not be.
func (t *token) maskedIn(body []byte) []byte {
	if !bytes.Contains(body, []byte(t.value)) {
		return body
	}
	return bytes.ReplaceAll(body, []byte(t.value), []byte(mask))
}

func readBody(res *http.Response) ([]byte, error) {
	if n := res.ContentLength; n >= 0 && n <= maxAnswer {
		body := make([]byte, n)
		got, err := io.ReadFull(res.Body, body)
		return body[:got], err
	}
	return io.ReadAll(io.LimitReader(res.Body, maxAnswer))
}

// isJSON says whether a Content-Type names JSON: application/json or any type with the suffix +json.
func isJSON(contentType string) bool {
	switch contentType {
	case "application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8":
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// headerID returns the id in a header where it has the form of one. The name is in canonical form.
func headerID(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 && isCode(v[0]) {
		return v[0]
	}
	return ""
}

func (a *answer) isSuccess() bool { return a.status >= 200 && a.status < 300 }

// data returns the body as JSON: as it is where it is JSON and says so, else as {"raw": text}.
func (a *answer) data() json.RawMessage {
	switch {
	case len(a.body) == 0:
		return nil
	case a.isJSON && json.Valid(a.body):
		return a.body
	}
	raw, err := json.Marshal(map[string]string{"raw": string(a.body)})
	if err != nil {
		return nil // cannot be: a map of strings always marshals
	}
	return raw
}

// result returns the Result of a 2xx answer.
func (a *answer) result() Result {
	r := Result{Status: a.status, RequestID: a.requestID, Data: a.data()}
	if r.RequestID == "" && a.isJSON && namesRequest(a.body) {
		r.RequestID = parseFailure(a.body).requestID
	}
	return r
}

// namesRequest reports whether a body may hold the request's id: most successes do not, and need no parsing.
func namesRequest(body []byte) bool {
	return bytes.Contains(body, []byte(`"contextId"`)) || bytes.Contains(body, []byte(`"correlationId"`))
}

// failure returns the Error of any other answer.
func (a *answer) failure() *Error {
	said := parseFailure(a.body)
	e := &Error{
		Kind: kindOf(a.status, said.code, said.actionCode), Op: OpInvoke, Status: a.status,
		Code: said.code, ActionCode: said.actionCode, Message: said.message,
		RequestID: a.requestID, RetryAfter: a.retryAfter, Body: a.excerpt(),
	}
	e.Concurrent = e.Kind == KindRateLimited && said.concurrent
	if e.RequestID == "" {
		e.RequestID = said.requestID
	}
	return e
}

// excerpt returns a copy of the beginning of the body, so that the rest can be freed.
func (a *answer) excerpt() []byte {
	if len(a.body) <= maxErrorBody {
		return a.body
	}
	return bytes.Clone(a.body[:maxErrorBody])
}
