package deadletter

import (
	"slices"
	"strings"
)

// Actor is who may have to act on a dead letter.
type Actor string

// The closed set of actors.
const (
	Producer      Actor = "producer"      // whoever publishes to the source topic
	Administrator Actor = "administrator" // of Genesys Cloud: roles, Data Actions, integrations
	Operator      Actor = "operator"      // whoever runs sluice
	Nobody        Actor = "nobody"        // the message can be sent again as it is
)

// String names the actor in a sentence.
func (a Actor) String() string {
	switch a {
	case Producer:
		return "the producer"
	case Administrator:
		return "a Genesys Cloud administrator"
	case Operator:
		return "the operator"
	case Nobody:
		return "nobody"
	}
	return string(a)
}

// Move says whose move it is.
type Move struct {
	Who []Actor // never empty; of several, any one may be the right one, the first most likely
	Why string
}

// Whose names those who have to act, as in "the producer or a Genesys Cloud administrator".
func (m Move) Whose() string {
	names := make([]string, len(m.Who))
	for i, a := range m.Who {
		names[i] = a.String()
	}
	return strings.Join(names, " or ")
}

const findOut = "find out whether the Data Action ran before the message is sent again"

// Move returns who has to act on the record, and why. The code says it, but where the record's class is not
// the one that the code usually comes with, the class does; and whatever else there is to do, an unknown
// outcome has to be looked into first.
func (r Record) Move() Move {
	e, known := Explain(r.Code)
	move := e.Move
	if !known || r.Class != e.class {
		move = r.classMove(e)
	}
	if r.Outcome != OutcomeUnknown || move.Why == findOut {
		return move
	}
	others := slices.DeleteFunc(slices.Clone(move.Who), func(a Actor) bool { return a == Operator || a == Nobody })
	doubt := Move{Who: append([]Actor{Operator}, others...), Why: findOut}
	if len(others) > 0 {
		doubt.Why += "; and " + move.Why
	}
	return doubt
}

// classMove returns who has to act by the class alone.
func (r Record) classMove(e Explanation) Move {
	switch r.Class {
	case ClassContract:
		return Move{[]Actor{Producer}, "what it sent breaks the contract; the same payload will fail again"}
	case ClassPermanent:
		return Move{[]Actor{Producer, Administrator}, "the API refuses this content, and its answer says why"}
	case ClassTransient:
		if strings.HasPrefix(string(r.Code), statusPrefix) {
			return remoteFailed
		}
		return Move{[]Actor{Nobody}, "the API did not serve at that time; the message can be sent again once it does"}
	case ClassUnknown:
		return Move{[]Actor{Operator}, findOut}
	case ClassInternal:
		return Move{[]Actor{Operator}, "sluice itself failed on this message: the worker's log of that time says why; please report it"}
	}
	if e.Move.Who != nil {
		return e.Move
	}
	return Move{[]Actor{Operator}, "this version of sluice does not know what it means"}
}

// remoteFailed is the move where Genesys says that a service behind the Data Action failed.
var remoteFailed = Move{[]Actor{Nobody}, "the service behind the Data Action failed; sent again it may pass; if it fails again, " +
	Administrator.String() + " should look at that service and at the action's credentials for it"}
