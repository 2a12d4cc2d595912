package main

import (
	"strings"

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

// adviceFor says whose move it is and what to type next, as the code's explanation has it.
func adviceFor(r deadletter.Record) advice {
	a := advice{outcome: outcomeText(r.Outcome)}
	a.whose, a.why = whoseMove(r)
	e, known := deadletter.Explain(r.Code)
	for _, c := range e.Next {
		if !strings.HasPrefix(c.Typed, "sluice dlq ") { // of this very message more can be said
			a.next = append(a.next, suggestion{c.Typed, c.What})
		}
	}
	if known {
		a.next = append(a.next, suggestion{"sluice explain " + string(r.Code), "what the code means, its causes, what to do"})
	}
	a.next = append(a.next,
		suggestion{"sluice dlq replay " + r.Source.ID() + " --dry-run", "what replaying it would do"},
		suggestion{"sluice dlq resolve " + r.Source.ID() + " --note TEXT", "nothing more is to be done"},
		suggestion{"sluice dlq ls --fingerprint " + r.Fingerprint(), "others with the same cause"},
		suggestion{"sluice dlq show " + r.Source.ID() + " -o json", "the whole record"},
	)
	return a
}

func whoseMove(r deadletter.Record) (whose, why string) {
	move := r.Move()
	return move.Whose(), move.Why
}

// outcomeText writes an outcome as in "not sent: the API never saw it".
func outcomeText(o deadletter.Outcome) string {
	if meaning := o.Meaning(); meaning != "" {
		return strings.ReplaceAll(string(o), "_", " ") + ": " + meaning
	}
	return ""
}
