package schema

import "strings"

// proof is what the prover found out about a payload.
type proof int

const (
	provenNothing  proof = iota // valid or not: the library will tell
	provenValid                 // and to be sent as it is
	provenEditable              // valid; what has to be sent, the rewriter will tell
)

// prover checks a payload against a claim as it reads it, in one pass that builds nothing. How JSON is read is the
// decoder's: every strict rule stands there, and only there.
//
// It never refuses. Whatever it does not prove is decoded again and given to the library, which alone says what is
// wrong. It exists for speed: most payloads are valid, and for those this takes a tenth of the time.
type prover struct {
	decoder
	edited bool // the rewriter may have something to do
}

// prove reports whether raw is valid by c, as far as that can be seen.
func (c *claim) prove(raw []byte, maxBytes int) (found proof) {
	if c == nil || checkBytes(raw, maxBytes) != nil {
		return provenNothing
	}
	defer func() {
		if recover() != nil { // in a check of a format; the other way reports it
			found = provenNothing
		}
	}()
	p := prover{decoder: decoder{src: string(raw)}}
	ok := p.meets(c)
	p.space()
	switch {
	case !ok || p.pos < len(p.src):
		return provenNothing
	case p.edited:
		return provenEditable
	}
	return provenValid
}

// meets reads the next value and reports whether it is seen to meet c. Where it is not, nothing more may be read.
func (p *prover) meets(c *claim) bool {
	if c == nil {
		_, bad := p.value(nil)
		return bad == nil
	}
	p.space()
	if p.pos == len(p.src) {
		return false
	}
	switch p.src[p.pos] {
	case '{':
		return c.forms&formObject != 0 && p.meetsObject(c)
	case '[':
		return c.forms&formArray != 0 && p.meetsArray(c)
	case '"':
		return c.forms&formString != 0 && p.meetsString(c)
	case 't', 'f':
		return c.forms&formBool != 0 && p.meets(nil)
	case 'n':
		return c.forms&formNull != 0 && p.meets(nil)
	default:
		return p.meetsNumber(c)
	}
}

func (p *prover) meetsObject(c *claim) bool {
	if p.enter() != nil {
		return false
	}
	var seen keySet
	var met uint64
	for more := !p.accept('}'); more; {
		key, bad := p.key()
		if bad != nil || !seen.add(key) || !p.accept(':') {
			return false
		}
		d, named := c.members[key]
		if !named {
			d.claim = c.others
		}
		met |= d.bit
		p.names += len(key) + 1
		if d.claim != nil && p.names > maxPath || !p.meets(d.claim) { // KeywordNameLength, or near it
			return false
		}
		p.names -= len(key) + 1
		if more = p.accept(','); !more && !p.accept('}') {
			return false
		}
	}
	p.depth--
	p.edited = p.edited || met&c.defaults != c.defaults
	return met&c.required == c.required
}

func (p *prover) meetsArray(c *claim) bool {
	if p.enter() != nil {
		return false
	}
	var seen keySet
	n := 0
	for more := !p.accept(']'); more; n++ {
		p.space()
		start := p.pos
		if n == c.maxItems || !p.meets(c.items) {
			return false
		}
		if (c.distinct || c.unique) && !isNew(&seen, p.src[start:p.pos]) {
			if c.distinct {
				return false
			}
			p.edited = true
		}
		if more = p.accept(','); !more && !p.accept(']') {
			return false
		}
	}
	p.depth--
	return n >= c.minItems
}

// isNew reports whether an item is certainly another one than those in seen: a string without escapes, as which
// things are written in one way only.
func isNew(seen *keySet, item string) bool {
	return item[0] == '"' && !strings.Contains(item, `\`) && seen.add(item)
}

func (p *prover) meetsString(c *claim) bool {
	s, bad := p.quoted(true)
	if bad != nil {
		return false
	}
	for _, met := range c.texts {
		if !met(s) {
			return false
		}
	}
	return true
}

func (p *prover) meetsNumber(c *claim) bool {
	start := p.pos
	if _, bad := p.number(nil); bad != nil {
		return false
	}
	literal := p.src[start:p.pos]
	if c.forms&formOf(literal) == 0 {
		return false
	}
	if len(c.numbers) == 0 {
		return true
	}
	n, ok := read(literal)
	for _, met := range c.numbers {
		ok = ok && met(n)
	}
	return ok
}
