package worker

import (
	"net/http"
	"strings"
	"time"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// answerRow is one answer of the API, and what it must be taken for.
type answerRow struct {
	says string // what the answer is, for the page

	fake    genesystest.Answer // what the fake answers, on path (if empty, the invocation's)
	path    genesystest.Path
	fault   genesystest.Fault // or what goes wrong before that
	raw     string            // or what a server says by hand, which then closes the connection; SILENCE lets it wait
	revoked bool              // the token at hand is revoked before
	change  func(*genesys.Config)
	payload string

	want   genesys.Kind  // 0: accepted
	pauses time.Duration // all sending pauses at least so long, and at most a quarter longer
	sent   int           // requests for the invocation that the server saw; if zero, 1
}

// rule is a success rule: the result must say {"statusCode": 200}.
func rule(c *genesys.Config) { c.Success = genesys.Success{Pointer: "/statusCode", Value: 200} }

func processesStyle(c *genesys.Config) { c.API = genesys.APIProcesses }

// errorOf is an error of the platform's shape with all that one may hold.
const errorOf = `{"message":"Request to backend service failed","code":"bad.request","status":400,"contextId":"c-1",` +
	`"messageWithParams":"Request to {name} failed","messageParams":{"name":"backend service"},` +
	`"details":[],"errors":[{"message":"no such customer","details":[{"errorCode":"ACTION.REMOTE_ENDPOINT"}]}],"limit":null}`

func status(n int) genesystest.Answer { return genesystest.Answer{Status: n} }

func coded(n int, code string) genesystest.Answer { return genesystest.Answer{Status: n, Code: code} }

func blamed(n int, actionCode string) genesystest.Answer {
	return genesystest.Answer{Status: n, ActionCode: "ACTION." + actionCode}
}

func said(n int, contentType, body string) genesystest.Answer {
	return genesystest.Answer{Status: n, ContentType: contentType, Body: []byte(body)}
}

func asking(n int, retryAfter string) genesystest.Answer {
	return genesystest.Answer{Status: n, Header: http.Header{"Retry-After": {retryAfter}}}
}

const silence = "SILENCE"

// answerGroups is the table. Where it says nothing else, a row is of the published style.
var answerGroups = []struct {
	heading string
	rows    []answerRow
}{
	{"Accepted, or so it says", []answerRow{
		{says: "200 with the action's output"},
		{says: "202 with an invocationId (processes)", change: processesStyle},
		{says: "204", fake: status(204)},
		{says: "200, nothing in it", fake: said(200, "application/json", "")},
		{says: "200 after 64 s", fake: genesystest.Answer{Delay: 64 * time.Second}},
		{says: `200 {"statusCode":400}, no success rule`, fake: said(200, "application/json", `{"statusCode":400}`)},
		{says: `200 {"statusCode":400}, the rule wants 200`, fake: said(200, "application/json", `{"statusCode":400}`), change: rule, want: genesys.KindActionFailed},
		{says: `200 {"statusCode":200}, the rule wants 200`, fake: said(200, "application/json", `{"statusCode":200}`), change: rule},
		{says: "200, nothing in it, a success rule", fake: said(200, "application/json", ""), change: rule, want: genesys.KindActionFailed},
		{says: "200, JSON that says it is text", fake: said(200, "text/plain", `{"statusCode":200}`)},
		{says: "200 with HTML, no success rule", fake: said(200, "text/html", "<html>Sign in")},
		{says: "200 with HTML, a success rule", fake: said(200, "text/html", "<html>Sign in"), change: rule, want: genesys.KindUnreadable},
		{says: "200, compressed", fake: genesystest.Answer{Gzip: true}},
		{says: "200, compressed badly, no success rule", raw: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"},
		{says: "200 of 3 MB, no success rule", fake: genesystest.Answer{Pad: 3 << 20}},
		{says: "200 of 3 MB, the rule is met in the first of them", change: rule,
			fake: genesystest.Answer{Body: []byte(`{"statusCode":200}`), Pad: 3 << 20}},
		{says: "200 of 3 MB of one text, a success rule", change: rule, want: genesys.KindUnreadable,
			fake: said(200, "application/json", `{"statusCode":200,"text":"`+strings.Repeat("x", 3<<20)+`"}`)},
		{says: "200, cut off in the body, no success rule", fake: genesystest.Answer{Cut: true}},
		{says: "200, cut off in the body, a success rule", fake: genesystest.Answer{Cut: true}, change: rule, want: genesys.KindUnreadable},
		{says: "200, and the body does not come, no success rule", raw: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + silence},
		{says: "401 of a token that was revoked, then 200", revoked: true, sent: 2},
	}},
	{"Refused", []answerRow{
		{says: "400 bad.request", fake: status(400), want: genesys.KindRefused},
		{says: "400 invalid.value", fake: coded(400, "invalid.value"), want: genesys.KindRefused},
		{says: "400 in the shape of data actions, nobody blamed", want: genesys.KindRefused,
			fake: said(400, "application/json", `{"status":400,"errorCode":"bad.request","userMessage":"m","correlationId":"c","details":[],"errors":[]}`)},
		{says: "400 with HTML", fake: said(400, "text/html", "<html>"), want: genesys.KindRefused},
		{says: "400 with a text", fake: said(400, "text/plain", "no"), want: genesys.KindRefused},
		{says: "400 with a JSON list", fake: said(400, "application/json", `["no",7]`), want: genesys.KindRefused},
		{says: "400, nothing in it", fake: said(400, "application/json", ""), want: genesys.KindRefused},
		{says: "400, cut off in the body", fake: genesystest.Answer{Status: 400, Cut: true}, want: genesys.KindRefused},
		{says: "ACTION.PROCESSING with 400", fake: blamed(400, "PROCESSING"), want: genesys.KindProcessing},
		{says: "ACTION.PROCESSING with 502", fake: blamed(502, "PROCESSING"), want: genesys.KindProcessing},
		{says: "403 missing.permissions", fake: status(403), want: genesys.KindForbidden},
		{says: "403 missing.division.permission", fake: coded(403, "missing.division.permission"), want: genesys.KindForbidden},
		{says: "404 not.found", fake: status(404), want: genesys.KindNotFound},
		{says: "302 to another host", fake: genesystest.Answer{Status: 302, Header: http.Header{"Location": {"http://elsewhere/"}}}, want: genesys.KindNotFound},
		{says: "307 to the same host", fake: genesystest.Answer{Status: 307, Header: http.Header{"Location": {"/"}}}, want: genesys.KindNotFound},
		{says: "405 method.not.allowed", fake: status(405), want: genesys.KindNotFound},
		{says: "409", fake: coded(409, "general.conflict"), want: genesys.KindRefused},
		{says: "410", fake: status(410), want: genesys.KindNotFound},
		{says: "413 request.entity.too.large", fake: status(413), want: genesys.KindRefused},
		{says: "a body over 512,000 bytes, before it is sent", payload: `{"a":"` + strings.Repeat("x", 512_000) + `"}`, want: genesys.KindTooLarge, sent: -1},
		{says: "415 unsupported.media.type", fake: status(415), want: genesys.KindRefused},
		{says: "422", fake: status(422), want: genesys.KindRefused},
		{says: "401 bad.credentials, again with a new token", fake: status(401), want: genesys.KindUnauthorized, sent: 2},
		{says: "401 with HTML, again with a new token", fake: said(401, "text/html", "<html>"), want: genesys.KindUnauthorized, sent: 2},
	}},
	{"The third party behind the action", []answerRow{
		{says: "ACTION.REMOTE_ENDPOINT with 400", fake: blamed(400, "REMOTE_ENDPOINT"), want: genesys.KindRemote},
		{says: "the same within errors[], in the platform's shape", fake: said(400, "application/json", errorOf), want: genesys.KindRemote},
		{says: "ACTION.REMOTE_ENDPOINT with 401", fake: blamed(401, "REMOTE_ENDPOINT"), want: genesys.KindRemote},
		{says: "ACTION.AUTHENTICATION with 401", fake: blamed(401, "AUTHENTICATION"), want: genesys.KindRemote},
		{says: "ACTION.AUTHENTICATION with 400", fake: blamed(400, "AUTHENTICATION"), want: genesys.KindRemote},
		{says: "ACTION.REMOTE_ENDPOINT with 403", fake: blamed(403, "REMOTE_ENDPOINT"), want: genesys.KindRemote},
		{says: "ACTION.REMOTE_ENDPOINT with 404", fake: blamed(404, "REMOTE_ENDPOINT"), want: genesys.KindRemote},
		{says: "ACTION.REMOTE_ENDPOINT with 429 and Retry-After: 7", want: genesys.KindRemote,
			fake: genesystest.Answer{Status: 429, ActionCode: "ACTION.REMOTE_ENDPOINT", RetryAfter: 7}},
		{says: "ACTION.REMOTE_ENDPOINT with 500", fake: blamed(500, "REMOTE_ENDPOINT"), want: genesys.KindRemote},
		{says: "ACTION.REMOTE_ENDPOINT with 502", fake: blamed(502, "REMOTE_ENDPOINT"), want: genesys.KindRemote},
		{says: "ACTION.REMOTE_ENDPOINT with 504", fake: blamed(504, "REMOTE_ENDPOINT"), want: genesys.KindRemote},
		{says: "an ACTION code that is not known, with 400", fake: blamed(400, "OTHER"), want: genesys.KindRefused},
	}},
	{"The platform", []answerRow{
		{says: "408 client.request.timeout", fake: status(408), want: genesys.KindServer},
		{says: "500 internal.server.error", fake: status(500), want: genesys.KindServer},
		{says: "500 with HTML", fake: said(500, "text/html", "<html>"), want: genesys.KindServer},
		{says: "500, cut off in the body", fake: genesystest.Answer{Status: 500, Cut: true}, want: genesys.KindServer},
		{says: "501", fake: status(501), want: genesys.KindServer},
		{says: "503 service.unavailable", fake: status(503), want: genesys.KindServer},
		{says: "503 with Retry-After: 7", fake: asking(503, "7"), want: genesys.KindServer},
		{says: "503 with Retry-After: 9999", fake: asking(503, "9999"), want: genesys.KindServer},
		{says: "503 with Retry-After: soon", fake: asking(503, "soon"), want: genesys.KindServer},
		{says: "599", fake: status(599), want: genesys.KindServer},
		{says: "504 authentication.request.timeout", fake: coded(504, "authentication.request.timeout"), want: genesys.KindServer},
		{says: "504 request.timeout", fake: status(504), want: genesys.KindGateway},
		{says: "504 request.timeout, and the action ran", fake: genesystest.Answer{Status: 504, Execute: true}, want: genesys.KindGateway},
		{says: "504 with HTML", fake: said(504, "text/html", "<html>"), want: genesys.KindGateway},
		{says: "502", fake: status(502), want: genesys.KindGateway},
		{says: "502 with Retry-After: 7", fake: asking(502, "7"), want: genesys.KindGateway},
		{says: "600", raw: "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n", want: genesys.KindGateway},
		{says: "101", raw: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", want: genesys.KindGateway},
	}},
	{"Limits", []answerRow{
		{says: "429 with Retry-After: 5", fake: asking(429, "5"), want: genesys.KindRateLimited, pauses: 5 * time.Second},
		{says: "429 with Retry-After: a date in 30 s", fake: asking(429, "Sat, 01 Jan 2000 00:00:30 GMT"), want: genesys.KindRateLimited, pauses: 30 * time.Second},
		{says: "429 with Retry-After: 9999", fake: asking(429, "9999"), want: genesys.KindRateLimited, pauses: genesys.MaxRetryAfter},
		{says: "429 without Retry-After", fake: status(429), want: genesys.KindRateLimited, pauses: 2 * time.Second},
		{says: "429 with HTML, without Retry-After", fake: said(429, "text/html", "<html>"), want: genesys.KindRateLimited, pauses: 2 * time.Second},
	}},
	{"Connections", []answerRow{
		{says: "refused", fault: genesystest.RefuseEverything(), path: genesystest.PathInvoke, want: genesys.KindNotSent, sent: -1},
		{says: "reset after the request", fake: genesystest.Answer{Reset: true}, want: genesys.KindBroken},
		{says: "half-closed after the request", fake: genesystest.Answer{HalfClose: true}, want: genesys.KindBroken},
		{says: "executed, then reset", fake: genesystest.Answer{Reset: true, Execute: true}, want: genesys.KindBroken},
		{says: "no answer within the time-out", fake: genesystest.Answer{Hang: true}, want: genesys.KindBroken},
		{says: "200, but later than the time-out", fake: genesystest.Answer{Delay: 70 * time.Second}, want: genesys.KindBroken},
		{says: "something that is not HTTP", raw: "SSH-2.0-OpenSSH_9.6\r\n", want: genesys.KindBroken},
		{says: "cut off in the headers", raw: "HTTP/1.1 200 OK\r\nContent-Ty", want: genesys.KindBroken},
		{says: "headers without end", raw: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 128<<10), want: genesys.KindBroken},
	}},
	{"The token", []answerRow{
		{says: "token: 401 invalid_client", path: genesystest.PathToken, fake: coded(401, "invalid_client"), want: genesys.KindUnauthorized, sent: -1},
		{says: "token: 400 invalid_client", path: genesystest.PathToken, fake: coded(400, "invalid_client"), want: genesys.KindUnauthorized, sent: -1},
		{says: "token: 400 with HTML", path: genesystest.PathToken, fake: said(400, "text/html", "<html>"), want: genesys.KindUnauthorized, sent: -1},
		{says: "token: 403", path: genesystest.PathToken, fake: status(403), want: genesys.KindForbidden, sent: -1},
		{says: "token: 404", path: genesystest.PathToken, fake: status(404), want: genesys.KindNotFound, sent: -1},
		{says: "token: 302", path: genesystest.PathToken, fake: status(302), want: genesys.KindNotFound, sent: -1},
		{says: "token: 429 with Retry-After: 5", path: genesystest.PathToken, fake: asking(429, "5"), want: genesys.KindRateLimited, pauses: 5 * time.Second, sent: -1},
		{says: "token: 500", path: genesystest.PathToken, fake: status(500), want: genesys.KindServer, sent: -1},
		{says: "token: 502", path: genesystest.PathToken, fake: status(502), want: genesys.KindGateway, sent: -1},
		{says: "token: 200 with HTML", path: genesystest.PathToken, fake: said(200, "text/html", "<html>"), want: genesys.KindServer, sent: -1},
		{says: "token: 200 without a token", path: genesystest.PathToken, fake: said(200, "application/json", "{}"), want: genesys.KindServer, sent: -1},
		{says: "token: no answer within the time-out", path: genesystest.PathToken, fake: genesystest.Answer{Hang: true}, want: genesys.KindBroken, sent: -1},
		{says: "token: reset after the request", path: genesystest.PathToken, fake: genesystest.Answer{Reset: true}, want: genesys.KindBroken, sent: -1},
		{says: "token: connection refused", path: genesystest.PathToken, fault: genesystest.RefuseEverything(), want: genesys.KindNotSent, sent: -1},
		{says: "token: valid, but says that it expires at once", path: genesystest.PathToken, fake: genesystest.Answer{ExpiresIn: "0"}},
	}},
}
