package schema

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxSchemaBytes bounds each schema file.
const maxSchemaBytes = 1 << 20

// loader reads a schema and the files beside it, and gathers what is wrong with them.
type loader struct {
	dir      string   // shown in front of the names of files beside the schema
	beside   *os.Root // the schema's folder, out of which no name leads; nil for a schema given as bytes
	draft    draft
	docs     map[string]*document
	nodes    []*node
	ids      map[string]*node // by absolute $id; by base and "#name" for $id "#name"
	problems []Problem
}

func newLoader() *loader {
	return &loader{docs: map[string]*document{}, ids: map[string]*node{}, draft: draft7}
}

// loadFile reads the schema at name and everything that it refers to.
func (l *loader) loadFile(name string) (*node, error) {
	dir, file := filepath.Split(name)
	beside, err := os.OpenRoot(filepath.Clean(dir))
	if err != nil {
		return nil, &FileError{Name: name, Err: fileCause(err)}
	}
	defer beside.Close() //nolint:errcheck // only read from
	l.dir, l.beside = dir, beside
	raw, err := l.read(file)
	if err != nil {
		return nil, &FileError{Name: name, Err: fileCause(err)}
	}
	return l.load(file, raw), nil
}

// load returns the root of a schema, its references resolved, or nil where it is not even JSON.
func (l *loader) load(name string, raw []byte) *node {
	root := l.addDocument(name, raw)
	for linked := 0; linked < len(l.nodes); { // grows meanwhile: a $ref can lead to more
		l.link(l.nodes[linked])
		linked++
	}
	l.lint()
	return root
}

// addDocument decodes a schema file and makes its nodes; nil where it is not JSON.
func (l *loader) addDocument(name string, raw []byte) *node {
	doc := &document{name: name, raw: raw, nodes: map[string]*node{}}
	if doc.shown = name; name != "" {
		doc.shown = l.dir + filepath.FromSlash(name)
	}
	first := len(l.docs) == 0
	l.docs[name] = doc
	out, bad := decode(raw, maxSchemaBytes, unlimited, wholeView)
	if bad != nil {
		line, column := lineColumn(raw, max(0, bad.Byte-1))
		l.problems = append(l.problems, Problem{
			Position: Position{doc.shown, line, column}, Pointer: bad.Path, Message: unreadable(name, bad, line, column),
		})
		return nil
	}
	doc.root = out.tree
	l.readDraft(doc, first)
	l.lintMeta(doc)
	return l.addNode(doc, "", doc.root, nil)
}

// unreadable says why a schema file cannot be decoded. The rules are those of payloads, but a schema is not sent
// by anybody, and its place stands in front already.
func unreadable(name string, bad *Violation, line, column int) string {
	switch bad.Keyword {
	case KeywordEmpty:
		return "is empty: a schema is an object, such as {\"type\": \"object\"}"
	case KeywordByteOrderMark:
		return "begins with a byte-order mark: save it as UTF-8 without one"
	}
	text := strings.TrimSuffix(bad.Message, fmt.Sprintf(" (line %d, column %d)", line, column))
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml":
		text += "; a schema is written in JSON"
	}
	return text
}

// readDraft takes the draft from the first document; a file beside it must be written in the same one, because
// the library reads the parts as one schema.
func (l *loader) readDraft(doc *document, first bool) {
	m, _ := doc.root.(map[string]any)
	named, ok := m["$schema"].(string)
	if !ok {
		return
	}
	d, known := drafts[strings.TrimSuffix(named, "#")]
	switch {
	case !known:
		l.problem(doc, "/$schema", "unknown draft %q: sluice reads draft-04, -06 and -07, as in %q", named, draft7.url()+"#")
	case first:
		l.draft = d
	case d != l.draft:
		l.problem(doc, "/$schema", "%s, while the schema that refers to it is %s: write both in one draft", d, l.draft)
	}
}

var errTooLarge = errors.New("larger than 1 MiB, which no schema is")

// FileError says that a schema's file cannot be read. Its text names the file once, as it was given.
type FileError struct {
	Name string
	Err  error
}

// Error says which file and why.
func (e *FileError) Error() string {
	return fmt.Sprintf("cannot read the schema %s: %v", e.Name, e.Err)
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// fileCause leaves out what the operating system was asked to do ("openat"), which means nothing to people.
func fileCause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (l *loader) read(name string) ([]byte, error) {
	f, err := l.beside.Open(path.Clean(name))
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read from
	raw, err := io.ReadAll(io.LimitReader(f, maxSchemaBytes+1))
	if err == nil && len(raw) > maxSchemaBytes {
		err = errTooLarge
	}
	return raw, err
}

// problem notes what is wrong at the pointer at.
func (l *loader) problem(doc *document, at, format string, args ...any) {
	label, _, _, _ := locate(doc.raw, at)
	line, column := lineColumn(doc.raw, label)
	l.problems = append(l.problems, Problem{
		Position: Position{doc.shown, line, column}, Pointer: at, Message: fmt.Sprintf(format, args...),
	})
}
