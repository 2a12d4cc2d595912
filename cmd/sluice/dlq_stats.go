package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
)

func (a *app) dlqStatsCmd() *cobra.Command {
	var filter filterFlags
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Group dead letters by cause: how many, since when, who has to act",
		Long: `Group dead letters by what caused them, the most frequent cause first: how many, when the first and
the last failed, how many different keys are touched, who has to act, and what to type next. Start here.

A cause is the set of rules that payloads broke, or the API's answer; it has a fingerprint. A message
that was dead-lettered more than once with the same payload counts once.

` + filterHelp,
		Example: `  sluice dlq stats
  sluice dlq stats --since 24h
  sluice dlq stats -o json | jq '.by_actor'` + filterExamples("stats"),
		Args: cobra.NoArgs,
	}
	filter.add(cmd)
	limit := limitFlag(cmd, 20, "causes, the most frequent ones")
	all := allFlag(cmd)
	output := outputFlag(cmd)
	deadLetterSettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkLimit(*limit); err != nil {
			return err
		}
		selected, err := filter.filter(time.Now())
		if err != nil {
			return err
		}
		return a.dlqStats(cmd, selected, *limit, *all, *output)
	}
	return cmd
}

func (a *app) dlqStats(cmd *cobra.Command, f deadletter.Filter, limit int, all bool, output outputFormat) error {
	letters, err := a.openDeadLetters(cmd)
	if err != nil {
		return err
	}
	defer letters.close()
	left, err := letters.onlyOpen(cmd.Context(), &f, all)
	if err != nil {
		return err
	}
	defer a.tellLeftOut(left)
	stats, err := letters.reader.Stats(cmd.Context(), f)
	if err = letters.ended(err); err != nil {
		return err
	}
	report := newStatsReport(letters.topic, stats, limit)
	switch output {
	case formatTable:
		s := sheet{style: a.streams.OutStyle(), now: time.Now(), width: a.columns()}
		s.stats(report)
		err = writeOut(a.streams.Out, []byte(s.String()))
	case formatJSON:
		objects := objectWriter{out: a.streams.Out, format: output, bare: true}
		if err = objects.add(report); err == nil {
			err = objects.end()
		}
	default:
		objects := objectWriter{out: a.streams.Out, format: output}
		for _, c := range report.Causes {
			if err = objects.add(c); err != nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(a.streams.Err, letters.looked(f, stats.Scanned))
	return nil
}

// statsReport is what `sluice dlq stats` tells, as -o json prints it.
type statsReport struct {
	Topic       string                     `json:"topic"`
	DeadLetters int64                      `json:"dead_letters"`
	Causes      []causeReport              `json:"causes"`
	MoreCauses  int                        `json:"more_causes"`  // that --limit left out
	OtherCauses int64                      `json:"other_causes"` // dead letters of causes that are not told apart
	ByCode      map[deadletter.Code]int64  `json:"by_code"`
	ByActor     map[deadletter.Actor]int64 `json:"by_actor"` // by the likeliest one
	Scanned     deadletter.Scanned         `json:"scanned"`

	byWhose map[string]int64 // as by_actor, for people: by all who may have to act
}

// causeReport is one cause, as -o ndjson prints it on a line.
type causeReport struct {
	Fingerprint string             `json:"fingerprint,omitempty"`
	Code        deadletter.Code    `json:"code,omitempty"`
	What        string             `json:"what,omitempty"`
	Count       int64              `json:"count"`
	First       time.Time          `json:"first"`
	Last        time.Time          `json:"last"`
	Keys        int                `json:"keys"`
	MoreKeys    bool               `json:"more_keys"` // keys is only what was counted
	Partitions  []int              `json:"partitions"`
	Example     string             `json:"example,omitempty"`
	Who         []deadletter.Actor `json:"who"` // of most of them, the likeliest first
	Why         string             `json:"why"`
	Moves       []moveReport       `json:"moves"`
	Next        []string           `json:"next"`
}

// moveReport is who has to act on those of one class and outcome.
type moveReport struct {
	Class   deadletter.Class   `json:"class,omitempty"`
	Outcome deadletter.Outcome `json:"outcome,omitempty"`
	Count   int64              `json:"count"`
	Who     []deadletter.Actor `json:"who"`
	Why     string             `json:"why"`
}

func newStatsReport(topic string, s deadletter.Stats, limit int) statsReport {
	r := statsReport{
		Topic: topic, DeadLetters: s.Scanned.Matched, OtherCauses: s.Others, Scanned: s.Scanned, Causes: []causeReport{},
		ByCode: make(map[deadletter.Code]int64), ByActor: make(map[deadletter.Actor]int64), byWhose: make(map[string]int64),
	}
	for i, c := range s.Causes {
		r.ByCode[c.Code] += c.Count
		for _, m := range c.Moves {
			r.ByActor[m.Who[0]] += m.Count
			r.byWhose[m.Whose()] += m.Count
		}
		if i < limit {
			r.Causes = append(r.Causes, newCauseReport(c))
		}
	}
	r.MoreCauses = len(s.Causes) - len(r.Causes)
	return r
}

func newCauseReport(c deadletter.Cause) causeReport {
	r := causeReport{
		Fingerprint: c.Fingerprint, Code: c.Code, What: c.What, Count: c.Count, First: c.First.UTC(), Last: c.Last.UTC(),
		Keys: c.Keys, MoreKeys: c.MoreKeys, Partitions: c.Partitions, Example: c.Example, Next: nextOf(c),
	}
	for _, m := range c.Moves {
		r.Moves = append(r.Moves, moveReport{m.Class, m.Outcome, m.Count, m.Who, m.Why})
	}
	r.Who, r.Why = r.Moves[0].Who, r.Moves[0].Why
	return r
}

// replayCommand is what sends messages again.
const replayCommand = "sluice dlq replay"

// nextOf returns what to type about a cause.
func nextOf(c deadletter.Cause) []string {
	next := []string{}
	if c.Example != "" {
		next = append(next, "sluice dlq show "+c.Example)
	}
	if c.Fingerprint != "" {
		next = append(next, "sluice dlq ls --fingerprint "+c.Fingerprint)
	}
	if _, known := deadletter.Explain(c.Code); known {
		next = append(next, "sluice explain "+string(c.Code))
	}
	if c.Fingerprint != "" {
		next = append(next, replayCommand+" --fingerprint "+c.Fingerprint+" --dry-run")
	}
	return next
}
