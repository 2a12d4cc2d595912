package main

import (
	"github.com/sluice-kafka/sluice/deadletter"
)

// advice says what a dead letter means for people.
type advice struct {
	whose   string // who has to do something
	why     string
	outcome string
	next    []suggestion
}

// suggestion is something to type.
type suggestion struct{ typed, what string }

// adviceFor says whose move it is. The class decides, but for the codes that tell more.
func adviceFor(r deadletter.Record) advice {
	a := advice{outcome: outcomeText(r.Outcome)}
	a.whose, a.why = whoseMove(r)
	if r.Code == deadletter.CodeValidationFailed {
		a.next = append(a.next, suggestion{"sluice validate FILE", "try a mended payload against the schema"})
	}
	if r.Class == deadletter.ClassTransient || r.Code == deadletter.CodePermissionDenied {
		a.next = append(a.next, suggestion{"sluice health --ready", "see that the worker is well"})
	}
	a.next = append(a.next,
		suggestion{"sluice dlq ls --fingerprint " + r.Fingerprint(), "others with the same cause"},
		suggestion{"sluice dlq show " + r.Source.ID() + " -o json", "the whole record"},
	)
	return a
}

const (
	theProducer      = "the producer"
	theAdministrator = "a Genesys Cloud administrator"
	theOperator      = "the operator"
	nobody           = "nobody"
)

func whoseMove(r deadletter.Record) (whose, why string) {
	switch r.Code {
	case deadletter.CodePayloadTooLarge:
		return theProducer, "the payload is larger than the API takes"
	case deadletter.CodePermissionDenied:
		return theAdministrator, "the OAuth client may not execute this Data Action: its role lacks the permission"
	case deadletter.CodeActionFailed:
		return theAdministrator, "the Data Action ran, and its result says that it failed"
	case deadletter.CodeTokenFailed:
		return theOperator, "no token could be got: see GENESYS_CLIENT_ID, its secret, and the login host"
	case deadletter.CodeForStatus(404):
		return theOperator, "the API knows no such Data Action: see GENESYS_DATA_ACTION_ID and GENESYS_BASE_URL"
	case deadletter.CodeMaxRetriesExceeded:
		if r.Outcome != deadletter.OutcomeUnknown {
			return nobody, "sent again it may pass; if it fails again, " + theAdministrator + " should try the Data Action with this payload"
		}
	case deadletter.CodeValidationFailed, deadletter.CodeNetworkError, deadletter.CodeCircuitOpen,
		deadletter.CodeInternalError: // class and outcome say enough
	}
	if r.Outcome == deadletter.OutcomeUnknown { // also of another class, where an earlier attempt is the doubt
		return theOperator, "find out whether the Data Action ran before the message is sent again"
	}
	switch r.Class {
	case deadletter.ClassContract:
		return theProducer, "what it sent breaks the schema; the same payload will fail again"
	case deadletter.ClassPermanent:
		return theProducer + " or " + theAdministrator, "the API refuses this content; its answer is below"
	case deadletter.ClassTransient:
		return nobody, "the API did not serve at that time; the message can be sent again once it does"
	case deadletter.ClassUnknown:
		return theOperator, "find out whether the Data Action ran before the message is sent again"
	case deadletter.ClassInternal:
		return theOperator, "sluice itself failed on this message: the worker's log of that time says why; please report it"
	}
	return theOperator, "this version of sluice does not know what it means"
}

func outcomeText(o deadletter.Outcome) string {
	switch o {
	case deadletter.OutcomeNotSent:
		return "not sent: the API never saw it"
	case deadletter.OutcomeRejected:
		return "rejected: the API refused it without running the Data Action"
	case deadletter.OutcomeAnswered:
		return "answered: the API answered that it failed"
	case deadletter.OutcomeExecuted:
		return "executed: the Data Action ran"
	case deadletter.OutcomeUnknown:
		return "unknown: the Data Action may have run, and nobody can tell from here"
	case deadletter.OutcomeNone:
	}
	return ""
}
