package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	// linesBuffer is what is read at once. Lines that are there already are sent together.
	linesBuffer = 1 << 20
	// longestLine is the longest line that is sent where the topic's own limit is not known.
	longestLine = 64 << 20
)

// byteOrderMark is U+FEFF in UTF-8.
const byteOrderMark = "\ufeff"

// lines are those of an input, each a document. It holds no more than one beside its buffer.
type lines struct {
	in    *bufio.Reader
	name  string // of the input, for people
	path  string // as it was typed
	keep  int    // bytes of a line that are kept
	n     int    // lines read
	bytes int64  // bytes read
}

// newLines splits in, of which the topic takes messages of at most limit bytes; 0 if that is not known.
func newLines(in io.Reader, path string, limit int) *lines {
	l := &lines{in: bufio.NewReaderSize(in, linesBuffer), name: path, path: path, keep: longestLine}
	if path == stdinName {
		l.name = "standard input"
	}
	if limit > 0 {
		l.keep = limit
	}
	return l
}

// file names the input in a command for people to type.
func (l *lines) file() string {
	if l.path == stdinName {
		return "FILE"
	}
	return l.path
}

// start returns what the input begins with, without waiting for more than the first bytes of it.
func (l *lines) start() []byte {
	_, _ = l.in.Peek(1) // an error comes back when the line is read
	start, _ := l.in.Peek(l.in.Buffered())
	return start
}

// next returns the next line that is not blank; io.EOF after the last.
func (l *lines) next() (document, error) {
	for {
		one, err := l.read()
		if err != nil || one.size > 0 && len(bytes.TrimSpace(one.raw)) > 0 {
			return one, err
		}
	}
}

// read returns the next line, blank or not.
func (l *lines) read() (document, error) {
	one := document{line: l.n + 1}
	for {
		chunk, err := l.in.ReadSlice('\n')
		l.bytes += int64(len(chunk))
		one.size += len(chunk)
		room := l.keep + len("\r\n") - len(one.raw)
		one.raw = append(one.raw, chunk[:max(0, min(room, len(chunk)))]...)
		if len(chunk) > 0 {
			one.lineEnd = len(chunk) - len(bytes.TrimRight(chunk, "\r\n"))
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && one.size > 0, err == nil:
			l.n++
			one.trim()
			return one, nil
		case errors.Is(err, io.EOF):
			return document{}, io.EOF
		default:
			return document{}, fmt.Errorf("read line %d of %s: %w", one.line, l.name, err)
		}
	}
}

// waits reports whether the next line has not come in whole yet, so that reading it may take any time.
func (l *lines) waits() bool {
	there, _ := l.in.Peek(l.in.Buffered())
	return bytes.IndexByte(there, '\n') < 0
}

// isUTF16 reports whether text begins with UTF-16's byte-order mark.
func isUTF16(start []byte) bool {
	return bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff"))
}

// opensDocument reports whether the first line is nothing but a bracket, as of JSON that was laid out for people.
func opensDocument(start []byte, bracket byte) bool {
	first, _, more := bytes.Cut(bytes.TrimLeft(start, "\r\n\t "), []byte("\n"))
	return more && bytes.Equal(bytes.TrimSpace(first), []byte{bracket})
}
