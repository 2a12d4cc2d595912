package worker

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/schema"
)

// maxErrorBody bounds the API's answer that a dead letter keeps.
const maxErrorBody = 16 << 10

// record describes how a message ended.
func (w *Worker) record(m *message, now time.Time) deadletter.Record {
	f := m.failure
	r := deadletter.Record{
		Code: f.verdict.code, Class: f.verdict.class, Outcome: f.verdict.outcome,
		FailedAt:   now.UTC(),
		Violations: f.violations, ViolationCount: f.violationN,
		Attempts: m.history.attempts, AttemptCount: m.history.count,
		Source: m.source(), Payload: m.value,
		Action: w.cfg.Action, Processor: w.cfg.Processor,
	}
	if replay, ok := m.replayed(); ok {
		r.Replay = replay.record()
	}
	if m.history.unknown && r.Outcome != deadletter.OutcomeExecuted {
		r.Outcome = deadletter.OutcomeUnknown // an earlier attempt may have been executed
	}
	if e := f.err; e != nil {
		r.Status, r.APICode, r.RequestID = e.Status, e.Code, e.RequestID
		if e.ActionCode != "" {
			r.APICode = e.ActionCode
		}
		r.Details = details(e)
		if e.Kind == genesys.KindInput {
			r.Violations = unmappable(e)
			r.ViolationCount = 1
		}
	}
	r = w.cfg.Redact.Apply(r)
	r.Message = f.text(m, r.Violations)
	return r
}

// errorDetails is the evidence of the last answer.
type errorDetails struct {
	Operation  string          `json:"operation"`
	Kind       string          `json:"kind"`
	Status     int             `json:"last_status,omitempty"`
	RequestID  string          `json:"last_request_id,omitempty"`
	Code       string          `json:"api_code,omitempty"`
	ActionCode string          `json:"action_code,omitempty"`
	Message    string          `json:"api_message,omitempty"`
	Body       json.RawMessage `json:"last_body,omitempty"`           // JSON as answered, else a string
	RetryAfter float64         `json:"retry_after_seconds,omitempty"` // the wait that the API asked for
	Error      string          `json:"error,omitempty"`
}

func details(e *genesys.Error) json.RawMessage {
	d := errorDetails{
		Operation: e.Op.String(), Kind: e.Kind.String(), Status: e.Status, RequestID: e.RequestID,
		Code: e.Code, ActionCode: e.ActionCode, Message: e.Message, RetryAfter: e.RetryAfter.Seconds(),
	}
	switch body := e.Body; {
	case len(body) == 0:
	case len(body) <= maxErrorBody && json.Valid(body):
		d.Body = body
	default:
		d.Body, _ = json.Marshal(cut(body, maxErrorBody)) // a string always marshals
		if len(d.Body) > 2*maxErrorBody {                 // control characters take six times their size
			d.Body, _ = json.Marshal(cut(body, maxErrorBody/4))
		}
	}
	if e.Err != nil {
		d.Error = e.Err.Error()
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return nil
	}
	return raw
}

// cut returns at most n bytes of text, not splitting a character.
func cut(text []byte, n int) string {
	if len(text) <= n {
		return string(text)
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return string(text[:n]) + "…"
}

// text says for people what happened to the message. The violations are those that may be told.
func (f *failure) text(m *message, violations []deadletter.Violation) string {
	switch {
	case f.message != "":
		return f.message
	case f.violationN > 0:
		text := "payload breaks the schema: " + where(violations[0]) + violations[0].Message
		if f.violationN > 1 {
			text += fmt.Sprintf(" (and %d more)", f.violationN-1)
		}
		return text
	case m.byHand && f.gaveUp:
		return "ended by hand while it was held or retried" + f.last()
	case f.err == nil:
		return "held while the API did not serve, and given up without ever being sent"
	case f.gaveUp:
		return fmt.Sprintf("given up %s after its first failure or hold%s", time.Since(m.troubled).Round(time.Second), f.last())
	case f.verdict.action == actRetry:
		return fmt.Sprintf("failed %d times while the API served others%s", m.history.count, f.last())
	default:
		return f.err.Error()
	}
}

// last tells of the last answer, where there was one.
func (f *failure) last() string {
	if f.err == nil {
		return ""
	}
	return "; last: " + f.err.Error()
}

func where(v deadletter.Violation) string {
	if v.Path == "" {
		return ""
	}
	return v.Path + ": "
}

func violations(e *schema.Error) []deadletter.Violation {
	all := make([]deadletter.Violation, len(e.Violations))
	for i, v := range e.Violations {
		all[i] = deadletter.Violation{Path: v.Path, Keyword: v.Keyword, Message: v.Message, Expected: v.Expected, Got: v.Got}
	}
	return all
}
