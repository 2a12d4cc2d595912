package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
)

// parseMoment reads a point in time: so long ago, a day in local time, or an instant. Empty is the zero time.
func parseMoment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Time{}, usageError("%s: %q is not a time: use 30m, 2h or 3d (that long ago), 2026-11-23, or 2026-11-23T09:30:00Z", flag, text)
}

// instant writes a time for people and machines alike.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// window says in words which time a filter looks at.
func window(f deadletter.Filter) string {
	switch {
	case f.Since.IsZero() && f.Until.IsZero():
		return ", all that it holds"
	case f.Until.IsZero():
		return " for those that failed since " + instant(f.Since)
	case f.Since.IsZero():
		return " for those that failed before " + instant(f.Until)
	default:
		return fmt.Sprintf(" for those that failed from %s until %s", instant(f.Since), instant(f.Until))
	}
}

// looked says in words what a scan looked at.
func (d *deadLetters) looked(f deadletter.Filter, s deadletter.Scanned) string {
	text := fmt.Sprintf("looked at %s of %s%s%s", plural(s.Records, "record"), d.topic, window(f), offsetsText(s.Partitions))
	if s.Repeats > 0 {
		text += fmt.Sprintf("\nleft out %s: the same message, dead-lettered again", plural(s.Repeats, "repeat"))
	}
	if s.Unreadable > 0 {
		text += "\n" + plural(s.Unreadable, "record") + " cannot be decoded"
		if narrowed(f) {
			text += ", of which some may be of this kind"
		}
	}
	if s.Unsearched > 0 {
		text += fmt.Sprintf("\nthe payloads of %s are cut or no JSON: --where cannot look into those", plural(s.Unsearched, "record"))
	}
	if s.Inexact {
		text += "\nso many that repeats were no longer told from others: narrow it with --since"
	}
	return text
}

// rangesListed is how many partitions are listed one by one.
const rangesListed = 4

// offsetsText writes the offsets that were looked at.
func offsetsText(partitions []deadletter.Range) string {
	if len(partitions) > rangesListed {
		return fmt.Sprintf(" (%d partitions)", len(partitions))
	}
	var parts []string
	for _, p := range partitions {
		if p.From < p.Until {
			parts = append(parts, fmt.Sprintf("%d: %d-%d", p.Partition, p.From, p.Until-1))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (offsets of partition " + strings.Join(parts, ", ") + ")"
}
