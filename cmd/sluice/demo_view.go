package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/demo"
	"github.com/sluice-kafka/sluice/internal/term"
	"github.com/sluice-kafka/sluice/worker"
)

// demoFrame is what there is to see at one moment.
type demoFrame struct {
	demo.Tally
	now      time.Time
	worker   worker.Snapshot
	produced int64
	notes    []demo.Note
}

func (f *demoFrame) lag() int64 {
	return max(0, f.produced-f.Delivered-f.Dead)
}

// demoRates are changes a second.
type demoRates struct{ produced, delivered, dead, retries float64 }

// demoView lays frames out.
type demoView struct {
	style    term.Style
	started  time.Time
	seed     uint64
	total    int64 // messages to be produced; 0: no end
	commands []demoCommand
	past     []demoFrame // of the last seconds, for rates
}

// rateOver is the time that rates are measured over.
const rateOver = 3 * time.Second

// rates takes in a frame and returns the rates up to it.
func (v *demoView) rates(f demoFrame) demoRates {
	f.worker, f.notes, f.DeadLetters = worker.Snapshot{}, nil, nil
	v.past = append(v.past, f)
	for len(v.past) > 2 && f.now.Sub(v.past[1].now) >= rateOver {
		v.past = v.past[1:]
	}
	since := v.past[0]
	took := f.now.Sub(since.now).Seconds()
	if took == 0 {
		return demoRates{}
	}
	per := func(now, then int64) float64 { return float64(now-then) / took }
	return demoRates{
		produced: per(f.produced, since.produced), delivered: per(f.Delivered, since.Delivered),
		dead: per(f.Dead, since.Dead), retries: per(f.Retries, since.Retries),
	}
}

// fewestNotes is how many notes a frame shows even where they push what is below them out of it.
const fewestNotes = 3

// lines returns a frame as at most height lines of at most width columns.
func (v *demoView) lines(f demoFrame, width, height int) []string {
	rates := v.rates(f)
	out := []string{v.title(f, width), v.style.Dim(strings.Repeat("─", width))}
	out = append(out, v.counters(f, rates, width)...)
	out = append(out, "")
	out = append(out, v.codes(f, width)...)

	var below []string
	below = append(below, "", v.style.Bold(" in another terminal"))
	for _, c := range v.commands {
		below = append(below, v.command(c, width))
	}
	room := max(fewestNotes, height-len(out)-len(below)-2)
	out = append(out, "", v.style.Bold(" what happened"))
	for _, n := range f.notes[max(0, len(f.notes)-room):] {
		out = append(out, v.note(n, width))
	}
	out = append(out, below...)
	return out[:min(len(out), height)]
}

func (v *demoView) title(f demoFrame, width int) string {
	l := newLine(width)
	l.put(" sluice demo", v.style.Bold)
	l.put(fmt.Sprintf("   seed %d", v.seed), v.style.Dim)
	if v.total > 0 {
		l.put(", "+plural(v.total, "message"), v.style.Dim)
	}
	right := clock(f.now.Sub(v.started)) + "   Ctrl-C stops"
	l.put(strings.Repeat(" ", max(2, l.left-utf8.RuneCountInString(right)-1)), nil)
	l.put(right, v.style.Dim)
	return l.String()
}

// counters are the figures, in two columns, and the breaker below them.
func (v *demoView) counters(f demoFrame, r demoRates, width int) []string {
	inFlight := ""
	if f.worker.AtAPI > 0 {
		inFlight = grouped(int64(f.worker.AtAPI)) + " at the API"
	}
	rows := []string{
		v.row(width, cell{"produced", f.produced, perSecond(r.produced), nil}, cell{"lag", f.lag(), "", nil}),
		v.row(width, cell{"delivered", f.Delivered, perSecond(r.delivered), v.style.Green}, cell{"in flight", int64(f.worker.InFlight), inFlight, nil}),
		v.row(width, cell{"dead letters", f.Dead, perSecond(r.dead), when(f.Dead > 0, v.style.Red)},
			cell{"held, retried", int64(f.worker.Held), "", when(f.worker.Held > 0, v.style.Yellow)}),
		v.row(width, cell{"retries", f.Retries, perSecond(r.retries), nil}),
	}
	l := newLine(width)
	l.put(" breaker        ", v.style.Dim)
	v.breaker(l, f)
	return append(rows, l.String())
}

