package main

import (
	"fmt"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/term"
)

// topic writes an explanation for people.
func (s *sheet) topic(t topic) {
	title := s.style.Bold(t.Name)
	if t.Kind != kindCode {
		title += s.style.Dim(" (" + t.Kind + ")")
	}
	s.line("%s\n%s", title, t.Meaning)
	if t.Schema != "" {
		s.line("")
		s.field("schema", t.Schema)
		s.field("breaks it", t.Payload)
	}
	if t.Kind != kindCode {
		return
	}
	s.line("")
	move := deadletter.Move{Who: t.Who, Why: t.Why}
	s.field("whose move", s.style.Bold(move.Whose())+": "+move.Why)
	s.field("did it run", t.Ran)
	s.field("its fault", t.Fault)
	s.section("Usual causes", "")
	for _, cause := range t.Causes {
		s.line("  - %s", cause)
	}
	s.section("What to do", "")
	for i, step := range t.Do {
		s.line("  %d. %s", i+1, step)
	}
	next := make([]suggestion, len(t.Next))
	for i, c := range t.Next {
		next[i] = suggestion{c.Typed, c.What}
	}
	s.next(next)
}

// listTopics lists all that can be explained, a line each.
func (a *app) listTopics(output outputFormat) error {
	if !output.forPeople() {
		objects := objectWriter{out: a.streams.Out, format: output}
		for _, t := range topics() {
			if err := objects.add(t); err != nil {
				return err
			}
		}
		return objects.end()
	}
	for i, kind := range []struct{ name, header string }{
		{kindCode, "CODE"}, {kindClass, "CLASS"}, {kindOutcome, "OUTCOME"}, {kindKeyword, "KEYWORD"},
	} {
		if i > 0 {
			if err := writeOut(a.streams.Out, []byte("\n")); err != nil {
				return err
			}
		}
		if err := a.streams.Print(topicTable(kind.name, kind.header)); err != nil {
			return fmt.Errorf("write the output: %w", err)
		}
	}
	return nil
}

// topicTable is the list of one kind.
func topicTable(kind, header string) term.Table {
	table := term.Table{Header: []string{header, "WHAT IT MEANS"}, Flexible: 1}
	for _, t := range topics() {
		if t.Kind == kind {
			table.Rows = append(table.Rows, []string{t.Name, firstSentence(t.Meaning)})
		}
	}
	return table
}
