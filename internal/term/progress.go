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
	now := time.Now()
	if !p.streams.ErrIsTerminal || total <= 0 || now.Sub(p.began) < progressAfter || now.Sub(p.drawn) < progressEvery {
		return
	}
	p.drawn = now
	full := int(min(done, total) * progressBar / total)
	fmt.Fprintf(p.streams.Err, "\r%s %s%s %3d %%", p.what,
		strings.Repeat("█", full), strings.Repeat("░", progressBar-full), min(done, total)*100/total)
}

// End takes away what was drawn.
func (p *Progress) End() {
	if !p.drawn.IsZero() {
		fmt.Fprint(p.streams.Err, "\r\x1b[K")
	}
}
