package genesys

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// kindOf classifies a failed invocation by the table of answers: whose failure it is, where the body says
// so, comes before the status, because the platform passes the third party's statuses on.
func kindOf(status int, code, actionCode string) Kind {
	switch actionCode {
	case actionProcessing:
		return KindProcessing
	case actionRemote, actionAuthentication:
		return KindRemote
	}
	if status == http.StatusGatewayTimeout && code == codeLoginTimeout {
		return KindServer
	}
	switch {
	case status == http.StatusUnauthorized:
		return KindUnauthorized
	case status == http.StatusForbidden:
		return KindForbidden
	case astray(status), status >= 300 && status < 400:
		return KindNotFound
	case status == http.StatusTooManyRequests:
		return KindRateLimited
	case status == http.StatusRequestTimeout:
		return KindServer
	case status >= 400 && status < 500:
		return KindRefused
	case status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		return KindGateway
	case status >= 500 && status < 600:
		return KindServer
	default:
		return KindGateway
	}
}

// astray reports whether a status says that the request has come to the wrong place, and so would every other: there is
// no such path there, or no more, or not for POST; the server is another one; a proxy wants to know who we are.
func astray(status int) bool {
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired, http.StatusGone, http.StatusMisdirectedRequest:
		return true
	}
	return false
}

// The values of details[].errorCode that say whose failure it is.
const (
	actionProcessing     = "ACTION.PROCESSING"
	actionRemote         = "ACTION.REMOTE_ENDPOINT"
	actionAuthentication = "ACTION.AUTHENTICATION"
)

// codeLoginTimeout comes with a 504 that says that the platform could not check the token in time: other than
// after any other 504, the action did not run.
const codeLoginTimeout = "authentication.request.timeout"

const (
	maxMessage   = 2 << 10 // bytes of the API's own words that an Error keeps
	maxCode      = 100     // characters of a code or an id
	maxErrorTree = 8       // levels of errors within errors that are looked at
)

// failure is what an error body tells.
type failure struct {
	code, message, requestID, actionCode string
	concurrent                           bool // it speaks of too many requests at once
}

// parseFailure reads an error body of any of the shapes that Genesys sends: that of the platform (message,
// code, contextId), that of data actions (userMessage, errorCode, correlationId) and that of OAuth (error,
// error_description); a list of those, or of texts, is read as their errors. Whatever else it is given, it
// finds nothing.
func parseFailure(body []byte) failure {
	var said any
	if json.Unmarshal(body, &said) != nil {
		return failure{}
	}
	root, ok := said.(map[string]any)
	if !ok {
		root = map[string]any{"errors": said}
	}
	f := failure{
		code:      code(root, "code", "errorCode", "error"),
		message:   text(root, "message", "userMessage", "error_description", "description"),
		requestID: code(root, "contextId", "correlationId"),
	}
	f.walk(root, maxErrorTree)
	f.concurrent = f.speaksOfConcurrency(root["limit"])
	if len(f.message) > maxMessage {
		f.message = strings.ToValidUTF8(f.message[:maxMessage], "")
	}
	return f
}

// walk looks through details and, recursively, errors. The outer message is often "Request to backend
// service failed" and nothing more, so what the inner ones of the first level say is added to it.
func (f *failure) walk(node map[string]any, depth int) {
	f.blame(code(node, "errorCode", "code"))
	for _, detail := range objects(node["details"]) {
		f.blame(code(detail, "errorCode"))
	}
	if depth == 0 {
		return
	}
	for _, inner := range objects(node["errors"]) {
		if depth == maxErrorTree {
			f.adopt(inner)
		}
		f.walk(inner, depth-1)
	}
}

// adopt takes from an inner error what the outer one leaves out.
func (f *failure) adopt(inner map[string]any) {
	said := text(inner, "message", "userMessage")
	if said != "" && len(f.message) < maxMessage && !strings.Contains(f.message, said) {
		f.message = strings.TrimPrefix(f.message+": "+said, ": ")
	}
	if f.code == "" {
		f.code = code(inner, "code", "errorCode")
	}
	if f.requestID == "" {
		f.requestID = code(inner, "contextId", "correlationId")
	}
}

// blame keeps the code that decides: ACTION.PROCESSING before all others, a known one before an unknown.
func (f *failure) blame(found string) {
	rank := func(code string) int {
		switch code {
		case actionProcessing:
			return 3
		case actionRemote, actionAuthentication:
			return 2
		default:
			return 1
		}
	}
	if strings.HasPrefix(found, "ACTION.") && (f.actionCode == "" || rank(found) > rank(f.actionCode)) {
		f.actionCode = found
	}
}

// speaksOfConcurrency says whether an error is about how many requests run at a time: the limit that it names, its code or
// its words say so ("actions.concurrent.executions.max").
func (f *failure) speaksOfConcurrency(limit any) bool {
	named, _ := limit.(map[string]any)
	for _, said := range []string{text(named, "key"), text(named, "namespace"), f.code, f.message} {
		if strings.Contains(strings.ToLower(said), "concurren") {
			return true
		}
	}
	return false
}

// objects returns what stands in a list, or in place of one: a text counts as an error that is nothing but
// its message.
func objects(v any) []map[string]any {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var found []map[string]any
	for _, e := range list {
		switch e := e.(type) {
		case map[string]any:
			found = append(found, e)
		case string:
			found = append(found, map[string]any{"message": e})
		}
	}
	return found
}

func text(node map[string]any, names ...string) string {
	for _, name := range names {
		if s, ok := node[name].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// code returns the first of these properties that has the form of a code or an id. Codes get into logs and
// metrics, so free text is none.
func code(node map[string]any, names ...string) string {
	for _, name := range names {
		switch v := node[name].(type) {
		case string:
			if isCode(v) {
				return v
			}
		case float64:
			if v == float64(int(v)) {
				return strconv.Itoa(int(v))
			}
		}
	}
	return ""
}

func isCode(s string) bool {
	return s != "" && len(s) <= maxCode && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
	})
}
