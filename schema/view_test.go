package schema

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The decoder leaves out what no verdict depends on. Here the library sees the whole payload as well, and has to
// agree: the payload is valid in both or in neither, and nothing is reported that it does not find, but for values of a wrong type.
func TestView_LeavesOutNothingThatCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := genSchema(t, 3)
		v, err := Compile([]byte(source), Options{})
		if err != nil && strings.Contains(err.Error(), "no value can have both") {
			t.Skip("limits that cross")
		}
		if err != nil {
			t.Fatalf("schema %s: %v", source, err)
		}
		raw := []byte(genValue(t, 4))
		got := foundWith(t, v, raw, v.view, rapid.IntRange(0, 3).Draw(t, "room"))
		want := foundWith(t, v, raw, wholeView, mainValues)
		if (len(got) == 0) != (len(want) == 0) {
			t.Fatalf("schema %s\npayload %s\ngot  %v\nwant %v", source, raw, got, want)
		}
		for violation := range got {
			if !want[violation] && !ofAWrongType(violation.Path, want) {
				t.Fatalf("schema %s\npayload %s\nonly with the view: %v\nwant %v", source, raw, violation, want)
			}
		}
	})
}

// foundWith returns what is wrong with raw, each as text, if it is decoded by view with little room in the tree.
func foundWith(t *rapid.T, v *Validator, raw []byte, w *view, room int) map[Violation]bool {
	d := decoder{src: string(raw), room: room, maxNames: maxPath}
	tree, bad := d.value(w)
	if bad != nil {
		t.Fatalf("payload %s: %v", raw, bad)
	}
	r := report{found: d.out.found}
	r.check(v.rule, tree, "", d.out.sizes)
	r.checkRest(d.out.later, d.out.sizes)
	found := map[Violation]bool{}
	for _, violation := range r.found {
		found[violation] = true
	}
	return found
}

// ofAWrongType reports whether the value at path, or one around it, is of a wrong type: then the library looks
// no further, while what the view sets apart is still checked.
func ofAWrongType(path string, found map[Violation]bool) bool {
	for v := range found {
		if v.Keyword == "type" && (path == v.Path || strings.HasPrefix(path, v.Path+"/")) {
			return true
		}
	}
	return false
}

func genSchema(t *rapid.T, depth int) string {
	n := func() int { return rapid.IntRange(0, 3).Draw(t, "n") }
	inner := func() string {
		if depth == 0 {
			return rapid.SampledFrom([]string{`true`, `false`, `{}`, `{"type":"string"}`, `{"type":"integer"}`}).Draw(t, "leaf")
		}
		return genSchema(t, depth-1)
	}
	name := func() string { return rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name") }
	makers := []func() string{
		func() string {
			return `"type":` + rapid.SampledFrom([]string{`"object"`, `"array"`, `["string","null"]`, `["array","object"]`}).Draw(t, "type")
		},
		func() string { return fmt.Sprintf(`"properties":{%q:%s}`, name(), inner()) },
		func() string { return fmt.Sprintf(`"required":[%q]`, name()) },
		func() string { return `"additionalProperties":` + inner() },
		func() string { return `"items":` + inner() },
		func() string { return fmt.Sprintf(`"maxItems":%d`, n()) },
		func() string { return fmt.Sprintf(`"minItems":%d`, n()) },
		func() string { return `"uniqueItems":true` },
		func() string { return fmt.Sprintf(`"maxLength":%d`, n()) },
		func() string { return fmt.Sprintf(`"minLength":%d`, n()) },
		func() string { return `"pattern":"b"` },
		func() string {
			return `"enum":` + rapid.SampledFrom([]string{`["a","bb",1]`, `[[],null]`, `[{}]`, `[null]`}).Draw(t, "enum")
		},
		func() string { return `"maximum":1` },
		func() string { return fmt.Sprintf(`"allOf":[%s,%s]`, inner(), inner()) },
		func() string { return fmt.Sprintf(`"anyOf":[%s,%s]`, inner(), inner()) },
		func() string { return `"not":` + inner() },
		func() string { return `"contains":` + inner() },
		func() string { return fmt.Sprintf(`"patternProperties":{"a":%s}`, inner()) },
		func() string { return fmt.Sprintf(`"minProperties":%d`, n()) },
	}
	picked := rapid.SliceOfNDistinct(rapid.IntRange(0, len(makers)-1), 0, 4, rapid.ID).Draw(t, "keywords")
	parts := make([]string, len(picked))
	for i, p := range picked {
		parts[i] = makers[p]()
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func genValue(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind %= 4
	}
	switch kind {
	case 0:
		return rapid.SampledFrom([]string{`null`, `true`, `0`, `1`, `2.5`, `1e0`}).Draw(t, "scalar")
	case 1, 2, 3:
		s := rapid.SampledFrom([]string{"", "a", "b", "bb", "ccc", strings.Repeat("é", clipFrom)}).Draw(t, "string")
		return `"` + s + `"`
	case 4:
		items := make([]string, rapid.IntRange(0, 5).Draw(t, "items"))
		for i := range items {
			items[i] = genValue(t, depth-1)
		}
		return "[" + strings.Join(items, ",") + "]"
	default:
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "aa"}), 0, 4, rapid.ID).Draw(t, "names")
		members := make([]string, len(names))
		for i, name := range names {
			members[i] = fmt.Sprintf("%q:%s", name, genValue(t, depth-1))
		}
		return "{" + strings.Join(members, ",") + "}"
	}
}

// What is beyond the main part is found there, at the right place, and the search ends once enough is found.
func TestValidator_ChecksBeyondTheMainPart(t *testing.T) {
	v, err := Compile([]byte(`{
		"items": {"type": "object", "additionalProperties": {"items": {"type": "integer"}, "maxItems": 3000}}
	}`), Options{})
	require.NoError(t, err)

	long := "[" + strings.Repeat("1,", 2000) + `"x"]`
	_, err = v.Validate([]byte("[" + strings.Repeat("{},", 1500) + `{"k":` + long + "}]"))
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 1, e.Count)
	assert.Equal(t, "/1500/k/2000", e.Violations[0].Path)
	assert.Equal(t, "type", e.Violations[0].Keyword)

	_, err = v.Validate([]byte("[" + strings.Repeat("{},", 1500) + `{"k":[` + strings.Repeat("1,", 4000) + "1]}]"))
	require.ErrorAs(t, err, &e)
	assert.Equal(t, tooManyItems("/1500/k", 3000, 4001), e.Violations[0])

	_, err = v.Validate([]byte("[" + strings.Repeat("1,", 100_000) + "1]"))
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Violations, MaxViolations)
	assert.Equal(t, mainValues, e.Count, "the first part is one call; nothing after it is tried")
}

// A tree that encoding/json would build is built, where all of it is looked at.
func TestDecode_WholeTree(t *testing.T) {
	const raw = `{"a":[1,-0.50e+3,"x\n\ud83d\ude00\/",true,false,null,{},[]],"":{"b":"é"}}`
	out, bad := decode([]byte(raw), DefaultMaxBytes, maxPath, wholeView)
	require.Nil(t, bad)
	var want any
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	require.NoError(t, d.Decode(&want))
	assert.Equal(t, want, out.tree)
}
