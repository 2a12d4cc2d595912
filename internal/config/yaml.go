package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v3"
)

// maxFile bounds sluice.yaml and .env: neither has reason to be larger, and a mistyped --config may name
// anything.
const maxFile = 1 << 20

// maxProblems bounds what is said about one file, which may not be ours at all.
const maxProblems = 32

// file reads one sluice.yaml. It walks the document's nodes rather than decoding it: the nodes have lines,
// and the text of a scalar is kept as written (a client id 0123 stays 0123).
type file struct {
	name     string
	layer    layer
	lines    map[string]int // of each key seen, by path
	problems []Problem
}

// readYAML reads a document. Problems name the file by name.
func readYAML(name string, data []byte) (layer, []Problem) {
	f := &file{name: name, layer: layer{}, lines: map[string]int{}}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return f.layer, nil
	case err != nil:
		return f.layer, []Problem{syntaxProblem(name, err)}
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return f.layer, []Problem{{Where: name, Problem: "more than one document", Fix: "keep one, without --- between"}}
	}
	f.group("", doc.Content[0])
	return f.layer, f.problems
}

// group reads a mapping: the document itself, or a group such as kafka.
func (f *file) group(path string, n *yaml.Node) {
	n = resolve(n)
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return
	case n.Kind != yaml.MappingNode:
		f.problem(n, path, "not a group of settings", "write its settings below it, indented")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		f.key(strings.TrimPrefix(path+"."+n.Content[i].Value, "."), n.Content[i], n.Content[i+1])
	}
}

func (f *file) key(path string, key, value *yaml.Node) {
	if len(f.problems) >= maxProblems {
		return
	}
	if first, ok := f.lines[path]; ok {
		f.problem(key, path, fmt.Sprintf("set twice, first in line %d", first), "keep one")
		return
	}
	f.lines[path] = key.Line
	r, ok := paths[path]
	switch {
	case ok:
		f.value(r, path, resolve(value))
	case isGroup(path):
		f.group(path, value)
	default:
		fix := "remove it; `sluice check --print-config` lists the keys there are"
		if near := nearestOf(path, paths); near != "" {
			fix = "did you mean " + near + "?"
		}
		f.problem(key, strings.ToValidUTF8(path[:min(len(path), maxGot)], ""), "unknown key", fix)
	}
}

func (f *file) value(r *row, path string, n *yaml.Node) {
	raw, ok := rawValue(n)
	f.twice(path, n)
	switch {
	case !ok:
		f.problem(n, path, "neither a value nor a list nor a map of values", "write plain values")
	case raw != nil:
		e := entry{Raw: raw, FromFile: path != r.path, Origin: Origin{Source: SourceFile, Name: f.name, Line: n.Line}}
		f.problems = append(f.problems, f.layer.put(r, e)...)
	}
}

// twice tells of keys that a map holds twice: which of the two values is meant, nobody knows.
func (f *file) twice(path string, n *yaml.Node) {
	first := map[string]int{}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if line, ok := first[key.Value]; ok && len(f.problems) < maxProblems {
			f.problem(key, path, fmt.Sprintf("%s is set twice, first in line %d", quoteGot(key.Value), line), "keep one")
		}
		first[key.Value] = key.Line
	}
}

func (f *file) problem(n *yaml.Node, path, problem, fix string) {
	where := f.name + ":" + strconv.Itoa(n.Line)
	if path != "" {
		where += " " + path
	}
	p := Problem{Where: where, Problem: problem, Fix: fix}
	if r, ok := paths[path]; ok {
		p.path = r.path
	}
	f.problems = append(f.problems, p)
}

// rawValue returns a node as decode takes it; nil for null, which leaves a setting as it is.
func rawValue(n *yaml.Node) (raw any, ok bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return nil, true
		}
		return n.Value, true
	case yaml.SequenceNode:
		list := []string{}
		for _, item := range n.Content {
			if item = resolve(item); item.Kind != yaml.ScalarNode {
				return nil, false
			}
			list = append(list, item.Value)
		}
		return list, true
	case yaml.MappingNode:
		m := make(map[string]string, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			item := resolve(n.Content[i+1])
			if item.Kind != yaml.ScalarNode {
				return nil, false
			}
			m[n.Content[i].Value] = item.Value
		}
		return m, true
	case yaml.DocumentNode, yaml.AliasNode:
		return nil, false
	default:
		return nil, false
	}
}

// resolve follows an alias. A chain of them cannot be circular: an anchor stands before its aliases.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// isGroup reports whether settings stand below path.
func isGroup(path string) bool {
	for i := range table {
		if strings.HasPrefix(table[i].path, path+".") {
			return true
		}
	}
	return false
}

var (
	yamlLine   = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	yamlQuoted = regexp.MustCompile("'[^']*'|\"[^\"]*\"|`[^`]*`")
)

// syntaxProblem reports what the YAML parser says without what it quotes, which may be a secret
// ("unknown anchor 'hunter2' referenced").
func syntaxProblem(name string, err error) Problem {
	text := err.Error()
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		if m[1] != "" {
			name += ":" + m[1]
		}
	}
	fix := "mend it, and quote values that hold a colon, *, &, or #"
	if strings.Contains(text, "cannot start any token") { // mostly a tab
		fix = "indent with spaces, not tabs, and quote values that begin with @, % or `"
	}
	return Problem{
		Where: name, Problem: "not YAML, " + yamlQuoted.ReplaceAllString(text, "…"),
		Fix: fix,
	}
}
