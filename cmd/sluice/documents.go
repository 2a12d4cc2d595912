package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
)

// document is one of those in a file, as it would be a message's payload.
type document struct {
	line int    // of the file on which it begins, from 1
	raw  []byte // without the line break at its end; of one that is too large, the beginning
	size int    // bytes; more than raw holds where it is too large

	lineEnd int // bytes of the last line break, as long as it is there
}

// layout is how a file's documents are told apart.
type layout int

const (
	layoutUnknown layout = iota
	layoutLines          // NDJSON: every line that is not blank is a document
	layoutValues         // values, each over any number of lines; mostly there is one
	layoutWhole          // the file is the document: it is not text
)

// documents splits a file into documents, and holds no more than one of them. What is no JSON is a document
// too: only a schema's verdict on it says what is wrong.
type documents struct {
	in     *bufio.Reader
	limit  int // bytes of a document that are kept, and one more
	layout layout
	line   int // that is read next
	ended  bool
}

// newDocuments splits in. A name that ends in .ndjson or .jsonl says that every line is a document.
func newDocuments(in io.Reader, name string, limit int) *documents {
	d := &documents{in: bufio.NewReaderSize(in, 64<<10), limit: limit, line: 1}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".ndjson", ".jsonl":
		d.layout = layoutLines
	}
	if start, _ := d.in.Peek(512); isBinary(start) {
		d.layout = layoutWhole
	}
	return d
}

// isBinary reports whether a file begins like one whose lines mean nothing: UTF-16, or with a NUL byte.
func isBinary(start []byte) bool {
	return bytes.HasPrefix(start, []byte("\xff\xfe")) || bytes.HasPrefix(start, []byte("\xfe\xff")) ||
		bytes.IndexByte(start, 0) >= 0
}

// next returns the next document, or false where there is none.
func (d *documents) next() (document, bool, error) {
	for !d.ended {
		doc, n := document{line: d.line}, nesting{}
		if err := d.readLine(&doc, &n); err != nil {
			return document{}, false, err
		}
		if !n.begun && d.layout != layoutWhole {
			continue // a blank line
		}
		if d.layout == layoutUnknown {
			d.layout = d.guess(doc, n)
		}
		for !d.ended && (d.layout == layoutWhole || d.layout == layoutValues && !n.closed()) {
			if err := d.readLine(&doc, &n); err != nil {
				return document{}, false, err
			}
		}
		doc.trim()
		return doc, true, nil
	}
	return document{}, false, nil
}

// guess tells the layout from the first line with something on it. Where that is a whole value, more lines
// mean NDJSON. So do two lines that both begin an object, which within one value they could not.
func (d *documents) guess(first document, n nesting) layout {
	if n.closed() {
		return layoutLines
	}
	following, _ := d.in.Peek(1)
	if bytes.HasPrefix(first.raw, []byte("{")) && bytes.Equal(following, []byte("{")) {
		return layoutLines
	}
	return layoutValues
}

// readLine adds the next line to doc.
func (d *documents) readLine(doc *document, n *nesting) error {
	for {
		chunk, err := d.in.ReadSlice('\n')
		if d.layout != layoutWhole {
			n.add(chunk)
		}
		if len(chunk) > 0 {
			doc.lineEnd = len(chunk) - len(bytes.TrimRight(chunk, "\r\n"))
		}
		doc.size += len(chunk)
		room := d.limit + 1 + len("\r\n") - len(doc.raw)
		doc.raw = append(doc.raw, chunk[:max(0, min(room, len(chunk)))]...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			d.ended = true
			return nil
		case err != nil:
			return err
		}
		d.line++
		return nil
	}
}

// trim takes off the line break at the end, which no producer sends.
func (doc *document) trim() {
	doc.size -= doc.lineEnd
	doc.raw = doc.raw[:min(doc.size, len(doc.raw))]
	doc.lineEnd = 0
}

// nesting follows JSON just so far as to know where a value ends.
type nesting struct {
	depth           int
	begun           bool // something else than space was seen
	quoted, escaped bool
}

func (n *nesting) add(chunk []byte) {
	for _, c := range chunk {
		switch {
		case c == '\n':
			n.quoted, n.escaped = false, false // no string spans lines: one that is not closed ends here
		case c == ' ' || c == '\t' || c == '\r':
			n.escaped = false
		case n.quoted:
			n.quoted, n.escaped = c != '"' || n.escaped, c == '\\' && !n.escaped
		default:
			n.begun = true
			switch c {
			case '"':
				n.quoted = true
			case '{', '[':
				n.depth++
			case '}', ']':
				n.depth--
			}
		}
	}
}

func (n *nesting) closed() bool { return n.begun && n.depth <= 0 && !n.quoted }