func (v *demoView) breaker(l *line, f demoFrame) {
	b := f.worker.Breaker
	switch {
	case !f.worker.Joined:
		l.put("the worker is not in its group", v.style.Yellow)
	case b.State != "closed" && b.Since != nil:
		l.put(b.State, v.style.Red)
		l.put(fmt.Sprintf(" for %s: %s", clock(f.now.Sub(*b.Since)), b.Cause), nil)
	case f.worker.PausedUntil != nil:
		l.put("closed", v.style.Green)
		l.put(fmt.Sprintf(", all wait %.1fs: the API asked for it (429)", max(0, f.worker.PausedUntil.Sub(f.now).Seconds())), v.style.Yellow)
	case b.Limit > 0 && f.worker.AtAPI >= b.Limit:
		l.put("closed", v.style.Green)
		l.put(fmt.Sprintf(", %d requests at once", b.Limit), v.style.Dim)
	default:
		l.put("closed", v.style.Green)
	}
}

func when(yes bool, paint func(string) string) func(string) string {
	if yes {
		return paint
	}
	return nil
}

// cell is a figure with its name.
type cell struct {
	name  string
	n     int64
	extra string
	paint func(string) string
}

func (v *demoView) row(width int, cells ...cell) string {
	l := newLine(width)
	for _, c := range cells {
		l.put(fmt.Sprintf(" %-14s", c.name), v.style.Dim)
		l.put(fmt.Sprintf("%10s", grouped(c.n)), c.paint)
		l.put(fmt.Sprintf("  %-11s", c.extra), v.style.Dim)
	}
	return l.String()
}

// codes are the dead letters by code, as many to a line as it holds.
func (v *demoView) codes(f demoFrame, width int) []string {
	if f.Dead == 0 {
		return []string{v.style.Dim(" no dead letters yet")}
	}
	var out []string
	l := newLine(width)
	for _, code := range byCount(f.DeadLetters) {
		name, n := string(code), grouped(f.DeadLetters[code])
		if need := len(name) + len(n) + 4; l.used > 0 && need > l.left {
			out = append(out, l.String())
			l = newLine(width)
		}
		l.put(" "+name+" ", nil)
		l.put(n, v.style.Red)
		l.put("  ", nil)
	}
	return append(out, l.String())
}

func (v *demoView) note(n demo.Note, width int) string {
	l := newLine(width)
	l.put(n.At.Format(" 15:04:05  "), v.style.Dim)
	l.put(n.Text, v.mood(n.Mood))
	return l.String()
}

func (v *demoView) mood(m demo.Mood) func(string) string {
	switch m {
	case demo.MoodGood:
		return v.style.Green
	case demo.MoodBad:
		return v.style.Red
	case demo.MoodPlain:
	}
	return nil
}

// command says what a command does where there is room for that.
func (v *demoView) command(c demoCommand, width int) string {
	l := newLine(width)
	l.put("   ", nil)
	l.put(c.text, v.style.Cyan)
	if does := "   # " + c.does; len(does) <= l.left {
		l.put(does, v.style.Dim)
	}
	return l.String()
}

// byCount returns codes, the most frequent first.
func byCount(counts map[deadletter.Code]int64) []deadletter.Code {
	var codes []deadletter.Code
	for code := range counts {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b deadletter.Code) int {
		if d := counts[b] - counts[a]; d != 0 {
			return int(max(-1, min(1, d)))
		}
		return strings.Compare(string(a), string(b))
	})
	return codes
}
