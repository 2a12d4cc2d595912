package term

import (
	"fmt"
	"strings"
	"time"
)

const (
	progressAfter = time.Second            // what ends sooner shows none
	progressEvery = 100 * time.Millisecond // between two pictures
	progressBar   = 24                     // columns
)

// Progress draws on [Streams.Err] how far a piece of work is, if it takes longer than a second and a person
// looks. It is not safe for concurrent use.
type Progress struct {
	streams Streams
	what    string
	began   time.Time
	drawn   time.Time
}

// NewProgress begins a piece of work, named as in "reading payloads.dlq".
func (s Streams) NewProgress(what string) *Progress {
	return &Progress{streams: s, what: what, began: time.Now()}
}

// Set tells how far the work is.
func (p *Progress) Set(done, total int64) {
	if total <= 0 || !p.due() {
		return
	}
	full := int(min(done, total) * progressBar / total)
	fmt.Fprintf(p.streams.Err, "\r%s %s%s %3d %%", p.what,
		strings.Repeat("█", full), strings.Repeat("░", progressBar-full), min(done, total)*100/total)
}

// Tell says how far the work is where nobody knows how much there is.
func (p *Progress) Tell(state string) {
	if p.due() {
		fmt.Fprintf(p.streams.Err, "\r\x1b[K%s: %s", p.what, Visible(state))
	}
}

// due reports whether it is time for a picture, which is then to be drawn.
func (p *Progress) due() bool {
	now := time.Now()
	if !p.streams.ErrIsTerminal || now.Sub(p.began) < progressAfter || now.Sub(p.drawn) < progressEvery {
		return false
	}
	p.drawn = now
	return true
}

// End takes away what was drawn; the work may go on, and draw again.
func (p *Progress) End() {
	if !p.drawn.IsZero() {
		fmt.Fprint(p.streams.Err, "\r\x1b[K")
		p.drawn = time.Time{}
	}
}
