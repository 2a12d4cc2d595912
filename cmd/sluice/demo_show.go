package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	xterm "golang.org/x/term"

	"github.com/sluice-kafka/sluice/internal/demo"
)

// showLive redraws the view until done.
func (d *demoRun) showLive(v *demoView, out io.Writer, done <-chan struct{}) {
	s := &screen{out: out}
	s.open()
	defer s.close()
	ticker := time.NewTicker(demoRedraw)
	defer ticker.Stop()
	for {
		f := d.frame(time.Now())
		f.notes = d.board.Notes(0)
		width, height := terminalSize(out)
		s.draw(v.lines(f, width-1, height), width, height)
		select {
		case <-ticker.C:
		case <-done:
			return
		}
	}
}

// screen is the terminal's alternate screen, which leaves what was there as it was.
type screen struct {
	out           io.Writer
	drawn         []string
	width, height int
}

func (s *screen) open()  { fmt.Fprint(s.out, "\x1b[?1049h\x1b[?25l") } // and no cursor
func (s *screen) close() { fmt.Fprint(s.out, "\x1b[?25h\x1b[?1049l") }

// draw shows lines. Only those that have changed are written, all at once: nothing flickers, and what
// somebody has marked to copy it stays marked.
func (s *screen) draw(lines []string, width, height int) {
	var b strings.Builder
	if width != s.width || height != s.height {
		s.width, s.height, s.drawn = width, height, nil
		b.WriteString("\x1b[2J")
	}
	for i := range max(len(lines), len(s.drawn)) {
		now, before := "", ""
		if i < len(lines) {
			now = lines[i]
		}
		if i < len(s.drawn) {
			before = s.drawn[i]
		}
		if now != before {
			fmt.Fprintf(&b, "\x1b[%d;1H%s\x1b[K", i+1, now)
		}
	}
	s.drawn = lines
	fmt.Fprint(s.out, b.String())
}

// terminalSize returns the columns and lines of the terminal behind out; 80 by 24 where it does not tell.
func terminalSize(out io.Writer) (width, height int) {
	if f, ok := out.(*os.File); ok {
		if w, h, err := xterm.GetSize(int(f.Fd())); err == nil && w > 1 && h > 0 { //nolint:gosec // a descriptor fits
			return w, h
		}
	}
	return 80, 24
}

// linesEvery is how often a plain line tells how far the run is.
const linesEvery = 5 * time.Second

// showLines writes a line every few seconds, and one for each thing that happens, until done.
func (d *demoRun) showLines(v *demoView, out io.Writer, done <-chan struct{}) {
	fmt.Fprint(out, v.intro())
	ticker := time.NewTicker(demoRedraw)
	defer ticker.Stop()
	noted, told := int64(0), d.started
	for {
		for _, n := range d.board.Notes(noted) {
			noted = n.Seq
			fmt.Fprintln(out, v.noteLine(n))
		}
		f := d.frame(time.Now())
		rates := v.rates(f)
		if f.now.Sub(told) >= linesEvery {
			told = f.now
			fmt.Fprintln(out, v.plain(f, rates))
		}
		select {
		case <-ticker.C:
		case <-done:
			for _, n := range d.board.Notes(noted) {
				fmt.Fprintln(out, v.noteLine(n))
			}
			return
		}
	}
}

// intro says what runs and what to type.
func (v *demoView) intro() string {
	var b strings.Builder
	b.WriteString(v.style.Bold("sluice demo") + ", Ctrl-C stops. In another terminal:\n")
	for _, c := range v.commands {
		fmt.Fprintf(&b, "  %s  %s\n", v.style.Cyan(c.text), v.style.Dim("# "+c.does))
	}
	b.WriteByte('\n')
	return b.String()
}

func (v *demoView) noteLine(n demo.Note) string {
	text := n.Text
	if paint := v.mood(n.Mood); paint != nil {
		text = paint(text)
	}
	return clock(n.At.Sub(v.started)) + "  " + text
}

func (v *demoView) plain(f demoFrame, r demoRates) string {
	return fmt.Sprintf("%s  produced %s (%s)  delivered %s (%s)  dead letters %s  in flight %s  held %s  lag %s  breaker %s",
		clock(f.now.Sub(v.started)), grouped(f.produced), perSecond(r.produced), grouped(f.Delivered), perSecond(r.delivered),
		grouped(f.Dead), grouped(int64(f.worker.InFlight)), grouped(int64(f.worker.Held)), grouped(f.lag()), f.worker.Breaker.State)
}
