package genesystest

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// deliver executes the action where the answer says so, and gives the answer.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, c *call, a Answer) {
	for _, f := range c.twists {
		f.twist(&a)
	}
	status := a.Status
	if status == 0 {
		status = c.healthy()
	}
	given := status
	if a.silent() {
		given = 0
	}
	if c.Path == PathInvoke && a.executes() {
		if c.ID == "" {
			c.ID = s.id(c.Payload)
		}
		c.id = s.newID()
		s.record(c, given)
		s.remember(c)
	}
	s.tally(c.Path, given)
	s.wait(r, a.Delay)
	if a.silent() {
		s.silence(w, r, a)
		return
	}
	s.write(w, c, a, status)
}

func (c *call) healthy() int {
	if c.Path == PathInvoke && !c.published {
		return http.StatusAccepted
	}
	return http.StatusOK
}

func (s *Server) write(w http.ResponseWriter, c *call, a Answer, status int) {
	requestID := s.newID()
	h := w.Header()
	if c.published {
		h["Inin-Correlation-Id"] = []string{requestID}
	} else {
		h["Request-Id"] = []string{requestID}
	}
	h["Content-Type"] = []string{"application/json"}
	if a.ContentType != "" {
		h["Content-Type"] = []string{a.ContentType}
	}
	if a.RetryAfter != 0 {
		h["Retry-After"] = []string{strconv.Itoa(a.RetryAfter)}
	}
	maps.Copy(h, a.Header)
	body := a.Body
	if body == nil && bodyAllowed(status) {
		body = s.body(c, a, status, requestID)
	}
	send(w, a, status, body)
}

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusResetContent && status != http.StatusNotModified
}

// body returns the body that goes with a status.
func (s *Server) body(c *call, a Answer, status int, requestID string) []byte {
	if status < 200 || status > 299 {
		return errorBody(c, a, status, requestID)
	}
	switch {
	case c.Path == PathToken:
		return s.issue(a)
	case c.Path == PathInvoke && !c.published:
		return []byte(`{"invocationId":"` + c.id + `"}`)
	case c.Path == PathInvoke && s.opts.Output != nil:
		return s.opts.Output(c.Payload)
	case c.Path == PathInvoke:
		return []byte(`{"executionId":"` + c.id + `"}`)
	case c.Path == PathHistory:
		return s.page(c)
	case c.Path == PathAction:
		return description(c)
	default:
		return []byte(`{}`)
	}
}

// codes are those that the platform sends with a status.
var codes = map[int]string{
	http.StatusBadRequest:            "bad.request",
	http.StatusUnauthorized:          "bad.credentials",
	http.StatusForbidden:             "missing.permissions",
	http.StatusNotFound:              "not.found",
	http.StatusMethodNotAllowed:      "method.not.allowed",
	http.StatusRequestTimeout:        "client.request.timeout",
	http.StatusRequestEntityTooLarge: "request.entity.too.large",
	http.StatusUnsupportedMediaType:  "unsupported.media.type",
	http.StatusTooManyRequests:       "too.many.requests.retry.after",
	http.StatusInternalServerError:   "internal.server.error",
	http.StatusServiceUnavailable:    "service.unavailable",
	http.StatusGatewayTimeout:        "request.timeout",
}

type detail struct {
	ErrorCode string `json:"errorCode"`
}

// errorBody returns the platform's shape of an error, or, where it blames someone, that of data actions.
func errorBody(c *call, a Answer, status int, requestID string) []byte {
	code, message := a.Code, a.Message
	if code == "" {
		code = codes[status]
	}
	if message == "" {
		message = "HTTP " + strconv.Itoa(status) + " " + http.StatusText(status)
	}
	var body any
	switch {
	case c.Path == PathToken && a.Code != "":
		body = struct {
			Error            string `json:"error"`
			Description      string `json:"description"`
			ErrorDescription string `json:"error_description"`
		}{code, message, message}
	case a.ActionCode != "":
		body = struct {
			Status        int      `json:"status"`
			ErrorCode     string   `json:"errorCode"`
			UserMessage   string   `json:"userMessage"`
			UserParams    []string `json:"userParams"`
			CorrelationID string   `json:"correlationId"`
			Details       []detail `json:"details"`
			Errors        []any    `json:"errors"`
		}{status, code, message, []string{}, requestID, []detail{{a.ActionCode}}, []any{}}
	default:
		body = struct {
			Message           string         `json:"message"`
			Code              string         `json:"code"`
			Status            int            `json:"status"`
			ContextID         string         `json:"contextId"`
			MessageWithParams string         `json:"messageWithParams"`
			MessageParams     map[string]any `json:"messageParams"`
			Details           []detail       `json:"details"`
			Errors            []any          `json:"errors"`
		}{message, code, status, requestID, message, map[string]any{}, []detail{}, []any{}}
	}
	out, err := json.Marshal(body)
	if err != nil {
		return nil // cannot be: there are only strings and numbers in it
	}
	return out
}

// newID returns a UUID: the next of those that the seed gives.
func (s *Server) newID() string {
	n := s.ids.Add(1)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], scramble(s.opts.Seed^scramble(2*n)))
	binary.BigEndian.PutUint64(b[8:], scramble(s.opts.Seed^scramble(2*n+1)))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	text := make([]byte, 0, 36)
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}
