package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/term"
	"github.com/sluice-kafka/sluice/schema"
)

// What `invoke` says to people stands here. It goes to standard error, where neither the payload nor the API's
// own words, which may quote it, have a place: those are in the result.

// plainID is an id that can be typed as it is.
var plainID = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// tellAccepted says what the API's acceptance means.
func (i *invocation) tellAccepted(r genesys.Result, took time.Duration) {
	took = max(time.Millisecond, took.Round(time.Millisecond))
	if i.api == genesys.APIIntegrations {
		fmt.Fprintf(i.streams.Err, "the Data Action ran: HTTP %d in %s\n", r.Status, took)
		return
	}
	fmt.Fprintf(i.streams.Err, "accepted: HTTP %d in %s; the Data Action runs on its own\n", r.Status, took)
	var data struct {
		InvocationID string `json:"invocationId"`
	}
	if json.Unmarshal(r.Data, &data) == nil && plainID.MatchString(data.InvocationID) {
		fmt.Fprintf(i.streams.Err, "How it ends: %s\n", i.streams.ErrStyle().Cyan("sluice invocations get "+data.InvocationID))
	}
}

// tell says what a failure means: whether the Data Action ran, whose move it is, and what to type next.
// e is the answer, nil where the payload was not sent for what it is.
func (i *invocation) tell(r deadletter.Record, e *genesys.Error) {
	style := i.streams.ErrStyle()
	s := sheet{style: style}
	s.line("%s %s", style.Red("Error:"), term.Visible(r.Message))
	s.field("code", string(r.Code))
	s.field("outcome", i.outcome(r))
	if r.Class == deadletter.ClassTransient || r.Class == deadletter.ClassUnknown {
		s.field("tried", "once, as invoke does; the worker would try again after a while")
	}
	whose, why := whoseMove(r)
	s.field("whose move", style.Bold(whose)+": "+why)
	if e != nil && e.RetryAfter > 0 {
		s.field("retry after", e.RetryAfter.String()+", as the API asks")
	}
	s.field("request id", term.Visible(r.RequestID))
	s.next(i.next(r, e))
	fmt.Fprint(i.streams.Err, s.String())
}

// outcome says whether the Data Action ran; that it may have is what nobody must overlook.
func (i *invocation) outcome(r deadletter.Record) string {
	text := outcomeText(r.Outcome)
	if r.Outcome == deadletter.OutcomeUnknown {
		return i.streams.ErrStyle().Yellow(text)
	}
	return text
}

// next says what to type next.
func (i *invocation) next(r deadletter.Record, e *genesys.Error) []suggestion {
	var next []suggestion
	switch {
	case e == nil:
		return []suggestion{{"sluice validate " + i.file, "the payload with what is wrong marked"}}
	case r.Outcome == deadletter.OutcomeUnknown && i.api == genesys.APIProcesses:
		next = append(next, suggestion{"sluice invocations list --limit 10", "whether it ran"})
	case r.Class == deadletter.ClassTransient && e.Kind != genesys.KindUnauthorized:
		next = append(next, suggestion{"sluice invoke " + i.file, "once more, when that has passed"})
	}
	return append(next, suggestion{"sluice explain " + string(r.Code), "what the code means, and its causes"})
}

// interrupted says what a signal left behind. The error ends the process as interrupted.
func (i *invocation) interrupted(e *genesys.Error) error {
	what := "interrupted before the payload was sent: the Data Action did not run"
	if e.Op == genesys.OpInvoke {
		what = "interrupted while the API was asked: the Data Action may have run"
	}
	fmt.Fprintln(i.streams.Err, i.streams.ErrStyle().Yellow(what))
	return e
}

// invalidRecord is an invalid payload as the advice on dead letters takes it.
func invalidRecord(e *schema.Error) deadletter.Record {
	return deadletter.Record{
		Code: deadletter.CodeValidationFailed, Class: deadletter.ClassContract, Outcome: deadletter.OutcomeNotSent, Message: e.Error(),
	}
}
