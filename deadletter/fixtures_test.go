package deadletter

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"
)

// codes is the closed set of codes, with one of the GENESYS_API_{status} family.
var codes = []Code{
	CodeValidationFailed, CodePayloadTooLarge, CodeActionFailed, CodePermissionDenied, CodeTokenFailed,
	CodeMaxRetriesExceeded, CodeNetworkError, CodeCircuitOpen, CodeInternalError, CodeForStatus(422),
}

// sample returns a whole record of a code, as the worker would make it.
func sample(code Code) Record {
	at := time.Date(2026, 11, 23, 9, 30, 0, 120_000_000, time.UTC)
	r := Record{
		Code: code, Class: ClassTransient, Outcome: OutcomeAnswered, FailedAt: at,
		Message: "the API answered with a failure four times: look at details, then replay",
		Source: Source{
			Topic: "payloads", Partition: 3, Offset: 1042, Timestamp: at.Add(-time.Minute),
			Key: []byte("customer-17"),
			Headers: []Header{
				{Key: "traceparent", Value: []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")},
				{Key: "binary", Value: []byte{0xff, 0x00}}, {Key: "empty", Value: []byte{}}, {Key: "null"},
			},
		},
		Payload:   []byte(`{"contact":{"external_id":"a<b>&c","channel":"chat"},"priority":3}`),
		Action:    Action{ID: "custom_-_1", API: "processes", URL: "https://api.mypurecloud.com/api/v2/processes/data-actions/custom_-_1/invocations"},
		Processor: Processor{Version: "0.1.0", Group: "sluice", Host: "worker-0"},
		TraceID:   "4bf92f3577b34da6a3ce929d0e0e4736",
	}
	attempt := Attempt{N: 1, At: at.Add(-2 * time.Second), Status: 503, RequestID: "r-1", Error: "server (HTTP 503)", WaitMS: 2000}
	switch code {
	case CodeValidationFailed:
		r.Class, r.Outcome, r.Message = ClassContract, OutcomeNotSent, "payload invalid: /priority: must be at most 5 (and 1 more)"
		r.Payload = []byte("{\"contact\": {}, \"priority\": 9}\n")
		r.Violations = []Violation{
			{Path: "/contact", Keyword: "required", Message: "external_id is missing", Expected: "external_id"},
			{Path: "/priority", Keyword: "maximum", Message: "must be at most 5", Expected: "at most 5", Got: "integer"},
		}
		r.ViolationCount = 2
	case CodePayloadTooLarge:
		r.Class, r.Outcome, r.Payload = ClassContract, OutcomeNotSent, []byte{0xff, 0xfe, 0x00}
	case CodeActionFailed:
		r.Class, r.Outcome, r.Status, r.Details = ClassPermanent, OutcomeExecuted, 200, json.RawMessage(`{"status":200,"body":{"ok":false}}`)
	case CodePermissionDenied:
		r.Class, r.Outcome, r.Status, r.APICode = ClassPermanent, OutcomeRejected, 403, "missing.permissions"
	case CodeTokenFailed:
		r.Outcome, r.Status = OutcomeNotSent, 400
	case CodeMaxRetriesExceeded:
		r.Status, r.RequestID, r.Attempts, r.AttemptCount = 503, "r-4", []Attempt{attempt}, 4
		r.Details = json.RawMessage(`{"status": 503, "body": "try <later>", "request_id": "r-4"}`)
	case CodeNetworkError:
		r.Class, r.Outcome, r.Payload, r.Source.Key = ClassUnknown, OutcomeUnknown, nil, nil
	case CodeCircuitOpen:
		r.Outcome, r.Source.Key, r.Source.Headers, r.Payload = OutcomeNotSent, []byte{}, nil, []byte{}
	case CodeInternalError:
		r.Class, r.Outcome, r.Source.Key, r.Payload = ClassInternal, OutcomeNone, []byte{0x00, 0xff}, []byte("null")
	default:
		r.Class, r.Outcome, r.Status, r.APICode, r.Attempts = ClassPermanent, OutcomeRejected, 422, "bad.request", []Attempt{attempt}
		r.Replay = &Replay{ID: "rp-1", Count: 2, Of: "payloads/3/9"}
	}
	return r
}

var publishedSchema = sync.OnceValues(func() (*gojsonschema.Schema, error) {
	return gojsonschema.NewSchema(gojsonschema.NewBytesLoader(JSONSchema()))
})

// strictSchema is the published schema with additionalProperties refused, so that no field goes undescribed.
var strictSchema = sync.OnceValues(func() (*gojsonschema.Schema, error) {
	var doc any
	if err := json.Unmarshal(JSONSchema(), &doc); err != nil {
		return nil, err
	}
	refuseUnknown(doc)
	return gojsonschema.NewSchema(gojsonschema.NewGoLoader(doc))
})

func refuseUnknown(node any) {
	switch n := node.(type) {
	case map[string]any:
		if _, ok := n["properties"]; ok && n["type"] == "object" {
			n["additionalProperties"] = false
		}
		for _, child := range n {
			refuseUnknown(child)
		}
	case []any:
		for _, child := range n {
			refuseUnknown(child)
		}
	}
}

// tester is what testing.T and rapid.T have in common.
type tester interface {
	require.TestingT
	Helper()
}

// requireValid fails unless the value is a dead letter by the published schema, every field described.
func requireValid(t tester, value []byte) {
	t.Helper()
	for _, compile := range []func() (*gojsonschema.Schema, error){publishedSchema, strictSchema} {
		s, err := compile()
		require.NoError(t, err)
		res, err := s.Validate(gojsonschema.NewBytesLoader(value))
		require.NoError(t, err)
		if !res.Valid() {
			require.Fail(t, "invalid dead letter", "%v\n%.2000s", res.Errors(), value)
		}
	}
}

// same fails unless two records say the same, however they keep it.
func same(t tester, want, got Record) {
	t.Helper()
	want.fingerprint, got.fingerprint = want.Fingerprint(), got.Fingerprint()
	want.Status, want.APICode, got.Status, got.APICode = 0, "", 0, "" // not on the wire
	want.ViolationCount = max(want.ViolationCount, len(want.Violations))
	want.AttemptCount = max(want.AttemptCount, len(want.Attempts))
	if len(want.Details) > 0 {
		require.JSONEq(t, string(want.Details), string(got.Details))
		want.Details, got.Details = nil, nil
	}
	require.Equal(t, want, got)
}

var _ tester = (*testing.T)(nil)
