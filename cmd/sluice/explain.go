package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/term"
	"github.com/sluice-kafka/sluice/schema"
)

func (a *app) explainCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Explain a code: what it means, its causes, who has to act, what to do",
		Long: `Explain a code: what it means, its usual causes, whether the Data Action ran, whose fault it is,
who has to act, and what to do. It also explains the keywords of violations, such as required, the
classes and the outcomes of dead letters. Case does not matter.

Without a code, everything that can be explained is listed, a line each.`,
		Example: `  sluice explain GENESYS_API_404
  sluice explain x-literal
  sluice explain`,
		Args: cobra.MaximumNArgs(1),
	}
	output := outputFlag(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return a.listTopics(*output)
		}
		return a.explain(args[0], *output)
	}
	return cmd
}

func (a *app) explain(name string, output outputFormat) error {
	found := findTopics(name)
	if len(found) == 0 {
		return unknownTopic(name)
	}
	if !output.forPeople() {
		objects := objectWriter{out: a.streams.Out, format: output, bare: true}
		for _, t := range found {
			if err := objects.add(t); err != nil {
				return err
			}
		}
		return objects.end()
	}
	s := sheet{style: a.streams.OutStyle()}
	for i, t := range found {
		if i > 0 {
			s.line("")
		}
		s.topic(t)
	}
	return writeOut(a.streams.Out, []byte(s.String()))
}

// The kinds of topics, in the order of the list.
const (
	kindCode    = "code"
	kindClass   = "class"
	kindOutcome = "outcome"
	kindKeyword = "keyword"
)

// topic is something that can be explained.
type topic struct {
	Kind    string               `json:"kind"`
	Name    string               `json:"name"`
	Meaning string               `json:"meaning"`
	Causes  []string             `json:"causes,omitempty"`
	Ran     string               `json:"ran,omitempty"`
	Fault   string               `json:"fault,omitempty"`
	Who     []deadletter.Actor   `json:"who,omitempty"`
	Why     string               `json:"why,omitempty"`
	Do      []string             `json:"do,omitempty"`
	Next    []deadletter.Command `json:"next,omitempty"`
	Schema  string               `json:"schema,omitempty"`  // an example, as JSON text
	Payload string               `json:"payload,omitempty"` // that breaks it
}

func codeTopic(e deadletter.Explanation) topic {
	return topic{
		Kind: kindCode, Name: e.Code, Meaning: e.Meaning, Causes: e.Causes, Ran: e.Ran, Fault: e.Fault,
		Who: e.Move.Who, Why: e.Move.Why, Do: e.Do, Next: e.Next,
	}
}

// topics returns all that can be explained.
func topics() []topic {
	var all []topic
	for _, e := range deadletter.Codes() {
		all = append(all, codeTopic(e))
	}
	for _, t := range deadletter.Classes() {
		all = append(all, topic{Kind: kindClass, Name: t.Name, Meaning: t.Meaning})
	}
	for _, t := range deadletter.Outcomes() {
		all = append(all, topic{Kind: kindOutcome, Name: t.Name, Meaning: t.Meaning})
	}
	for _, e := range schema.Explanations() {
		all = append(all, topic{Kind: kindKeyword, Name: e.Keyword, Meaning: e.Meaning, Schema: e.Schema, Payload: e.Payload})
	}
	return all
}

// status is a status alone, which stands for its code.
var status = regexp.MustCompile(`^[1-9][0-9]{2}$`)

// sameWord takes duplicate-key for duplicateKey, and not-sent for not_sent.
var sameWord = strings.NewReplacer("-", "", "_", "")

// findTopics returns what a name means; some words are of more than one kind.
func findTopics(name string) []topic {
	code := name
	if status.MatchString(name) {
		code = "GENESYS_API_" + name
	}
	if e, ok := deadletter.Explain(deadletter.Code(code)); ok {
		return []topic{codeTopic(e)}
	}
	var found []topic
	for _, t := range topics() {
		if strings.EqualFold(sameWord.Replace(t.Name), sameWord.Replace(name)) {
			found = append(found, t)
		}
	}
	return found
}

// unknownTopic names what was probably meant.
func unknownTopic(name string) error {
	var names []string
	for _, t := range topics() {
		names = append(names, t.Name)
	}
	text := fmt.Sprintf("nothing is called %q", name)
	if near := config.Nearest(name, names); near != "" {
		text += fmt.Sprintf("; did you mean %s?", near)
	}
	return &exitError{code: exitNotFound, err: fmt.Errorf("%s", term.Visible(text)), try: "sluice explain, which lists all that can be explained"}
}
