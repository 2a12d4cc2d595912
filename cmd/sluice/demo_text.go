package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-kafka/sluice/internal/demo"
	"github.com/sluice-kafka/sluice/internal/term"
)

// demoSummary tells how a run went.
func demoSummary(style term.Style, r demo.Result) string {
	var b strings.Builder
	b.WriteByte('\n')
	row := func(name string, n int64, remark string) {
		fmt.Fprintf(&b, "%24s  %12s", name, grouped(n))
		if remark != "" {
			b.WriteString("  " + style.Dim(remark))
		}
		b.WriteByte('\n')
	}
	row("produced", r.Produced, "")
	row("delivered", r.Delivered, "each with its result in "+demo.ResultsTopic)
	row("dead letters", r.DeadLetters(), "")
	for _, code := range byCount(r.DeadLettered) {
		row(string(code), r.DeadLettered[code], "")
	}
	remark := ""
	if r.Duplicates > 0 {
		remark = "repeated after an answer that was lost"
	}
	row("duplicates", r.Duplicates, remark)
	if r.InFlight > 0 {
		row("in flight", r.InFlight, "when stopped, and so not committed")
	}
	row("lost", r.Lost, "")
	row("out of order", r.OutOfOrder, "")
	fmt.Fprintf(&b, "%24s  %12s\n", "took", time.Duration(r.Elapsed).Round(100*time.Millisecond))
	return b.String()
}

func perSecond(rate float64) string {
	if rate > 0 && rate < 10 {
		return fmt.Sprintf("%.1f/s", rate)
	}
	return grouped(int64(rate+0.5)) + "/s"
}

// clock writes a time span as 01:05 or 1:01:05.
func clock(d time.Duration) string {
	s := int(max(0, d).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

// line is text of bounded width.
type line struct {
	b          strings.Builder
	used, left int
}

func newLine(width int) *line { return &line{left: width} }

// put appends text, painted, and cuts it with an ellipsis where the line ends.
func (l *line) put(text string, paint func(string) string) {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if n := utf8.RuneCountInString(text); n > l.left {
		if l.left == 0 {
			return
		}
		text = string([]rune(text)[:l.left-1]) + "…"
	}
	n := utf8.RuneCountInString(text)
	l.used, l.left = l.used+n, l.left-n
	if paint != nil {
		text = paint(text)
	}
	l.b.WriteString(text)
}

func (l *line) String() string { return l.b.String() }
