package genesys_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluice-kafka/sluice/genesys"
)

var atNoon = time.Date(2026, 11, 28, 12, 0, 0, 5_000_000, time.FixedZone("", 3600))

func message(payload string) genesys.Request {
	return genesys.Request{Payload: []byte(payload), ID: "payloads/3/1042", Key: []byte("k-1"), Timestamp: atNoon}
}

func TestInput_Flat(t *testing.T) {
	for name, row := range map[string]struct{ payload, want string }{
		"nested":            {`{"contact": {"external_id":"c-1","deep":{"er":1}}, "priority":3}`, `{"contact_external_id":"c-1","contact_deep_er":1,"priority":3}`},
		"scalars keep":      {`{"a":1.50e+01,"b":"\u00e9\/x","c":null,"d":false}`, `{"a":1.50e+01,"b":"\u00e9\/x","c":null,"d":false}`},
		"arrays":            {`{"tags":["a", "b\n"],"none":[]}`, `{"tags":"[\"a\", \"b\\n\"]","none":"[]"}`},
		"empty objects":     {`{"m":{ },"n":{"o":{}}}`, `{"m":"{ }","n_o":"{}"}`},
		"line breaks":       {"{\"a\":[\n1,\r\t2]}", `{"a":"[\n1,\r\t2]"}`},
		"escaped names":     {`{"\u0061b":{"c":1}}`, `{"ab_c":1}`},
		"an empty name":     {`{"a":{"":1}}`, `{"a_":1}`},
		"nothing":           {`{}`, `{}`},
		"digits in a name":  {`{"line":{"1":"x"}}`, `{"line_1":"x"}`},
		"reserved, further": {`{"a":{"orgId":1}}`, `{"a_orgId":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := mapping(t, genesys.Input{Mode: genesys.InputFlat}).Body(message(row.payload))
			require.NoError(t, err)
			require.Equal(t, row.want, string(got))
		})
	}
}

func TestInput_FlatRefuses(t *testing.T) {
	long := strings.Repeat("n", 300)
	for name, row := range map[string]struct{ payload, pointer, says string }{
		"a collision":         {`{"a_b":1,"a":{"b":2}}`, "/a/b", "same property"},
		"a key that is twice": {`{"a":1,"a":2}`, "/a", "same property"},
		"a space":             {`{"contact":{"first name":"x"}}`, "/contact/first name", "not a name"},
		"a digit first":       {`{"1st":1}`, "/1st", "not a name"},
		"a slash":             {`{"a":{"b/c~":1}}`, "/a/b~1c~0", "not a name"},
		"a reserved name":     {`{"orgId":1}`, "/orgId", "reserved: "},
		"a name from two":     {`{"rawRequest":[]}`, "/rawRequest", "reserved: "},
		"a long name":         {`{"` + long + `":{"a":{"b":1}}}`, "/" + long, "longer than 255"},
		"an array":            {`[1]`, "", "not an object"},
		"a scalar":            {`1`, "", "not an object"},
		"what is not JSON":    {`{"a":`, "", "not JSON"},
		"nothing":             {``, "", "not JSON"},
		"a name that is huge": {`{"` + strings.Repeat("n", 600) + `":1}`, "", "longer"},
		"what would multiply": {`{"` + long[:250] + `":{` + strings.TrimSuffix(strings.Repeat(`"%":1,`, 3000), ",") + `}}`, "", "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "what would multiply" { // the names below the long one have to differ
				for strings.Contains(row.payload, "%") {
					row.payload = strings.Replace(row.payload, "%", word(len(row.payload)+strings.Count(row.payload, "%")), 1)
				}
			}
			_, err := mapping(t, genesys.Input{Mode: genesys.InputFlat}).Body(message(row.payload))
			e, ok := errors.AsType[*genesys.Error](err)
			require.True(t, ok, "%v", err)
			requireKind(t, genesys.KindInput, e)
			if name != "what would multiply" {
				require.Equal(t, row.pointer, e.Pointer)
			}
			require.ErrorContains(t, err, row.says)
		})
	}
}

// word writes a number in letters.
func word(n int) string {
	var b []byte
	for ; n > 0; n /= 26 {
		b = append(b, byte('a'+n%26))
	}
	return string(b)
}

func TestInput_Map(t *testing.T) {
	headers := []genesys.Header{{Key: "tenant", Value: []byte("old")}, {Key: "tenant", Value: []byte(`ac"me`)}, {Key: "bin", Value: []byte{0xff}}}
	const payload = `{"contact":{"id":"c-1","a/b":1.0,"m":{"x":[1]}},"tags":["p",{"q":null}]}`
	for name, row := range map[string]struct {
		sources map[string]string
		want    string
	}{
		"pointers":     {map[string]string{"z": "/contact/id", "b": "/contact/a~1b", "n": "/tags/1/q"}, `{"b":1.0,"n":null,"z":"c-1"}`},
		"not scalar":   {map[string]string{"m": "/contact/m", "t": "/tags/1"}, `{"m":"{\"x\":[1]}","t":"{\"q\":null}"}`},
		"missing":      {map[string]string{"a": "/nope", "b": "/contact/id/deeper", "c": "/tags/7", "d": "/tags/01", "e": "/tags/-", "f": "/contact/m/x/0"}, `{"f":1}`},
		"the record's": {map[string]string{"id": "$id", "key": "$key", "at": "$timestamp", "h": "$header.tenant", "none": "$header.no"}, `{"at":"2026-11-28T11:00:00.005Z","h":"ac\"me","id":"payloads/3/1042","key":"k-1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := message(payload)
			r.Headers = headers
			got, err := mapping(t, genesys.Input{Map: row.sources}).Body(r)
			require.NoError(t, err)
			require.Equal(t, row.want, string(got))
		})
	}

	t.Run("what a message lacks", func(t *testing.T) {
		got, err := mapping(t, genesys.Input{Map: map[string]string{"id": "$id", "key": "$key", "at": "$timestamp"}}).Body(genesys.Request{Payload: []byte(`{}`)})
		require.NoError(t, err)
		require.Equal(t, `{}`, string(got))
	})
	t.Run("bytes that are no text", func(t *testing.T) {
		for _, from := range []string{"$key", "$header.bin"} {
			r := message(payload)
			r.Headers, r.Key = headers, []byte{0xc0}
			_, err := mapping(t, genesys.Input{Map: map[string]string{"p": from}}).Body(r)
			e, ok := errors.AsType[*genesys.Error](err)
			require.True(t, ok, "%v", err)
			requireKind(t, genesys.KindInput, e)
			require.ErrorContains(t, err, "is not UTF-8 text, which property p ("+from+") needs")
		}
	})
}

func TestInput_MistakesAreToldAtLoad(t *testing.T) {
	for name, row := range map[string]struct {
		in   genesys.Input
		want string
	}{
		"a mode that is none": {genesys.Input{Mode: "nested"}, `genesys.input: want payload, flat, or in sluice.yaml a map of property name to source (got "nested")`},
		"both":                {genesys.Input{Mode: "flat", Map: map[string]string{"a": "/a"}}, "genesys.input: has a mode and a map: use one of them"},
		"an empty map":        {genesys.Input{Map: map[string]string{}}, "genesys.input: the map is empty: name the properties that the action takes, each with its source"},
		"a bad name":          {genesys.Input{Map: map[string]string{"first name": "/a"}}, "genesys.input.first name: not a name that Genesys Cloud takes: use letters, digits, _ and -, a letter first"},
		"a reserved name":     {genesys.Input{Map: map[string]string{"orgId": "/a"}}, "genesys.input.orgId: reserved: Genesys Cloud keeps the names orgId, integrationId and rawRequest for itself: use another one"},
		"an unknown source":   {genesys.Input{Map: map[string]string{"a": "$offset"}}, `genesys.input.a: unknown source: use $id, $key, $timestamp, $header.NAME or a JSON pointer (got "$offset")`},
		"a header's no name":  {genesys.Input{Map: map[string]string{"a": "$header."}}, `genesys.input.a: unknown source: use $id, $key, $timestamp, $header.NAME or a JSON pointer (got "$header.")`},
		"dots":                {genesys.Input{Map: map[string]string{"a": "contact.id"}}, `genesys.input.a: not a JSON pointer: did you mean /contact/id? (got "contact.id")`},
		"an escape":           {genesys.Input{Map: map[string]string{"a": "/a~2"}}, `genesys.input.a: not a JSON pointer: in a name, write ~0 for ~ and ~1 for / (got "/a~2")`},
		"nothing":             {genesys.Input{Map: map[string]string{"a": ""}}, "genesys.input.a: no source: use a JSON pointer such as /contact/external_id, $id, $key, $timestamp or $header.NAME"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := genesys.NewMapping(row.in)
			require.EqualError(t, err, row.want)
			cfg := valid()
			cfg.Input = row.in
			require.EqualError(t, cfg.Validate(), row.want)
		})
	}
}

func TestAttempt_SendsTheMappedInput(t *testing.T) {
	c := newClient(t, func(c *genesys.Config) { c.Input = genesys.Input{Mode: genesys.InputFlat} })
	r, err := c.Preview(message(`{"contact":{"id":"c-1"}}`))
	require.NoError(t, err)
	var b bytes.Buffer
	_, err = b.ReadFrom(r.Body)
	require.NoError(t, err)
	require.Equal(t, `{"contact_id":"c-1"}`, b.String())
	_, failed := attempt(t.Context(), newClient(t, func(c *genesys.Config) { c.Input = genesys.Input{Mode: genesys.InputFlat} }))
	requireKind(t, genesys.KindNotSent, failed) // mapped, and then nobody there
	_, err = c.Preview(message(`{"contact":{"id":"c-1"},"contact_id":1}`))
	require.EqualError(t, err, "invoke request: input: /contact_id: becomes the same property as another field does")
}

// TestInput_FlatIsFlatAndEqual holds what flat promises on documents of any shape: an object of scalars, whose
// values are the payload's.
func TestInput_FlatIsFlatAndEqual(t *testing.T) {
	flat := mapping(t, genesys.Input{Mode: genesys.InputFlat})
	rapid.Check(t, func(t *rapid.T) {
		checkFlat(t, flat, marshal(t, object(rapid.IntRange(0, 4).Draw(t, "depth")).Draw(t, "payload")))
	})
}

// TestInput_MapTakesValuesAsTheyAre maps every field that a document has, by its pointer.
func TestInput_MapTakesValuesAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := object(3).Draw(t, "payload")
		sources, want := map[string]string{"absent": "/-/no such field"}, map[string]any{}
		var walk func(v any, pointer string)
		walk = func(v any, pointer string) {
			name := "p" + word(len(sources)+1)
			sources[name], want[name] = pointer, v
			switch v := v.(type) {
			case map[string]any:
				for key, inner := range v {
					walk(inner, pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
				}
			case []any:
				for i, inner := range v {
					walk(inner, pointer+"/"+string(rune('0'+i)))
				}
			}
		}
		for key, v := range doc {
			walk(v, "/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
		}
		m, err := genesys.NewMapping(genesys.Input{Map: sources})
		require.NoError(t, err)
		got, err := m.Body(genesys.Request{Payload: marshal(t, doc)})
		require.NoError(t, err)
		requireEqualFlat(t, want, got)
	})
}

// FuzzInput feeds mappings any bytes: they refuse, or give what they promise, and never more than that.
func FuzzInput(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[1,{"c":null}]},"a_b":2}`, `{"a":{}}`, ` [1] `, `"a"`, `{"\ud800":1}`, "{\"a\":\"\xff\"}", `{"a":1e999,"b":-0.0}`, ``, `{`} {
		f.Add([]byte(seed), "/a/b/1/c")
	}
	flat, err := genesys.NewMapping(genesys.Input{Mode: genesys.InputFlat})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, payload []byte, pointer string) {
		checkFlat(t, flat, payload)
		m, err := genesys.NewMapping(genesys.Input{Map: map[string]string{"p": pointer}})
		if err != nil {
			return
		}
		body, err := m.Body(genesys.Request{Payload: payload, Key: payload, ID: "x"})
		if err == nil {
			requireFlat(t, body)
		}
	})
}

type failer interface {
	require.TestingT
	Helper()
}

func checkFlat(t failer, flat *genesys.Mapping, payload []byte) {
	t.Helper()
	before := bytes.Clone(payload)
	body, err := flat.Body(genesys.Request{Payload: payload})
	require.Equal(t, before, payload, "the payload was changed")
	if err != nil {
		e, ok := errors.AsType[*genesys.Error](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, genesys.KindInput, e.Kind)
		return
	}
	requireFlat(t, body)
	want := map[string]any{}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		if o, ok := v.(map[string]any); ok && (len(o) > 0 || name == "") {
			for key, inner := range o {
				walk(strings.TrimPrefix(name+"_"+key, "_"), inner)
			}
			return
		}
		want[name] = v
	}
	walk("", decoded(t, payload))
	requireEqualFlat(t, want, body)
}

func requireFlat(t failer, body []byte) {
	t.Helper()
	doc, ok := decoded(t, body).(map[string]any)
	require.True(t, ok, "not an object: %s", body)
	for name, v := range doc {
		require.NoError(t, genesys.CheckProperty(name))
		switch v.(type) {
		case map[string]any, []any:
			require.Fail(t, "not a scalar", "%s", body)
		}
	}
}

// requireEqualFlat compares a flat object with the values that its properties stand for.
func requireEqualFlat(t failer, want map[string]any, body []byte) {
	t.Helper()
	got, _ := decoded(t, body).(map[string]any)
	require.Len(t, got, len(want))
	for name, v := range want {
		switch v.(type) {
		case map[string]any, []any:
			text, ok := got[name].(string)
			require.True(t, ok, "%s is not a string: %v", name, got[name])
			require.Equal(t, decoded(t, marshal(t, v)), decoded(t, []byte(text)), name)
		default:
			require.Equal(t, decoded(t, marshal(t, v)), got[name], name)
		}
	}
}

func decoded(t failer, raw []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v), "%q", raw)
	return v
}

func marshal(t failer, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}

// object generates documents whose names are mostly ones that the platform takes.
func object(depth int) *rapid.Generator[map[string]any] {
	names := rapid.OneOf(rapid.StringMatching(`[a-z]{1,3}`), rapid.SampledFrom([]string{"a", "a_b", "b", "x y", "", "orgId", "a/b~", "1"}))
	return rapid.MapOfN(names, value(depth), 0, 5)
}

func value(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Int64().AsAny(),
		rapid.SampledFrom([]json.Number{"1.50", "-0", "1e3", "12345678901234567890"}).AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	return rapid.OneOf(append(scalars, object(depth-1).AsAny(), rapid.SliceOfN(value(depth-1), 0, 4).AsAny())...)
}

func mapping(t testing.TB, in genesys.Input) *genesys.Mapping {
	t.Helper()
	m, err := genesys.NewMapping(in)
	require.NoError(t, err)
	return m
}
