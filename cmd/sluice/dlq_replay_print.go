package main

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/term"
)

// planObject is a plan as -o json prints it.
type planObject struct {
	*deadletter.Plan
	TakesSeconds *float64 `json:"takes_seconds"` // null: not known
}

func (a *app) printPlan(p *deadletter.Plan, output outputFormat) error {
	if output.forPeople() {
		sheet := planSheet{style: a.streams.OutStyle(), plan: p, opts: p.Options()}
		return writeOut(a.streams.Out, []byte(sheet.text("")))
	}
	object := planObject{Plan: p}
	if p.Takes >= 0 {
		seconds := p.Takes.Seconds()
		object.TakesSeconds = &seconds
	}
	w := objectWriter{out: a.streams.Out, format: output, bare: true}
	if err := w.add(object); err != nil {
		return err
	}
	return w.end()
}

// planSheet is a plan on a page, for people.
type planSheet struct {
	strings.Builder
	style term.Style
	plan  *deadletter.Plan
	opts  deadletter.ReplayOptions
}

func (s *planSheet) line(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

func (s *planSheet) field(label, format string, args ...any) {
	s.line("%s%s", s.style.Dim(fmt.Sprintf("%-17s", label)), fmt.Sprintf(format, args...))
}

// text lays the plan out.
func (s *planSheet) text(topic string) string {
	p := s.plan
	to := ""
	if topic != "" {
		to = " to topic " + topic
	}
	if p.Selected == 0 {
		s.line("There is nothing to replay: no open dead letter is selected%s.", s.closed())
		return s.String()
	}
	s.line("%s", s.style.Bold(fmt.Sprintf("Replay %s of %s%s", grouped(int64(p.Replays)), plural(int64(p.Selected), "open dead letter"), to)))
	s.causes()
	s.leftOut()
	if p.Replays == 0 {
		for _, id := range p.BrokenOff {
			s.line("Replay %s broke off after it had sent what is missing here; this notes it: sluice dlq replay --resume %s", id, id)
		}
		return s.String()
	}
	s.line("")
	s.facts()
	return s.String()
}

// closed tells of those that are not open.
func (s *planSheet) closed() string {
	if s.plan.NotOpen == 0 {
		return ""
	}
	return fmt.Sprintf("; %s were replayed or resolved before (--again takes them too)", grouped(int64(s.plan.NotOpen)))
}

func (s *planSheet) causes() {
	if len(s.plan.Causes) == 0 {
		return
	}
	const most = 20
	table := term.Table{Header: []string{"COUNT", "CODE", "CLASS", "FINGERPRINT", "EXAMPLE"}, Flexible: 4}
	for _, c := range s.plan.Causes[:min(most, len(s.plan.Causes))] {
		table.Rows = append(table.Rows, []string{
			grouped(int64(c.Count)), term.Visible(string(c.Code)), term.Visible(string(c.Class)), term.Visible(c.Fingerprint), term.Visible(c.Example),
		})
	}
	s.line("")
	var text strings.Builder
	_ = term.Streams{Out: &text}.Print(table) // a builder takes everything
	s.WriteString(term.Indent(text.String(), "  "))
	if more := len(s.plan.Causes) - most; more > 0 {
		s.line("  … and %s", plural(int64(more), "more cause"))
	}
}

// overrides names the flag that takes in what is left out for a reason.
var overrides = map[deadletter.SkipReason]string{
	deadletter.SkipClosed: "--again", deadletter.SkipUnknown: "--include-unknown", deadletter.SkipReplays: "--force",
	deadletter.SkipInvalid: "--set mends a payload, --force sends it as it is", deadletter.SkipElsewhere: "--topic",
}

func (s *planSheet) leftOut() {
	if len(s.plan.Skipped) == 0 {
		return
	}
	s.line("\n%s", s.style.Bold("Left out"))
	s.WriteString(skippedText(s.plan.Skipped, true))
}

// skippedText lists what is left out.
func skippedText(skipped []deadletter.Skipped, override bool) string {
	var b strings.Builder
	for _, k := range skipped {
		flag := ""
		if override && overrides[k.Reason] != "" {
			flag = " (" + overrides[k.Reason] + ")"
		}
		fmt.Fprintf(&b, "  %s %s%s\n", grouped(int64(k.Count)), strings.ReplaceAll(string(k.Reason), "_", " "), flag)
		for _, e := range k.Examples {
			fmt.Fprintf(&b, "    %s: %s\n", term.Visible(e.ID), term.Visible(e.Text))
		}
		if more := k.Count - len(k.Examples); more > 0 {
			fmt.Fprintf(&b, "    … and %s more\n", grouped(int64(more)))
		}
	}
	return b.String()
}

// facts are what to know before saying yes.
func (s *planSheet) facts() {
	p := s.plan
	if p.NotOpen > 0 {
		s.field("not open", "%s more were replayed or resolved before (--again takes them too)", grouped(int64(p.NotOpen)))
	}
	if p.Settled > 0 {
		s.field("sent already", "%s, by a replay that broke off: the source topic has them", grouped(int64(p.Settled)))
	}
	if p.Edited > 0 {
		s.field("edited", "%s", plural(int64(p.Edited), "payload"))
	}
	if p.Unknown > 0 {
		s.field("outcome unknown", "%s: the action may run a second time", s.style.Yellow(grouped(int64(p.Unknown))))
	}
	if p.Before > 0 {
		s.field("replayed before", "%s, at most %s", plural(int64(p.Before), "message"), timesText(p.MostBefore))
	}
	if p.FromRecord > 0 {
		s.field("from the record", "%s: the source topic does not hold them any more", grouped(int64(p.FromRecord)))
	}
	s.newer()
	s.groups()
	s.field("sending", "%s", s.sending())
	if p.Takes >= 0 {
		s.field("takes", "about %s", shortDuration(max(p.Takes, time.Second).Round(time.Second)))
	} else {
		s.field("takes", "nobody can tell")
	}
}

// sending says in which steps and how fast.
func (s *planSheet) sending() string {
	text := "all at once"
	wait := strings.TrimSuffix(shortDuration(s.opts.CanaryWait), "0s")
	switch {
	case s.opts.Canary == 0:
	case s.plan.Replays <= s.opts.Canary:
		text += ", and their end is waited for, at most " + wait
	default:
		text = fmt.Sprintf("%d first, whose end is waited for, at most %s; then the rest", s.opts.Canary, wait)
	}
	if s.plan.Rate > 0 {
		text += fmt.Sprintf("; %v a second at most", s.plan.Rate)
	}
	return text
}

func have(n int) string {
	if n == 1 {
		return "1 has"
	}
	return grouped(int64(n)) + " have"
}

func (s *planSheet) newer() {
	n := s.plan.Newer
	switch {
	case n.Count > 0:
		s.field("newer messages", "%s a newer message of the same key, such as %s: its receiver gets the old one last (--skip-newer)",
			s.style.Yellow(have(n.Count)), term.Visible(n.Example))
	case n.NotLookedAt == "":
		s.field("newer messages", "none of the same keys")
	}
	if n.NotLookedAt != "" {
		s.field("newer messages", "not looked for in %s", n.NotLookedAt)
	}
}

func (s *planSheet) groups() {
	p := s.plan
	g := p.Group
	names := make([]string, 0, len(p.For))
	for name := range p.For {
		names = append(names, name)
	}
	sort.Strings(names)
	s.field("for group", "%s", term.Visible(strings.Join(names, ", ")))
	if n := p.Replays - p.For[p.OurGroup]; n > 0 {
		s.field("", "%s not for %s, which is configured here: if the group was renamed, no worker takes them (--for-group)",
			s.style.Yellow(grouped(int64(n))), term.Visible(p.OurGroup))
	}
	switch {
	case g.Unknown != "":
		s.field("its lag", "not known: %s", term.Visible(g.Unknown))
	case g.Lag == 0:
		s.field("its lag", "none")
	default:
		s.field("its lag", "%s stand before them, at %.3g a second", plural(g.Lag, "message"), g.PerSecond)
	}
	switch {
	case len(p.Others) > 0:
		s.field("other groups", "%s read this topic too, and see every replayed message; sluice's workers pass it over, others do not",
			s.style.Yellow(term.Visible(strings.Join(p.Others, ", "))))
	case p.OthersUnknown == "":
		s.field("other groups", "none read this topic")
	}
	if p.OthersUnknown != "" {
		s.field("other groups", "there may be more: %s", term.Visible(p.OthersUnknown))
	}
}

func timesText(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func (a *app) printReport(r *deadletter.Report, output outputFormat) error {
	if !output.forPeople() {
		w := objectWriter{out: a.streams.Out, format: output, bare: true}
		if err := w.add(r); err != nil {
			return err
		}
		return w.end()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "replay %s: %s of %s replayed", r.Replay, grouped(int64(r.Replayed)), plural(int64(r.Planned), "message"))
	if r.Replayed > 0 {
		fmt.Fprintf(&b, "; %s delivered, %s failed again", grouped(int64(r.Succeeded)), grouped(int64(r.FailedAgain)))
		if pending := r.Pending(); pending > 0 {
			fmt.Fprintf(&b, ", %s on the way: sluice dlq show ID tells later how each ended", grouped(int64(pending)))
		}
	}
	b.WriteString("\n")
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "  %s failed again as %s\n", term.Visible(f.ID), term.Visible(f.Text))
	}
	if len(r.Skipped) > 0 {
		b.WriteString("left out:\n" + skippedText(r.Skipped, false))
	}
	if r.Left > 0 {
		fmt.Fprintf(&b, "not sent: %s\n", grouped(int64(r.Left)))
	}
	return writeOut(a.streams.Out, []byte(b.String()))
}
