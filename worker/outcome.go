package worker

import (
	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
)

// Outcome returns what a failed attempt means, as the dead letter of a message that ends with it: the code,
// class, outcome, message and details that the worker would write. Source, payload, attempts and processor are
// left to the caller. An attempt that was interrupted by its own caller ([genesys.KindCanceled]) has no code,
// since it says nothing about the message.
func Outcome(e *genesys.Error) deadletter.Record {
	v := judgeAnswer(e, UnknownRetry)
	r := deadletter.Record{
		Code: v.code, Class: v.class, Outcome: v.outcome, Message: e.Error(), Details: details(e),
		Status: e.Status, APICode: e.Code, RequestID: e.RequestID,
	}
	if e.ActionCode != "" {
		r.APICode = e.ActionCode
	}
	if e.Kind == genesys.KindInput {
		r.Violations = unmappable(e)
		r.ViolationCount = 1
	}
	return r
}

// unmappable returns the violation of a payload that cannot become the action's input.
func unmappable(e *genesys.Error) []deadletter.Violation {
	text := e.Error()
	if e.Err != nil {
		text = e.Err.Error() // the rest, the pointer too, stands beside it
	}
	return []deadletter.Violation{{Path: e.Pointer, Keyword: "input", Message: text}}
}
