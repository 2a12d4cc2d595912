// Package term is what the command line knows of the terminal: its streams as a value, so that tests have
// their own, and colour only where somebody looks.
package term

import (
	"io"
	"os"

	xterm "golang.org/x/term"
)

// Streams are a command's standard streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// OutIsTerminal and ErrIsTerminal report whether a person looks at the stream: only then is there colour,
	// and anything that moves.
	OutIsTerminal, ErrIsTerminal bool
	// Plain turns colour off everywhere (NO_COLOR, https://no-color.org).
	Plain bool
}

// System returns the process's streams.
func System() Streams {
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		OutIsTerminal: isTerminal(os.Stdout), ErrIsTerminal: isTerminal(os.Stderr),
		Plain: os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb",
	}
}

func isTerminal(f *os.File) bool { return xterm.IsTerminal(int(f.Fd())) } //nolint:gosec // a descriptor fits

// OutStyle returns the style for Out.
func (s Streams) OutStyle() Style { return Style{on: s.OutIsTerminal && !s.Plain} }

// ErrStyle returns the style for Err.
func (s Streams) ErrStyle() Style { return Style{on: s.ErrIsTerminal && !s.Plain} }

// Width returns the columns of the terminal behind Out; 80 where there is none.
func (s Streams) Width() int {
	if f, ok := s.Out.(*os.File); ok {
		if w, _, err := xterm.GetSize(int(f.Fd())); err == nil && w > 0 { //nolint:gosec // a descriptor fits
			return w
		}
	}
	return 80
}

// Style colours text, or leaves it as it is. The zero Style leaves it.
type Style struct{ on bool }

// On reports whether the style does anything.
func (s Style) On() bool { return s.on }

// Bold marks headings.
func (s Style) Bold(text string) string { return s.wrap("1", text) }

// Dim marks what matters less.
func (s Style) Dim(text string) string { return s.wrap("2", text) }

// Red marks failures.
func (s Style) Red(text string) string { return s.wrap("31", text) }

// Green marks what is in order.
func (s Style) Green(text string) string { return s.wrap("32", text) }

// Yellow marks what needs a look.
func (s Style) Yellow(text string) string { return s.wrap("33", text) }

// Cyan marks what may be typed.
func (s Style) Cyan(text string) string { return s.wrap("36", text) }

func (s Style) wrap(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
