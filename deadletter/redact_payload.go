package deadletter

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// redactPayload returns the payload without what the rules name, and the rules that met something: none where
// the payload holds nothing of it, the empty pointer where nothing of the payload may be kept.
func (x *Redaction) redactPayload(payload []byte) (left []byte, met []string) {
	if len(payload) == 0 {
		return payload, nil
	}
	if x.payload {
		return []byte{}, []string{""}
	}
	if len(x.pointers) == 0 {
		return payload, nil
	}
	doc, err := compact(payload)
	if err != nil || !utf8.Valid(doc) {
		return []byte{}, []string{""}
	}
	w := redactor{src: doc, met: make([]bool, len(x.pointers))}
	for i, p := range x.pointers {
		w.ways = append(w.ways, way{rule: i, rest: p.steps})
	}
	w.value(w.ways)
	if !slices.Contains(w.met, true) {
		return payload, nil
	}
	for i, p := range x.pointers {
		if w.met[i] {
			met = append(met, p.text)
		}
	}
	return append(w.out, doc[w.copied:]...), met
}

// way is a rule on its way into the payload: the steps of its pointer that are still to be taken.
type way struct {
	rule int
	rest []string
}

// redactor walks over compact JSON and copies it without what the rules name. Where the payload has not the
// shape that a pointer was written for, more is left out rather than less: a text or a number at which a
// pointer still has steps to take is removed, since what was meant may be inside; and an array on the way of a
// name is walked through, each of its items being asked for the name.
type redactor struct {
	src    []byte // compact JSON, valid
	pos    int
	out    []byte
	copied int    // of src, up to here
	met    []bool // by rule
	ways   []way  // a stack: those of the values around the current one, and its own
}

// value walks over the value at pos, at which the ways have arrived.
func (d *redactor) value(ways []way) {
	if len(ways) == 0 {
		d.skip()
		return
	}
	if d.removed(ways) {
		d.out = append(append(d.out, d.src[d.copied:d.pos]...), `"`+RedactedText+`"`...)
		d.skip()
		d.copied = d.pos
		return
	}
	switch d.src[d.pos] {
	case '{':
		d.object(ways)
	case '[':
		d.array(ways)
	default:
		d.skip()
	}
}

// removed reports whether one of the ways ends at the value at pos, or cannot go on from it.
func (d *redactor) removed(ways []way) bool {
	holds := false // whether the value may hold what a pointer means though it has no members
	switch d.src[d.pos] {
	case '{', '[', 't', 'f', 'n':
	default:
		holds = true
	}
	found := false
	for _, w := range ways {
		if len(w.rest) == 0 || holds {
			d.met[w.rule], found = true, true
		}
	}
	return found
}

func (d *redactor) object(ways []way) {
	for d.pos++; d.src[d.pos] != '}'; {
		name := d.name()
		d.pos++ // the colon
		d.descend(ways, func(w way) (way, bool) {
			return way{w.rule, w.rest[1:]}, w.rest[0] == name || w.rest[0] == anyStep
		})
		if d.src[d.pos] == ',' {
			d.pos++
		}
	}
	d.pos++
}

func (d *redactor) array(ways []way) {
	d.pos++
	for i := 0; d.src[d.pos] != ']'; i++ {
		d.descend(ways, func(w way) (way, bool) {
			switch step := w.rest[0]; {
			case step == anyStep, step == strconv.Itoa(i):
				return way{w.rule, w.rest[1:]}, true
			default:
				return w, !isPosition(step)
			}
		})
		if d.src[d.pos] == ',' {
			d.pos++
		}
	}
	d.pos++
}

// descend walks over a member or an item with those of the ways that lead into it.
func (d *redactor) descend(ways []way, into func(way) (way, bool)) {
	base := len(d.ways)
	for _, w := range ways {
		if next, ok := into(w); ok {
			d.ways = append(d.ways, next)
		}
	}
	d.value(d.ways[base:])
	d.ways = d.ways[:base]
}

// name reads the name at pos.
func (d *redactor) name() string {
	begin := d.pos
	d.skip()
	quoted := d.src[begin:d.pos]
	if !bytes.ContainsRune(quoted, '\\') {
		return string(quoted[1 : len(quoted)-1])
	}
	var name string
	_ = json.Unmarshal(quoted, &name) // it is part of what was found to be JSON
	return name
}

// skip steps over the value at pos.
func (d *redactor) skip() {
	deep, quoted := 0, false
	for ; d.pos < len(d.src); d.pos++ {
		switch c := d.src[d.pos]; {
		case quoted && c == '\\':
			d.pos++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			deep++
		case c == '}' || c == ']':
			if deep--; deep < 0 {
				return
			}
		case c == ',' && deep == 0, c == ':' && deep == 0:
			return
		}
	}
}
