package schema

import (
	"math"
	"strconv"
	"strings"
)

// decoded is what one strict pass over a payload yields.
type decoded struct {
	tree    any            // for gojsonschema: nil, bool, json.Number, string, []any, map[string]any
	later   []remainder    // values beyond the first [mainValues], to be checked in turn and only as far as needed
	sizes   map[string]int // true sizes of what the tree holds only a part of, by pointer
	found   []Violation    // rules that only the decoder could see broken, because the tree holds only a part
	unnamed int            // unknown fields of closed objects that are counted, not built
}

// remainder is what is left of a long array or a large object of like members, all under one rule.
type remainder struct {
	rule  *rule
	in    string // pointer to the array or object
	first int    // of an array: items[0] is its item number first
	names []string
	items []any
}

func (r *remainder) pointer(i int) string {
	if r.names != nil {
		return pointer(r.in, r.names[i])
	}
	return pointer(r.in, strconv.Itoa(r.first+i))
}

// mainValues is the number of array items and like members, over the whole payload, that are checked in one go.
// It bounds the one call into the library, which cannot be stopped half-way; the rest goes value by value.
const mainValues = 1024

// decoder checks a payload against the strict rules and builds what the schema looks at, in one pass.
// Each value is decoded with the view the schema has of it; nil means that nobody looks, and then the value is
// checked but not built. So what a payload costs beyond its bytes depends on the schema, not on the sender.
type decoder struct {
	src   string // a copy of the payload: strings and numbers of the tree are parts of it
	pos   int
	depth int
	path  []step
	room  int // of mainValues, still free
	names int // bytes of the names in path

	maxNames int // of them, where the schema looks at every name
	named    int // unknown fields of closed objects built so far
	out      decoded
}

// decode returns the part of raw that v looks at, or the strict rule that raw breaks.
func decode(raw []byte, maxBytes, maxNames int, v *view) (*decoded, *Violation) {
	if bad := checkBytes(raw, maxBytes); bad != nil {
		return nil, bad
	}
	d := decoder{src: string(raw), room: mainValues, path: make([]step, 0, 8), maxNames: maxNames}
	tree, bad := d.value(v)
	if bad != nil {
		return nil, bad
	}
	if d.space(); d.pos < len(d.src) {
		return nil, d.violation(KeywordTrailing, d.pos, "is followed by something else", "one JSON value", "")
	}
	d.out.tree = tree
	return &d.out, nil
}

func (d *decoder) value(v *view) (any, *Violation) {
	d.space()
	if d.pos == len(d.src) {
		return nil, d.syntax("a value")
	}
	switch c := d.src[d.pos]; c {
	case '{':
		return d.object(v)
	case '[':
		return d.array(v)
	case '"':
		return d.text(v)
	case 't':
		return d.word("true", true)
	case 'f':
		return d.word("false", false)
	case 'n':
		return d.word("null", nil)
	default:
		return d.number(v)
	}
}

func (d *decoder) word(text string, value any) (any, *Violation) {
	if !strings.HasPrefix(d.src[d.pos:], text) {
		return nil, d.syntax("a value")
	}
	d.pos += len(text)
	return value, nil
}

func (d *decoder) object(v *view) (any, *Violation) {
	if bad := d.enter(); bad != nil {
		return nil, bad
	}
	var members map[string]any
	var rest remainder
	if v != nil {
		members = make(map[string]any, len(v.members))
	}
	var seen keySet
	for more := !d.accept('}'); more; {
		d.space()
		at := d.pos
		key, bad := d.key()
		if bad != nil {
			return nil, bad
		}
		d.path = append(d.path, step{key: key, item: -1})
		d.names += len(key) + 1
		if !seen.add(key) {
			return nil, d.violation(KeywordDuplicateKey, at, "is there twice in its object", "each key once", "")
		}
		if !d.accept(':') {
			return nil, d.syntax("':'")
		}
		inner, where := d.member(v, key)
		if inner != nil && d.names > d.maxNames && !v.knows(key) {
			return nil, d.violation(KeywordNameLength, at, "is reached by names that are too long",
				"at most "+plural(maxPath, "byte")+" of names, where the schema checks every one", "")
		}
		value, bad := d.value(inner)
		if bad != nil {
			return nil, bad
		}
		switch where {
		case placeMain:
			members[key] = value
		case placeRest:
			rest.names, rest.items = append(rest.names, key), append(rest.items, value)
		}
		d.path = d.path[:len(d.path)-1]
		d.names -= len(key) + 1
		if more = d.accept(','); !more && !d.accept('}') {
			return nil, d.syntax("',' or '}'")
		}
	}
	d.depth--
	if len(rest.items) > 0 {
		rest.rule, rest.in = v.otherRule, d.pointer()
		d.out.later = append(d.out.later, rest)
	}
	return members, nil
}

