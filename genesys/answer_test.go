package genesys_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

func TestResult_Data(t *testing.T) {
	tests := []struct{ name, contentType, body, want string }{
		{"JSON", "application/json", `{"a": 1}`, `{"a": 1}`},
		{"JSON with a parameter", "application/json; charset=UTF-8", `[1]`, `[1]`},
		{"a JSON suffix", "application/problem+json", `{}`, `{}`},
		{"broken JSON", "application/json", `{"a":`, `{"raw":"{\"a\":"}`},
		{"JSON that does not say so", "text/plain", `{"a":1}`, `{"raw":"{\"a\":1}"}`},
		{"a page", "text/html", `<p>`, `{"raw":"\u003cp\u003e"}`},
		{"no valid text", "text/plain", "a\xffb", `{"raw":"a\ufffdb"}`},
		{"a type of nonsense", ";;", `{}`, `{"raw":"{}"}`},
		{"nothing", "application/json", ``, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathInvoke, genesystest.Answer{
					Status: 200, Body: []byte(tt.body), ContentType: tt.contentType})})
				res, err := attempt(t.Context(), n.client)
				require.Nil(t, err)
				assert.Equal(t, tt.want, string(res.Data))
			})
		})
	}
}

func TestSuccess_Rule(t *testing.T) {
	tests := []struct {
		name string
		rule genesys.Success
		body string
		want genesys.Kind // 0: met
	}{
		{"a number from YAML", genesys.Success{Pointer: "/statusCode", Value: 200}, `{"statusCode":200}`, 0},
		{"a number that differs", genesys.Success{Pointer: "/statusCode", Value: 200}, `{"statusCode":400}`, genesys.KindActionFailed},
		{"a string is no number", genesys.Success{Pointer: "/statusCode", Value: 200}, `{"statusCode":"200"}`, genesys.KindActionFailed},
		{"raw JSON", genesys.Success{Pointer: "/a/1", Value: json.RawMessage(`{"b":null}`)}, `{"a":[0,{"b":null}]}`, 0},
		{"null", genesys.Success{Pointer: "/error"}, `{"error":null}`, 0},
		{"null is not missing", genesys.Success{Pointer: "/error"}, `{}`, genesys.KindActionFailed},
		{"escapes", genesys.Success{Pointer: "/a~1b/c~0d", Value: true}, `{"a/b":{"c~d":true}}`, 0},
		{"the whole", genesys.Success{Value: "ok"}, `"ok"`, 0},
		{"through a scalar", genesys.Success{Pointer: "/a/b", Value: 1}, `{"a":1}`, genesys.KindActionFailed},
		{"past the end", genesys.Success{Pointer: "/1", Value: 1}, `[1]`, genesys.KindActionFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathInvoke,
					genesystest.Answer{Status: 200, Body: []byte(tt.body)})}, func(c *genesys.Config) { c.Success = tt.rule })
				_, err := attempt(t.Context(), n.client)
				if tt.want == 0 {
					require.Nil(t, err)
					return
				}
				requireKind(t, tt.want, err)
				assert.Equal(t, 200, err.Status)
				assert.Equal(t, tt.body, string(err.Body))
			})
		})
	}
}

