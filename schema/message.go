package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xeipuuv/gojsonschema"
)

// wording is how an error of the library reads as a [Violation].
type wording struct {
	keyword string
	message string // %s is what was expected
	detail  string // the library's name for what was expected; "" if it says nothing
	unit    string // what was expected is a number of these
	child   bool   // the violation is about the member that the detail "property" names
	sized   bool   // got is a size rather than a type
}

// wordings holds every error type of gojsonschema v1.2.0; a test compares it with the library's.
var wordings = map[string]wording{
	"false":                           {keyword: "false", message: "is not allowed here"},
	"required":                        {keyword: "required", message: "is required", child: true},
	"invalid_type":                    {keyword: "type", message: "must be %s", detail: "expected"},
	"number_any_of":                   {keyword: "anyOf", message: "matches none of the alternatives"},
	"number_one_of":                   {keyword: "oneOf", message: "must match exactly one of the alternatives"},
	"number_all_of":                   {keyword: "allOf", message: "does not match all of its schemas"},
	"number_not":                      {keyword: "not", message: "matches what is excluded"},
	"missing_dependency":              {keyword: "dependencies", message: "also needs the field %s", detail: "dependency"},
	"internal":                        {keyword: KeywordInternal, message: "could not be checked: the validator failed on it"},
	"const":                           {keyword: "const", message: "must be %s", detail: "allowed"},
	"enum":                            {keyword: "enum", message: "must be one of %s", detail: "allowed"},
	"array_no_additional_items":       {keyword: "additionalItems", message: "has more items than are described", sized: true},
	"array_min_items":                 {keyword: "minItems", message: "must have at least %s", detail: "min", unit: "item", sized: true},
	"array_max_items":                 {keyword: "maxItems", message: "must have at most %s", detail: "max", unit: "item", sized: true},
	"unique":                          {keyword: "uniqueItems", message: "must not have the same item twice", sized: true},
	"contains":                        {keyword: "contains", message: "has no item that matches", sized: true},
	"array_min_properties":            {keyword: "minProperties", message: "must have at least %s", detail: "min", unit: "field", sized: true},
	"array_max_properties":            {keyword: "maxProperties", message: "must have at most %s", detail: "max", unit: "field", sized: true},
	"additional_property_not_allowed": {keyword: "additionalProperties", message: "is not allowed: the schema knows no such field", child: true},
	"invalid_property_pattern":        {keyword: "patternProperties", message: "does not match the pattern of its name"},
	"invalid_property_name":           {keyword: "propertyNames", message: "has a name that is not allowed", child: true},
	"string_gte":                      {keyword: "minLength", message: "must have at least %s", detail: "min", unit: "character", sized: true},
	"string_lte":                      {keyword: "maxLength", message: "must have at most %s", detail: "max", unit: "character", sized: true},
	"pattern":                         {keyword: "pattern", message: "must match the pattern %s", detail: "pattern", sized: true},
	"format":                          {keyword: "format", message: "must be %s", detail: "format", sized: true},
	"multiple_of":                     {keyword: "multipleOf", message: "must be a multiple of %s", detail: "multiple"},
	"number_gte":                      {keyword: "minimum", message: "must be at least %s", detail: "min"},
	"number_gt":                       {keyword: "exclusiveMinimum", message: "must be more than %s", detail: "min"},
	"number_lte":                      {keyword: "maximum", message: "must be at most %s", detail: "max"},
	"number_lt":                       {keyword: "exclusiveMaximum", message: "must be less than %s", detail: "max"},
	"condition_then":                  {keyword: "then", message: "does not match what follows from its \"if\""},
	"condition_else":                  {keyword: "else", message: "does not match what follows from its \"if\" not matching"},
}

// separator joins the names of a place in the payload. The library hands them out only in one string, and this
// byte is in no name: a payload is UTF-8.
const separator = "\xff"

// translate makes a violation of an error of the library, without the value that the error holds.
func translate(e gojsonschema.ResultError, base string, sizes map[string]int) Violation {
	w, ok := wordings[e.Type()]
	if !ok {
		w = wording{keyword: e.Type(), message: "breaks the rule " + e.Type()}
	}
	tokens := strings.Split(e.Context().String(separator), separator)[1:]
	at := pointer(base, tokens...)
	v := Violation{Path: at, Keyword: w.keyword, Message: w.message}
	if name, ok := e.Details()["property"].(string); w.child && ok {
		v.Path = pointer(at, name)
	}
	if expected := e.Details()[w.detail]; expected != nil {
		v.Expected = show(expected, w)
		v.Message = fmt.Sprintf(w.message, phrase(w.keyword, v.Expected))
	}
	if !w.child {
		v.Got = got(e.Value(), at, w.sized, sizes)
	}
	return v
}

// tooManyItems is the violation that the library would report for an array of n items.
func tooManyItems(at string, limit, n int) Violation {
	w := wordings["array_max_items"]
	expected := show(limit, w)
	return Violation{
		Path: at, Keyword: w.keyword, Message: fmt.Sprintf(w.message, expected), Expected: expected, Got: plural(n, "item"),
	}
}

// show writes what was expected. It comes from the schema, so it may be shown.
func show(expected any, w wording) string {
	switch x := expected.(type) {
	case int:
		if w.unit != "" {
			return plural(x, w.unit)
		}
	case *big.Float:
		return showNumber(x)
	case string:
		switch w.keyword {
		case "enum", "const":
			return showValues(x)
		case "type":
			return strings.ReplaceAll(strings.Trim(x, "[]"), ",", " or ")
		}
	}
	return fmt.Sprint(expected)
}

func showNumber(x *big.Float) string {
	f, _ := x.Float64()
	if math.Abs(f) < 1e15 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// showValues writes JSON values, joined by ", ", with strings bare where that is clear.
func showValues(joined string) string {
	var values []any
	if json.Unmarshal([]byte("["+joined+"]"), &values) != nil {
		return joined
	}
	shown := make([]string, len(values))
	for i, value := range values {
		s, ok := value.(string)
		if !ok || s == "" || strings.ContainsAny(s, ", \"\n") {
			return joined
		}
		shown[i] = s
	}
	return strings.Join(shown, ", ")
}

// phrase puts what was expected into the words of the message.
func phrase(keyword, expected string) string {
	switch keyword {
	case "type":
		types := strings.Split(expected, " or ")
		for i, t := range types {
			types[i] = withArticle(t)
		}
		return strings.Join(types, " or ")
	case "format":
		if f, ok := formats[expected]; ok {
			return f.phrase
		}
	}
	return expected
}

func withArticle(typ string) string {
	switch typ {
	case "null":
		return typ
	case "array", "integer", "object":
		return "an " + typ
	}
	return "a " + typ
}

// got is a type, or a size where the rule is about size; never the value.
func got(value any, at string, sized bool, sizes map[string]int) string {
	n, known := sizes[at]
	switch x := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		if r, ok := new(big.Rat).SetString(x.String()); ok && r.IsInt() {
			return "integer"
		}
		return "number"
	case string:
		if !known {
			n = utf8.RuneCountInString(x)
		}
		return typeOrSize("string", "character", n, sized)
	case []any:
		if !known {
			n = len(x)
		}
		return typeOrSize("array", "item", n, sized)
	case map[string]any:
		return typeOrSize("object", "field", len(x), sized)
	}
	return ""
}

func typeOrSize(typ, unit string, n int, sized bool) string {
	if sized {
		return plural(n, unit)
	}
	return typ
}