// Where a value goes: into the tree, into a remainder, or nowhere.
const (
	placeNone = iota
	placeMain
	placeRest
)

// member says how v looks at the member named key, and where it goes.
func (d *decoder) member(v *view, key string) (inner *view, place int) {
	switch {
	case v == nil:
		return nil, placeNone
	case v.whole:
		return v, placeMain
	}
	inner, known := v.members[key]
	switch {
	case known:
		return inner, placeMain
	case v.closed && d.named < MaxViolations:
		d.named++
		return nil, placeMain
	case v.closed:
		// A violation for certain. As many as can be listed were built, so that the library reports them;
		// 100,000 more would cost it a second and tell nobody anything.
		d.out.unnamed++
		return nil, placeNone
	case v.others == nil:
		return nil, placeNone
	case d.room > 0:
		d.room--
		return v.others, placeMain
	}
	return v.others, placeRest
}

func (d *decoder) array(v *view) (any, *Violation) {
	if bad := d.enter(); bad != nil {
		return nil, bad
	}
	main, rest, n := []any{}, []any(nil), 0
	for more := !d.accept(']'); more; n++ {
		inner, place := d.item(v, n)
		d.path = append(d.path, step{item: n})
		value, bad := d.value(inner)
		if bad != nil {
			return nil, bad
		}
		switch place {
		case placeMain:
			main = append(main, value)
		case placeRest:
			rest = append(rest, value)
		}
		d.path = d.path[:len(d.path)-1]
		if more = d.accept(','); !more && !d.accept(']') {
			return nil, d.syntax("',' or ']'")
		}
	}
	d.depth--
	if v == nil {
		return nil, nil
	}
	if n > len(main) && !v.whole {
		d.partial(v, n, main, rest)
	}
	return main, nil
}

// item says how v looks at the array item number n, and where it goes.
func (d *decoder) item(v *view, n int) (inner *view, place int) {
	switch {
	case v == nil || n >= v.itemsSeen && !v.whole:
		return nil, placeNone
	case v.whole:
		return v, placeMain
	case v.itemRule == nil: // nothing is said about single items, or all must be seen together
		return v.items, placeMain
	case d.room > 0 || n < v.minItems:
		d.room--
		return v.items, placeMain
	default:
		return v.items, placeRest
	}
}

// partial notes what the tree does not say about an array of n items of which it holds only main.
func (d *decoder) partial(v *view, n int, main, rest []any) {
	at := d.pointer()
	if v.maxItems >= 0 && n > v.maxItems && len(main) <= v.maxItems {
		d.out.found = append(d.out.found, tooManyItems(at, v.maxItems, n))
	}
	if v.maxItems >= 0 {
		d.size(at, n)
	}
	if len(rest) > 0 {
		d.out.later = append(d.out.later, remainder{rule: v.itemRule, in: at, first: len(main), items: rest})
	}
}

func (d *decoder) size(at string, n int) {
	if d.out.sizes == nil {
		d.out.sizes = map[string]int{}
	}
	d.out.sizes[at] = n
}

func (d *decoder) enter() *Violation {
	if d.depth == MaxDepth {
		return d.violation(KeywordDepth, d.pos, "is nested too deep",
			"at most "+strconv.Itoa(MaxDepth)+" levels", "")
	}
	d.depth++
	d.pos++
	return nil
}

func (d *decoder) space() {
	for d.pos < len(d.src) && isSpace(d.src[d.pos]) {
		d.pos++
	}
}

// accept skips white space and then c, if it is there.
func (d *decoder) accept(c byte) bool {
	d.space()
	if d.pos < len(d.src) && d.src[d.pos] == c {
		d.pos++
		return true
	}
	return false
}

func (d *decoder) pointer() string {
	return pointerOf(d.path)
}

// unlimited stands where the schema sets no limit.
const unlimited = math.MaxInt