func TestParseFailure_Shapes(t *testing.T) {
	tests := []struct {
		name, body string
		want       genesys.ParsedFailure
	}{
		{"platform", `{"message":"m","code":"bad.request","status":400,"contextId":"c-1","details":[],"errors":[]}`,
			genesys.ParsedFailure{Code: "bad.request", Message: "m", RequestID: "c-1"}},
		{"data action", `{"status":400,"errorCode":"bad.request","userMessage":"u","correlationId":"c-2","details":[{"errorCode":"ACTION.REMOTE_ENDPOINT"}]}`,
			genesys.ParsedFailure{Code: "bad.request", Message: "u", RequestID: "c-2", ActionCode: "ACTION.REMOTE_ENDPOINT"}},
		{"OAuth", `{"error":"invalid_client","description":"d","error_description":"e"}`,
			genesys.ParsedFailure{Code: "invalid_client", Message: "e"}},
		{"within errors", `{"message":"m","errors":[{"message":"why","errors":[{"details":[{"errorCode":"ACTION.AUTHENTICATION"}]}]}]}`,
			genesys.ParsedFailure{Message: "m: why", ActionCode: "ACTION.AUTHENTICATION"}},
		{"processing before all others", `{"details":[{"errorCode":"ACTION.X"},{"errorCode":"ACTION.REMOTE_ENDPOINT"}],"errors":[{"details":[{"errorCode":"ACTION.PROCESSING"}]}]}`,
			genesys.ParsedFailure{ActionCode: "ACTION.PROCESSING"}},
		{"codes of words are none", `{"message":"m","code":"a b","errorCode":7}`, genesys.ParsedFailure{Code: "7", Message: "m"}},
		{"what the outer leaves out", `{"message":"Request to backend service failed","errors":[{"message":"no such host","code":"bad.request","contextId":"c-3"},{"code":"other"}]}`,
			genesys.ParsedFailure{Code: "bad.request", Message: "Request to backend service failed: no such host", RequestID: "c-3"}},
		{"a code that says whose it is", `{"userMessage":"u","errorCode":"ACTION.REMOTE_ENDPOINT"}`,
			genesys.ParsedFailure{Code: "ACTION.REMOTE_ENDPOINT", Message: "u", ActionCode: "ACTION.REMOTE_ENDPOINT"}},
		{"the same within errors", `{"errors":[{"errors":[{"errorCode":"ACTION.AUTHENTICATION"}]}]}`, genesys.ParsedFailure{ActionCode: "ACTION.AUTHENTICATION"}},
		{"objects in place of lists", `{"details":{"errorCode":"ACTION.PROCESSING"},"errors":{"message":"m"}}`, genesys.ParsedFailure{Message: "m", ActionCode: "ACTION.PROCESSING"}},
		{"texts in place of errors", `{"message":"m","errors":["why","m"]}`, genesys.ParsedFailure{Message: "m: why"}},
		{"the wrong types", `{"message":1,"code":{},"details":"x","errors":[7,null,{"details":"y"}],"contextId":[]}`, genesys.ParsedFailure{}},
		{"a list", `[{"message":"m","code":"bad.request"},{"message":"n"}]`, genesys.ParsedFailure{Code: "bad.request", Message: "m: n"}},
		{"a string", `"m"`, genesys.ParsedFailure{Message: "m"}},
		{"a number", `7`, genesys.ParsedFailure{}},
		{"deeper than one looks", `{"errors":[{"errors":[{"errors":[{"errors":[{"errors":[{"errors":[{"errors":[{"errors":[{"errors":[{"details":[{"errorCode":"ACTION.PROCESSING"}]}]}]}]}]}]}]}]}]}]}`, genesys.ParsedFailure{}},
		{"null", `null`, genesys.ParsedFailure{}},
		{"a page", `<html>`, genesys.ParsedFailure{}},
		{"nothing", ``, genesys.ParsedFailure{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, genesys.ParseFailure([]byte(tt.body))) })
	}
}

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		value string
		want  time.Duration
	}{
		{"", 0}, {"0", 0}, {"3", 3 * time.Second}, {" 3 ", 3 * time.Second}, {"300", 5 * time.Minute}, {"301", 5 * time.Minute},
		{"99999999999999999999999", 5 * time.Minute}, {"-1", 0}, {"+1", 0}, {"1.5", 0}, {"soon", 0}, {"1s", 0},
		{now.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second},
		{now.Add(time.Hour).Format(http.TimeFormat), 5 * time.Minute},
		{now.Add(-time.Hour).Format(http.TimeFormat), 0},
	}
	for _, tt := range tests {
		t.Run(tt.value, func(t *testing.T) { assert.Equal(t, tt.want, genesys.ParseRetryAfter(tt.value, now)) })
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "7", "-7", "1e3", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if got := genesys.ParseRetryAfter(value, time.Now()); got < 0 || got > genesys.MaxRetryAfter {
			t.Fatalf("got %v for %q", got, value)
		}
	})
}

func FuzzParseFailure(f *testing.F) {
	for _, s := range []string{
		`{"message":"m","code":"bad.request","details":[{"errorCode":"ACTION.PROCESSING"}],"errors":[{"message":"x"}]}`,
		`{"errors":[{"errors":[{"errors":[{}]}]}]}`, `[]`, `"x"`, `{"code":1e308}`, "{\"message\":\"\xff\"}", `<html>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := genesys.ParseFailure(body)
		for _, id := range []string{got.Code, got.RequestID, got.ActionCode} {
			if len(id) > 100 {
				t.Fatalf("an id of %d characters", len(id))
			}
		}
		if len(got.Message) > 2<<10 {
			t.Fatalf("a message of %d bytes", len(got.Message))
		}
		_ = genesys.KindOf(500, got.Code, got.ActionCode)
	})
}
