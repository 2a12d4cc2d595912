package deadletter

import (
	"slices"
	"strconv"
	"strings"
)

// Explanation says what a code means to a person who has never read this program's source. It is the one
// source of `sluice explain`, of docs/codes.md and of who has to act on a record ([Record.Move]).
type Explanation struct {
	Code    string   // a code, or a pattern of codes: GENESYS_API_5xx, GENESYS_API_{status}
	Meaning string   // what happened
	Causes  []string // the usual ones, likeliest first
	Ran     string   // whether the Data Action ran
	Fault   string   // whether it is the message's fault
	Move    Move     // who has to act, as long as class and outcome are the usual ones
	Do      []string // what to do, in this order
	Next    []Command

	class Class // the usual one; where a record has another, the class decides who has to act
}

// Command is something to type. What stands in capitals, such as FILE, is to be filled in.
type Command struct {
	Typed string `json:"typed"`
	What  string `json:"what"` // it is for
}

// Term is a word of the record's format, explained.
type Term struct{ Name, Meaning string }

// statusPrefix begins the codes that [CodeForStatus] makes; anyStatus is the pattern of those that have no
// explanation of their own.
const (
	statusPrefix = "GENESYS_API_"
	anyStatus    = statusPrefix + "{status}"
)

// Codes returns the explanations of all codes, patterns last.
func Codes() []Explanation {
	all := make([]Explanation, len(explanations))
	for i, e := range explanations {
		all[i] = e.filled()
	}
	return all
}

// Explain returns the explanation of a code, in either case: of a status that has none of its own, that of
// its hundred (GENESYS_API_5xx) or of statuses in general. The result's Code is then the one that was asked
// for. ok is false where there is no such code.
func Explain(code Code) (e Explanation, ok bool) {
	name := strings.ToUpper(string(code))
	names := []string{name}
	if isStatus(name) {
		names = append(names, name[:len(statusPrefix)+1]+"xx", anyStatus)
	}
	for _, n := range names {
		i := slices.IndexFunc(explanations, func(e Explanation) bool { return strings.EqualFold(e.Code, n) })
		if i < 0 {
			continue
		}
		e = explanations[i]
		if n != name {
			e.Code = name
		}
		return e.filled(), true
	}
	return Explanation{}, false
}

// isStatus reports whether a code is one that [CodeForStatus] makes.
func isStatus(code string) bool {
	digits, ok := strings.CutPrefix(code, statusPrefix)
	status, err := strconv.Atoi(digits)
	return ok && err == nil && len(digits) == 3 && status >= 100
}

// filled returns e with its code in the commands, unless it is a pattern of codes.
func (e Explanation) filled() Explanation {
	if e.Code != strings.ToUpper(e.Code) {
		return e
	}
	e.Next = slices.Clone(e.Next)
	for i := range e.Next {
		e.Next[i].Typed = strings.ReplaceAll(e.Next[i].Typed, "CODE", e.Code)
	}
	return e
}

// Classes explains the classes.
func Classes() []Term {
	return []Term{
		{string(ClassContract), "The payload breaks a rule that was agreed on: the schema, or the size that the API takes. Sent again as it is, it fails again."},
		{string(ClassPermanent), "The API refuses this message, or the Data Action ran and failed. Sent again as it is, it most likely fails again."},
		{string(ClassTransient), "The API did not serve this message at that time. Sent again, it may pass."},
		{string(ClassUnknown), "No answer tells whether the Data Action ran. Find out before the message is sent again."},
		{string(ClassInternal), "sluice itself failed on the message. The worker's log of that time holds a stack trace."},
	}
}

// Outcomes explains the outcomes.
func Outcomes() []Term {
	terms := make([]Term, 0, 5)
	for _, o := range []Outcome{OutcomeNotSent, OutcomeRejected, OutcomeAnswered, OutcomeExecuted, OutcomeUnknown} {
		terms = append(terms, Term{string(o), asSentence(o.Meaning())})
	}
	return terms
}

// Meaning says what is known of the action's execution, as the end of a sentence; empty for OutcomeNone and
// for what a newer version may write.
func (o Outcome) Meaning() string {
	switch o {
	case OutcomeNotSent:
		return "the API never saw it"
	case OutcomeRejected:
		return "the API refused it without running the Data Action"
	case OutcomeAnswered:
		return "the API answered that it failed"
	case OutcomeExecuted:
		return "the Data Action ran"
	case OutcomeUnknown:
		return "the Data Action may have run, and nobody can tell from here"
	case OutcomeNone:
	}
	return ""
}

func asSentence(clause string) string { return strings.ToUpper(clause[:1]) + clause[1:] + "." }
