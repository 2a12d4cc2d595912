package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/term"
)

// countColumns is the width of the counts in front of causes.
const countColumns = 9

// stats writes causes for people.
func (s *sheet) stats(r statsReport) {
	if r.DeadLetters == 0 {
		s.line("no dead letters")
		return
	}
	all := plural(int64(len(r.Causes)+r.MoreCauses), "cause")
	s.line("%s", s.style.Bold(fmt.Sprintf("%s of %s", plural(r.DeadLetters, "dead letter"), all)))
	for _, c := range r.Causes {
		s.cause(c)
	}
	if r.MoreCauses > 0 {
		s.line("\nand %s: use a larger --limit", plural(int64(r.MoreCauses), "less frequent cause"))
	}
	if r.OtherCauses > 0 {
		s.line("\nand %s of further causes, too many to tell apart: narrow it with --code or --since", plural(r.OtherCauses, "dead letter"))
	}
	s.section("By code", "")
	for _, code := range mostFirst(r.ByCode) {
		s.count(r.ByCode[code], term.Visible(cmp.Or(string(code), "(the record does not tell)")))
	}
	s.section("Whose move", "")
	for _, whose := range mostFirst(r.byWhose) {
		text := whose
		if whose == deadletter.Nobody.String() {
			text += ": they can be sent again as they are"
		}
		s.count(r.byWhose[whose], text)
	}
}

func (s *sheet) count(n int64, text string) { s.line("%*s  %s", countColumns, grouped(n), text) }

// cause writes one cause: what, when and where, whose move, what to type.
func (s *sheet) cause(c causeReport) {
	title := s.style.Red(term.Visible(cmp.Or(string(c.Code), "no code")))
	if c.What != "" {
		title += "  " + term.Visible(c.What)
	}
	s.line("\n%s  %s", s.style.Bold(fmt.Sprintf("%*s", countColumns, grouped(c.Count))), title)
	s.below("%s, %s, %s", s.period(c.First, c.Last), keysText(c), partitionsText(c.Partitions))
	for _, m := range movesOf(c) {
		about := ""
		if m.Count < c.Count {
			about = fmt.Sprintf(" (%s of them)", grouped(m.Count))
		}
		move := deadletter.Move{Who: m.Who, Why: m.Why}
		s.below("whose move  %s%s: %s", move.Whose(), about, move.Why)
	}
	for _, typed := range c.Next {
		when := ""
		if strings.HasPrefix(typed, replayCommand) && c.Who[0] != deadletter.Nobody {
			when = s.style.Dim("  # once that is done")
		}
		s.line("%*s  %s%s", countColumns, "", s.style.Cyan(typed), when)
	}
}

// below writes a line under a cause, in as many lines as it takes on a terminal.
func (s *sheet) below(format string, args ...any) {
	s.WriteString(term.Wrap(fmt.Sprintf(format, args...), strings.Repeat(" ", countColumns+2), s.width))
}

// period writes when something happened, in as few words as possible.
func (s *sheet) period(first, last time.Time) string {
	ago := ""
	if s.width > 0 {
		ago = " (" + term.Ago(s.now.Sub(last)) + ")"
	}
	switch {
	case last.Sub(first) < time.Second:
		return stamp(last) + ago
	case first.Truncate(24 * time.Hour).Equal(last.Truncate(24 * time.Hour)):
		return first.Format(time.DateTime) + " to " + last.Format("15:04:05 UTC") + ago
	default:
		return first.Format(time.DateTime) + " to " + stamp(last) + ago
	}
}

func keysText(c causeReport) string {
	switch {
	case c.MoreKeys:
		return grouped(int64(c.Keys)) + "+ keys"
	case c.Keys == 0:
		return "no keys"
	}
	return plural(int64(c.Keys), "key")
}

// partitionsText lists partitions as in "partitions 0-2, 5".
func partitionsText(partitions []int) string {
	if len(partitions) == 0 {
		return "no partition told"
	}
	var parts []string
	for i := 0; i < len(partitions); {
		j := i
		for j+1 < len(partitions) && partitions[j+1] == partitions[j]+1 {
			j++
		}
		if part := fmt.Sprint(partitions[i]); i == j {
			parts = append(parts, part)
		} else {
			parts = append(parts, fmt.Sprintf("%s-%d", part, partitions[j]))
		}
		i = j + 1
	}
	label := "partition "
	if len(partitions) > 1 {
		label = "partitions "
	}
	return label + strings.Join(parts, ", ")
}

// movesOf returns the moves of a cause, those with equal words put together.
func movesOf(c causeReport) []moveReport {
	var moves []moveReport
	for _, m := range c.Moves {
		i := slices.IndexFunc(moves, func(o moveReport) bool { return o.Why == m.Why && slices.Equal(o.Who, m.Who) })
		if i < 0 {
			moves = append(moves, m)
		} else {
			moves[i].Count += m.Count
		}
	}
	return moves
}

// mostFirst returns the keys, those with the highest counts first.
func mostFirst[K cmp.Ordered](counts map[K]int64) []K {
	return slices.SortedFunc(maps.Keys(counts), func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}
