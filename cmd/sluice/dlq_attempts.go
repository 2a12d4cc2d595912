package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/term"
)

// attempts writes the attempts as a timeline: when, how long after the first, what came back, the wait.
func (s *sheet) attempts(r deadletter.Record) {
	if r.AttemptCount == 0 {
		return
	}
	s.section("Attempts", fmt.Sprint(r.AttemptCount))
	last := 0
	for _, attempt := range r.Attempts {
		s.notKept(attempt.N - last - 1)
		last = max(attempt.N, last+1)
		s.attempt(last, attempt, r.Attempts[0].At)
	}
	s.notKept(r.AttemptCount - last)
}

// notKept stands for attempts that are counted, but not on record.
func (s *sheet) notKept(n int) {
	if n > 0 {
		s.line("  %s", s.style.Dim("… "+grouped(int64(n))+" more, not kept in the record"))
	}
}

func (s *sheet) attempt(n int, a deadletter.Attempt, first time.Time) {
	when := fmt.Sprintf("  %3d  %s  %-8s  ", n, a.At.UTC().Format("15:04:05.000"), "+"+shortDuration(a.At.Sub(first)))
	var parts []string
	if a.Status > 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d", a.Status))
	}
	if a.WaitMS > 0 {
		parts = append(parts, s.style.Dim("then waited "+shortDuration(time.Duration(a.WaitMS)*time.Millisecond)))
	}
	if a.Error != "" {
		parts = append(parts, term.Visible(a.Error))
	}
	indent := strings.Repeat(" ", len(when))
	lines := term.Wrap(strings.Join(parts, "  "), indent, s.width)
	s.WriteString(when + strings.TrimPrefix(lines, indent))
}

// shortDuration writes a duration as short as it can be read.
func shortDuration(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}

// ticket writes what a support ticket at Genesys needs, to be copied as it stands: which action, and of every
// request when it was made, what came back, and its id.
func (s *sheet) ticket(r deadletter.Record) {
	var requests []string
	for _, a := range r.Attempts {
		if a.RequestID != "" {
			requests = append(requests, ticketLine(a.At, a.Status, a.RequestID))
		}
	}
	if requests == nil && r.RequestID != "" {
		requests = append(requests, ticketLine(r.FailedAt, 0, r.RequestID))
	}
	if requests == nil {
		return
	}
	s.section("For a ticket at Genesys", "copy this")
	if r.Action.ID != "" {
		s.line("  Data Action  %s\n  URL          %s", term.Visible(r.Action.ID), term.Visible(r.Action.URL))
	}
	for _, line := range requests {
		s.line("  %s", line)
	}
}

func ticketLine(at time.Time, status int, id string) string {
	text := at.UTC().Format("2006-01-02T15:04:05.000Z")
	if status > 0 {
		text += fmt.Sprintf("  HTTP %d", status)
	}
	return text + "  request " + term.Visible(id)
}

// brokenPlace is how a violation tells where a payload stops being JSON.
var brokenPlace = regexp.MustCompile(`\(line (\d+), column (\d+)\)$`)

// brokenAt returns the byte, counted from 1, at which a payload stops being JSON, as its violation tells it;
// 0 where it is JSON, or what is left of it does not reach so far.
func brokenAt(r deadletter.Record) int {
	if len(r.Violations) == 0 || json.Valid(r.Payload) {
		return 0
	}
	m := brokenPlace.FindStringSubmatch(r.Violations[0].Message)
	if m == nil {
		return 0
	}
	line, _ := strconv.Atoi(m[1]) // digits; a number that is too large is out of reach all the same
	column, _ := strconv.Atoi(m[2])
	rest := string(r.Payload)
	for ; line > 1; line-- {
		_, after, ok := strings.Cut(rest, "\n")
		if !ok {
			return 0
		}
		rest = after
	}
	begin := len(r.Payload) - len(rest)
	for i := range rest { // columns count code points
		if column--; column == 0 {
			return begin + i + 1
		}
	}
	if column == 1 && (r.Cut == nil || r.Cut.PayloadSHA256 == "") { // it ends too soon
		return len(r.Payload) + 1
	}
	return 0
}
