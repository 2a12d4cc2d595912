package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// tooLarge is the error for a line that is too large for the topic. What stands before it is sent.
func (p *producer) tooLarge(l *lines, one document) error {
	size := plural(int64(one.size), "byte")
	e := &exitError{code: exitFailed, try: "leave the line out, and go on: " + l.from(one.line+1)}
	if p.limit == 0 {
		e.err = fmt.Errorf("line %s of %s has %s, more than produce sends: it and what follows was not sent",
			grouped(int64(one.line)), l.name, size)
		return e
	}
	e.err = fmt.Errorf("line %s of %s has %s, more than topic %q takes (max.message.bytes is %s): it and what follows was not sent",
		grouped(int64(one.line)), l.name, size, p.topic, grouped(int64(p.limit)))
	e.try += "; or raise max.message.bytes of the topic first: " + l.from(one.line)
	return e
}

// from is the command that produces the lines from the nth on.
func (l *lines) from(n int) string {
	if n == 1 && l.path != stdinName {
		return "sluice produce " + l.path
	}
	return fmt.Sprintf("tail -n +%d %s | sluice produce -", n, l.file())
}

// failed is the error for a batch of which not every message was acknowledged: it says which are not. Those of
// it that were acknowledged are counted.
func (p *producer) failed(l *lines, err error) error {
	cause, open := err, make([]int, 0, len(p.batch))
	var some kafkago.WriteErrors
	if errors.As(err, &some) {
		for i, e := range some {
			if e != nil {
				cause = e
				open = append(open, lineOf(p.batch[i]))
			}
		}
	} else {
		for _, m := range p.batch {
			open = append(open, lineOf(m))
		}
	}
	p.sent += len(p.batch) - len(open)
	if errors.Is(cause, context.Canceled) {
		p.unsure = open
		return cause
	}
	fate, others := maybeThere, fmt.Sprintf("all others up to line %s are, and nothing after that was sent", grouped(int64(lineOf(p.batch[len(p.batch)-1]))))
	if refused(cause) {
		fate = "not in the topic"
		cause = p.cluster.Refusal(kafka.Write, p.topic, cause)
	}
	if p.sent == 0 {
		others = "nothing else was sent"
	}
	return &exitError{
		code: exitFailed,
		err:  fmt.Errorf("%s of %s %s %s; %s: %w", ranges(open), l.name, isAre(open), fate, others, cause),
		try:  l.afterFailure(cause, open[0]),
	}
}

// maybeThere is what is known of messages whose acknowledgement did not come.
const maybeThere = "perhaps in the topic, perhaps not"

func isAre(lines []int) string {
	if len(lines) == 1 {
		return "is"
	}
	return "are"
}

// afterFailure says how to go on; where the cause itself says what to do, nothing more.
func (l *lines) afterFailure(cause error, first int) string {
	var broker *kafka.Error
	switch on := "once that is mended: " + l.from(first); {
	case errors.As(cause, &broker):
		return ""
	case refused(cause):
		return on
	default:
		return on + ", which repeats what did arrive"
	}
}

// refused reports whether a broker has said that it did not take a message.
func refused(err error) bool {
	var code kafkago.Error
	return errors.As(err, &code) && !slices.Contains([]kafkago.Error{kafkago.RequestTimedOut, kafkago.NotEnoughReplicasAfterAppend, kafkago.NetworkException}, code)
}

// ranges writes line numbers: "lines 3 to 7 and 9". There are never none.
func ranges(lines []int) string {
	const most = 4
	var parts []string
	for i := 0; i < len(lines); {
		j := i
		for j+1 < len(lines) && lines[j+1] == lines[j]+1 {
			j++
		}
		if len(parts) == most {
			parts = append(parts, plural(int64(len(lines)-i), "other"))
			break
		}
		part := grouped(int64(lines[i]))
		if j > i {
			part += " to " + grouped(int64(lines[j]))
		}
		parts = append(parts, part)
		i = j + 1
	}
	text := strings.Join(parts, ", ")
	if n := len(parts) - 1; n > 0 {
		text = strings.Join(parts[:n], ", ") + " and " + parts[n]
	}
	if len(lines) == 1 {
		return "line " + text
	}
	return "lines " + text
}
