package schema

import (
	_ "embed"
	"errors"
	"slices"
)

//go:embed payload.schema.json
var payloadSchema []byte

// Default returns the schema that is used where none is configured, draft-07, as a copy of its own.
func Default() []byte { return slices.Clone(payloadSchema) }

// Options are the settings of a [Validator]. The zero value is ready for use.
type Options struct {
	// MaxBytes is the size from which on a payload is refused. If zero or negative, [DefaultMaxBytes].
	MaxBytes int
}

// Validator checks payloads against one compiled schema. It is immutable, and safe for concurrent use.
type Validator struct {
	source   []byte
	maxBytes int
	rule     *rule
	view     *view
	edits    *edits
	root     *node // and the loader: what is compared with contracts
	loader   *loader
	claim    *claim // nil: it has to be asked of the library
}

// Compile makes a validator of a schema that stands alone: a $ref leads into it, or nowhere. The error is a
// [*LintError] for a schema that is refused.
func Compile(source []byte, o Options) (*Validator, error) {
	l := newLoader()
	return l.validator(l.load("", slices.Clone(source)), o)
}

// Load makes a validator of the schema file at path. Its $ref may lead to other files in the same folder and
// the folders in it, and never out of them, through symbolic links either. The error is a [*LintError] for a
// schema that is refused, else what prevented reading it.
func Load(path string, o Options) (*Validator, error) {
	l := newLoader()
	root, err := l.loadFile(path)
	if err != nil {
		return nil, err
	}
	return l.validator(root, o)
}

// Source returns the schema as it was given; the caller must not change it.
func (v *Validator) Source() []byte { return v.source }

// validator compiles what was loaded.
func (l *loader) validator(root *node, o Options) (*Validator, error) {
	if len(l.problems) > 0 {
		return nil, &LintError{Problems: l.problems}
	}
	v := &Validator{source: root.doc.raw, maxBytes: o.MaxBytes, root: root, loader: l}
	if v.maxBytes <= 0 {
		v.maxBytes = DefaultMaxBytes
	}
	var errRule, errView error
	v.rule, errRule = l.compile([]*node{root})
	v.view, errView = l.view(root)
	if err := errors.Join(errRule, errView); err != nil {
		l.problem(root.doc, "", "%s", err)
		return nil, &LintError{Problems: l.problems}
	}
	v.edits = l.edits(root)
	v.claim = l.claim(root)
	if l.lintDefaults(v.edits); len(l.problems) > 0 {
		return nil, &LintError{Problems: sortProblems(l.problems)}
	}
	return v, nil
}

// Validate checks raw and returns the payload to send: raw itself, or, where the schema says so, a copy from
// which duplicates are removed and into which defaults are filled. Everything else in the copy stays as sent, to
// the byte. A nil raw is a tombstone, and invalid.
//
// The error is a [*Error] that says everything that is wrong with raw. Validate never changes raw.
func (v *Validator) Validate(raw []byte) (payload []byte, err error) {
	switch v.claim.prove(raw, v.maxBytes) {
	case provenValid:
		return raw, nil
	case provenEditable:
		w := rewriter{raw: raw}
		if w.value(skipSpace(raw, 0), v.edits); len(w.found) == 0 {
			return w.apply(), nil
		}
	case provenNothing:
	}
	return v.judge(raw)
}

// judge checks raw by strict decoding and the library, which have the last word, and the only one that refuses.
func (v *Validator) judge(raw []byte) (payload []byte, err error) {
	out, bad := decode(raw, v.maxBytes, maxPath, v.view)
	if bad != nil {
		return nil, &Error{Violations: []Violation{*bad}, Count: 1}
	}
	r := report{found: out.found, more: out.unnamed}
	r.check(v.rule, out.tree, "", out.sizes)
	r.checkRest(out.later, out.sizes)

	w := rewriter{raw: raw, refused: len(r.found) > 0}
	w.value(skipSpace(raw, 0), v.edits)
	r.found = append(r.found, w.found...)
	if err := r.err(); err != nil {
		return nil, err
	}
	return w.apply(), nil
}
