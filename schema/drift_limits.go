package schema

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
)

// values compares enumerations, and reports whether there is one: what else limits the value is then looked
// at by trying the values out.
func (d *drifter) values(at spot, l, c *outline) bool {
	switch {
	case l.values == nil && c.values == nil:
		return false
	case l.values == nil:
		d.add(at, "enum", l.String(), c.String(), RefusedByContract)
	case c.values == nil:
		d.add(at, "enum", l.String(), c.String(), RefusedBySchema)
	}
	if refused := notAccepted(l.values, c, l.types&c.types); len(refused) > 0 {
		d.add(at, "enum", "may be "+valuesText(refused), c.String(), RefusedByContract)
	}
	if refused := notAccepted(c.values, l, l.types&c.types); len(refused) > 0 {
		d.add(at, "enum", l.String(), "may be "+valuesText(refused), RefusedBySchema)
	}
	return true
}

// notAccepted returns the values of these kinds that a shape does not take.
func notAccepted(values []any, by *outline, of kinds) (refused []any) {
	for _, v := range values {
		if kindOf(v)&of != 0 && !by.takes(v) {
			refused = append(refused, v)
		}
	}
	return refused
}

func (d *drifter) numbers(at spot, l, c *outline) {
	d.bound(at, "minimum", l.min, c.min, looserMinimum, "any number", "at least ", "more than ")
	d.bound(at, "maximum", l.max, c.max, looserMaximum, "any number", "at most ", "less than ")
	d.lists(at, "multipleOf", l.multiples, c.multiples)
}

// bound compares a limit, of which looser tells whether x lets more through than y; nil lets everything.
func (d *drifter) bound(at spot, keyword string, l, c *bound, looser func(x, y *bound) bool, none, closed, open string) {
	text := func(b *bound) string {
		switch {
		case b == nil:
			return none
		case b.exclusive:
			return open + b.text
		default:
			return closed + b.text
		}
	}
	if c != nil && (l == nil || looser(l, c)) {
		d.add(at, keyword, text(l), text(c), RefusedByContract)
	}
	if l != nil && (c == nil || looser(c, l)) {
		d.add(at, keyword, text(l), text(c), RefusedBySchema)
	}
}

func (d *drifter) strings(at spot, l, c *outline) {
	d.size(at, "minLength", "maxLength", "character", l.length, c.length)
	d.lists(at, "pattern", l.patterns, c.patterns)
	d.lists(at, "format", l.formats, c.formats)
}

func (d *drifter) arrays(at spot, l, c *outline) {
	d.size(at, "minItems", "maxItems", "item", l.count, c.count)
	switch {
	case c.unique && !l.unique:
		d.add(at, "uniqueItems", "duplicates allowed", "no duplicates", RefusedByContract)
	case l.unique && !c.unique:
		d.add(at, "uniqueItems", "no duplicates", "duplicates allowed", RefusedBySchema)
	}
	if l.items != nil || c.items != nil {
		d.value(within(at.field, anyName), "", orAny(l.items), orAny(c.items))
	}
}

func orAny(s *outline) *outline {
	if s == nil {
		return anyShape
	}
	return s
}

// size compares the limits of a length or of a count.
func (d *drifter) size(at spot, least, most, thing string, l, c size) {
	d.sizeLimit(at, least, "at least ", thing, l.min, c.min, l.min < c.min)
	d.sizeLimit(at, most, "at most ", thing, l.max, c.max, l.max > c.max)
}

func (d *drifter) sizeLimit(at spot, keyword, word, thing string, l, c int, schemaLooser bool) {
	text := func(n int) string {
		switch {
		case n == 0 && keyword[:3] == "min", n == unlimited:
			return "any number of " + thing + "s"
		case n == 1:
			return word + "1 " + thing
		default:
			return word + strconv.Itoa(n) + " " + thing + "s"
		}
	}
	switch {
	case l == c:
	case schemaLooser:
		d.add(at, keyword, text(l), text(c), RefusedByContract)
	default:
		d.add(at, keyword, text(l), text(c), RefusedBySchema)
	}
}

// lists compares keywords whose values are either the same or cannot be compared.
func (d *drifter) lists(at spot, keyword string, l, c []string) {
	if slices.ContainsFunc(c, func(s string) bool { return !slices.Contains(l, s) }) {
		d.add(at, keyword, listed(l), listed(c), RefusedByContract)
	}
	if slices.ContainsFunc(l, func(s string) bool { return !slices.Contains(c, s) }) {
		d.add(at, keyword, listed(l), listed(c), RefusedBySchema)
	}
}

// bound is a limit of numbers.
type bound struct {
	at        *big.Rat
	exclusive bool
	text      string
}

func newBound(n json.Number, exclusive bool) *bound {
	at, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return nil // cannot be: the decoder has accepted it as a number
	}
	return &bound{at, exclusive, n.String()}
}

// looserMinimum reports whether, as a lower limit, x lets more through than y.
func looserMinimum(x, y *bound) bool {
	order := x.at.Cmp(y.at)
	return order < 0 || order == 0 && !x.exclusive && y.exclusive
}

// looserMaximum reports whether, as an upper limit, x lets more through than y.
func looserMaximum(x, y *bound) bool {
	order := x.at.Cmp(y.at)
	return order > 0 || order == 0 && !x.exclusive && y.exclusive
}

// tighter returns the limit that lets less through.
func tighter(a, b *bound, looser func(x, y *bound) bool) *bound {
	if a == nil || b != nil && looser(a, b) {
		return b
	}
	return a
}

// size is the limits of a length or of a count.
type size struct{ min, max int }

var anySize = size{0, unlimited}
