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

// since returns the advice in the light of what happened since the dead letter was written.
func (a advice) since(r deadletter.Record, history []deadletter.StateEntry) advice {
	var last deadletter.StateEntry
	for _, e := range history {
		if e.Kind != deadletter.StateClaimed { // a claim alone changes nothing
			last = e
		}
	}
	var first []suggestion
	switch last.Kind {
	case deadletter.StateResolved:
		a.whose, a.why = deadletter.Nobody.String(), historyText(last)
		first = []suggestion{{"sluice dlq reopen " + r.Source.ID(), "there is something to be done after all"}}
	case deadletter.StateReplayed:
		a.whose, a.why = deadletter.Nobody.String(), "it was replayed, and how that ends is not known yet"
	case deadletter.StateSucceeded:
		a.whose, a.why = deadletter.Nobody.String(), "it was replayed and delivered"
	case deadletter.StateFailedAgain:
		a.why += "; it was replayed and failed again, so the new dead letter is the one to look at"
		first = []suggestion{{"sluice dlq show " + last.NewID, "how it failed again"}}
	case deadletter.StateNone, deadletter.StateClaimed, deadletter.StateReopened:
		return a
	}
	for _, n := range a.next {
		if !strings.HasPrefix(n.typed, "sluice dlq replay ") && !strings.HasPrefix(n.typed, "sluice dlq resolve ") {
			first = append(first, n)
		}
	}
	a.next = first
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
