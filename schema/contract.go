package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Contract is a schema that somebody else publishes and that validators are compared with. It may hold what
// sluice does not take for payloads; what is not said in JSON Schema is passed over. It is not safe for
// concurrent use.
type Contract struct {
	source []byte
	root   *outline
	loader *loader
}

var errNotASchema = errors.New("the contract is not a JSON Schema: want one of an object")

// ReadContract reads a contract. One without $schema is draft-04. The error says why it cannot be read.
func ReadContract(source []byte) (*Contract, error) {
	l := newLoader()
	l.draft = draft4
	root := l.load("", slices.Clone(source))
	if root == nil {
		return nil, &LintError{Problems: l.problems}
	}
	if root.is == nil {
		return nil, errNotASchema
	}
	b := outliner{loader: l, made: map[string]*outline{}}
	whole := *b.of([]*node{root})
	whole.types &= kindObject // an input is an object, whether the contract says so or not
	if whole.types == 0 {
		return nil, errNotASchema
	}
	return &Contract{source: root.doc.raw, root: &whole, loader: l}, nil
}

// Properties returns the properties that the contract names, in the order of their names.
func (c *Contract) Properties() []Field {
	var list []Field
	for _, name := range c.root.sortedMembers() {
		m := c.root.members[name]
		list = append(list, Field{m.source, name, m.shape.String(), m.required})
	}
	return list
}

// Schema returns the contract as a schema that [Compile] takes, laid out for people: with a $schema, and with
// what it says in keywords and formats that are not JSON Schema's as notes (x-NAME). notes names these. The
// error is that of Compile where more than that stands in the way.
func (c *Contract) Schema() (source []byte, notes []string, err error) {
	source, notes = c.renamed()
	source = withDraft(source)
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(source), "", "  "); err != nil {
		return nil, nil, fmt.Errorf("lay the contract out: %w", err)
	}
	b.WriteByte('\n')
	if _, err := Compile(b.Bytes(), Options{}); err != nil {
		return nil, nil, err
	}
	return b.Bytes(), notes, nil
}

// renamed writes x- in front of what no schema may say.
func (c *Contract) renamed() (source []byte, notes []string) {
	var places []int
	for _, n := range c.loader.nodes {
		for _, name := range slices.Sorted(maps.Keys(n.is)) {
			k, known := keywords[name]
			format, _ := n.is["format"].(string)
			_, checked := formats[format]
			if isExtension(name) || known && k.in(c.loader.draft) && (name != "format" || checked) {
				continue
			}
			at := n.at + "/" + escapePointer.Replace(name)
			label, _, _, _ := locate(c.source, at)
			places = append(places, label+1)
			notes = append(notes, at)
		}
	}
	slices.Sort(places)
	source = slices.Clone(c.source)
	for _, at := range slices.Backward(places) {
		source = slices.Insert(source, at, []byte("x-")...)
	}
	slices.Sort(notes)
	return source, notes
}

// withDraft names the draft where the contract does not: without a name it would be read as another one.
func withDraft(source []byte) []byte {
	var said map[string]json.RawMessage
	if _ = json.Unmarshal(source, &said); said["$schema"] != nil {
		return source
	}
	at := bytes.IndexByte(source, '{') + 1
	text := fmt.Sprintf("%q: %q", "$schema", draft4.url()+"#")
	if len(said) > 0 {
		text += ","
	}
	return slices.Insert(slices.Clone(source), at, []byte(text)...)
}
