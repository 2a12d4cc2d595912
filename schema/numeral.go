package schema

import (
	"strconv"
	"strings"
)

// numeral is a number as a float64 next to it. Rounding keeps order, if not distance: where two of them differ, the
// numbers do, and in the same direction.
type numeral struct {
	near  float64
	exact bool // it is the number itself
}

func (n numeral) above(m numeral) bool  { return n.near > m.near }
func (n numeral) equals(m numeral) bool { return n.near == m.near && n.exact && m.exact }

// exactDigits is a length up to which an integer's literal is certainly exact as a float64.
const exactDigits = 15

func read(literal string) (n numeral, ok bool) {
	near, err := strconv.ParseFloat(literal, 64)
	return numeral{near, formOf(literal) == formDigits && len(literal) <= exactDigits}, err == nil
}

// formOf says how a number is written.
func formOf(literal string) forms {
	if strings.ContainsAny(literal, ".eE") {
		return formDecimal
	}
	return formDigits
}
