package worker

import (
	"net/http"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
)

// action is what follows from an answer while the breaker is closed. While it is not, retry, provisional
// and wait all mean: hold.
type action int

const (
	actDeadLetter  action = iota + 1 // the message is at fault; it ends now
	actProvisional                   // it ends, unless the judge finds within seconds that the API is at fault
	actRetry                         // try again on the schedule; the attempt counts
	actWait                          // try again on the schedule; the attempt does not count
	actPause                         // the API asked everybody to wait; the attempt does not count
	actAbandon                       // the attempt was interrupted by our leaving; says nothing
)

// verdict is what an answer means: for the message, for its dead letter if it becomes one, and for the
// breaker.
type verdict struct {
	action  action
	code    deadletter.Code
	class   deadletter.Class
	outcome deadletter.Outcome
	effect  effect
}

// judgeAnswer is the one place where a failed attempt is interpreted: the table of docs/architecture.md,
// first match wins. A nil error is a success and never comes here.
func judgeAnswer(e *genesys.Error, unknown UnknownPolicy) verdict {
	v := answerVerdict(e)
	if e.Op == genesys.OpToken {
		v = tokenVerdict(e, v)
	}
	if v.outcome == deadletter.OutcomeUnknown && unknown == UnknownDeadLetter {
		v.action = actDeadLetter
	}
	return v
}

func answerVerdict(e *genesys.Error) verdict {
	status := deadletter.CodeForStatus(e.Status)
	switch e.Kind {
	case genesys.KindCanceled:
		return verdict{action: actAbandon}
	case genesys.KindInput:
		return verdict{actDeadLetter, deadletter.CodeValidationFailed, deadletter.ClassContract, deadletter.OutcomeNotSent, effectNone}
	case genesys.KindTooLarge:
		return verdict{actDeadLetter, deadletter.CodePayloadTooLarge, deadletter.ClassContract, deadletter.OutcomeNotSent, effectNone}
	case genesys.KindActionFailed:
		return verdict{actDeadLetter, deadletter.CodeActionFailed, deadletter.ClassPermanent, deadletter.OutcomeExecuted, effectSuccess}
	case genesys.KindUnreadable:
		return verdict{actRetry, deadletter.CodeNetworkError, deadletter.ClassUnknown, deadletter.OutcomeUnknown, effectSuccess}
	case genesys.KindProcessing:
		return verdict{actDeadLetter, status, deadletter.ClassPermanent, deadletter.OutcomeRejected, effectSuccess}
	case genesys.KindRemote:
		if e.Status == http.StatusBadGateway || e.Status == http.StatusGatewayTimeout {
			// The third party did not answer, or not in time: what it did is as unknown as after a gateway's own.
			return verdict{actRetry, status, deadletter.ClassUnknown, deadletter.OutcomeUnknown, effectFailure}
		}
		return verdict{actRetry, status, deadletter.ClassTransient, deadletter.OutcomeAnswered, effectFailure}
	case genesys.KindUnauthorized:
		return verdict{actWait, status, deadletter.ClassTransient, deadletter.OutcomeNotSent, effectFailure}
	case genesys.KindForbidden:
		return verdict{actProvisional, deadletter.CodePermissionDenied, deadletter.ClassPermanent, deadletter.OutcomeRejected, effectFailure}
	case genesys.KindNotFound:
		return verdict{actProvisional, status, deadletter.ClassPermanent, deadletter.OutcomeRejected, effectFailure}
	case genesys.KindRefused:
		return verdict{actDeadLetter, status, deadletter.ClassPermanent, deadletter.OutcomeRejected, effectSuccess}
	case genesys.KindRateLimited:
		return verdict{actPause, status, deadletter.ClassTransient, deadletter.OutcomeRejected, effectNone}
	case genesys.KindServer:
		return verdict{actRetry, deadletter.CodeMaxRetriesExceeded, deadletter.ClassTransient, deadletter.OutcomeAnswered, effectFailure}
	case genesys.KindGateway:
		return verdict{actRetry, deadletter.CodeMaxRetriesExceeded, deadletter.ClassUnknown, deadletter.OutcomeUnknown, effectFailure}
	case genesys.KindNotSent:
		return verdict{actRetry, deadletter.CodeNetworkError, deadletter.ClassTransient, deadletter.OutcomeNotSent, effectFailure}
	case genesys.KindBroken:
		return verdict{actRetry, deadletter.CodeNetworkError, deadletter.ClassUnknown, deadletter.OutcomeUnknown, effectFailure}
	}
	// A kind that this build does not know can only be a fault of ours.
	return verdict{actDeadLetter, deadletter.CodeInternalError, deadletter.ClassInternal, deadletter.OutcomeNone, effectNone}
}

// tokenVerdict turns the verdict on a like answer of the invocation into that on a token request: nothing of
// the message was sent, and refused credentials or an unreachable login host are never a message's fault, so
// they wait. Any other failure is treated as the invocation's would be, so that a host that answers the same
// to everything is judged the same on whichever path it is met first.
func tokenVerdict(e *genesys.Error, like verdict) verdict {
	switch e.Kind {
	case genesys.KindCanceled, genesys.KindRateLimited:
		return like
	case genesys.KindUnauthorized, genesys.KindNotSent, genesys.KindRefused:
		like.action = actWait
	case genesys.KindInput, genesys.KindTooLarge, genesys.KindActionFailed, genesys.KindUnreadable,
		genesys.KindProcessing, genesys.KindRemote, genesys.KindForbidden, genesys.KindNotFound,
		genesys.KindServer, genesys.KindGateway, genesys.KindBroken:
	}
	like.code, like.class, like.outcome = deadletter.CodeTokenFailed, deadletter.ClassTransient, deadletter.OutcomeNotSent
	like.effect = effectFailure
	return like
}

// failure is why a message failed last, or how it ends.
type failure struct {
	verdict    verdict
	err        *genesys.Error         // nil where no answer of the API is the cause
	violations []deadletter.Violation // payload invalid
	violationN int
	message    string // for people; empty: told from err
	gaveUp     bool   // held or retried for Config.GiveUpAfter
}

func invalidPayload(violations []deadletter.Violation, count int) *failure {
	return &failure{
		verdict: verdict{
			action: actDeadLetter, code: deadletter.CodeValidationFailed, class: deadletter.ClassContract, outcome: deadletter.OutcomeNotSent,
		},
		violations: violations, violationN: count,
	}
}

func internalFailure() *failure {
	return &failure{
		verdict: verdict{action: actDeadLetter, code: deadletter.CodeInternalError, class: deadletter.ClassInternal, outcome: deadletter.OutcomeNone},
		message: "sluice failed on this message; the log of this time holds a stack trace: please report it",
	}
}

// unwritableResult is the end of a message that the API has accepted and of whose result we cannot make a
// record.
func unwritableResult() *failure {
	f := internalFailure()
	f.verdict.outcome = deadletter.OutcomeExecuted
	f.message = "the API accepted this message, but sluice failed on writing its result; the log of this time holds a stack trace: please report it"
	return f
}

// circuitOpen is the end of a message that was held until it was given up without ever being answered.
func circuitOpen() *failure {
	return &failure{verdict: verdict{
		action: actDeadLetter, code: deadletter.CodeCircuitOpen, class: deadletter.ClassTransient, outcome: deadletter.OutcomeNotSent,
	}}
}
