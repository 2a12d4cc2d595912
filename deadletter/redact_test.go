package deadletter

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func redaction(t tester, rules ...string) *Redaction {
	t.Helper()
	x, err := NewRedaction(rules)
	require.NoError(t, err)
	return x
}

func TestRedaction_Payload(t *testing.T) {
	const all = "nothing of it"
	for name, tt := range map[string]struct {
		rules   string
		payload string
		want    string
		met     string // all rules, unless said otherwise
	}{
		"a field":                      {"/a/b", `{"a":{"b":1,"c":2}}`, `{"a":{"b":"***","c":2}}`, ""},
		"an object":                    {"/a", `{"a":{"b":{"c":[1]}},"d":[true]}`, `{"a":"***","d":[true]}`, ""},
		"null, true, empty":            {"/a,/b,/c,/d", `{"a":null,"b":true,"c":{},"d":[]}`, `{"a":"***","b":"***","c":"***","d":"***"}`, ""},
		"every item":                   {"/a/*/b", `{"a":[{"b":1},{"c":2},{"b":"x","c":3}]}`, `{"a":[{"b":"***"},{"c":2},{"b":"***","c":3}]}`, ""},
		"one item":                     {"/a/1", `{"a":[1,2,3]}`, `{"a":[1,"***",3]}`, ""},
		"every member":                 {"/a/*", `{"a":{"x":1,"y":{"z":2}},"b":1}`, `{"a":{"x":"***","y":"***"},"b":1}`, ""},
		"spaces":                       {"/a", "{ \"a\" : 1 ,\n \"b\" : [ 1 , 2 ] }\n", `{"a":"***","b":[1,2]}`, ""},
		"escapes in a pointer":         {"/a~1b/~0", `{"a/b":{"~":1},"a~1b":{"~0":2}}`, `{"a/b":{"~":"***"},"a~1b":{"~0":2}}`, ""},
		"escapes in a name":            {"/phone", `{"\u0070hone":1,"ph\one":2}`, all, ""}, // \o is no escape: no JSON
		"an escaped name":              {"/phone", `{"\u0070hone":1,"Phone":2}`, `{"\u0070hone":"***","Phone":2}`, ""},
		"a name twice":                 {"/a", `{"a":1,"a":"\"}"}`, `{"a":"***","a":"***"}`, ""},
		"names in values":              {"/a", `{"b":"\"a\":1","c":{"a":1}}`, `{"b":"\"a\":1","c":{"a":1}}`, "none"},
		"an empty name":                {"/", `{"":1,"a":{"":2}}`, `{"":"***","a":{"":2}}`, ""},
		"rules within rules":           {"/a/b,/a", `{"a":{"b":1}}`, `{"a":"***"}`, "/a"},
		"all there is":                 {"/*", `[1,{"a":2},[3]]`, `["***","***","***"]`, ""},
		"numbers as they are":          {"/a", `{"a":1,"b":1.50,"c":1e999999999}`, `{"a":"***","b":1.50,"c":1e999999999}`, ""},
		"text where an object was":     {"/a/b", `{"a":"{\"b\":1}","c":2}`, `{"a":"***","c":2}`, ""},
		"a number where an object was": {"/a/b/c", `{"a":{"b":7}}`, `{"a":{"b":"***"}}`, ""},
		"null where an object was":     {"/a/b", `{"a":null}`, `{"a":null}`, "none"},
		"an array where an object was": {"/a/b", `{"a":[{"b":1},[{"b":2}],{"c":3}]}`, `{"a":[{"b":"***"},[{"b":"***"}],{"c":3}]}`, ""},
		"an object where an array was": {"/a/*/b", `{"a":{"b":1,"c":2}}`, `{"a":{"b":"***","c":"***"}}`, ""},
		"an array at the top":          {"/b", `[{"b":1}]`, `[{"b":"***"}]`, ""},
		"text at the top":              {"/b", `"{\"b\":1}"`, `"***"`, ""},
		"not JSON":                     {"/b", `{"b":1`, all, ""},
		"JSON and more":                {"/b", `{"b":1}{"b":2}`, all, ""},
		"a byte-order mark":            {"/b", "\ufeff{\"b\":1}", all, ""},
		"not UTF-8":                    {"/b", "{\"b\":1,\"c\":\"\xff\"}", all, ""},
		"no text":                      {"/b", "\x00\x01", all, ""},
		"the word":                     {"payload", `{"b":1}`, all, ""},
		"only the key":                 {"key", "{\"b\": 1}\n", "{\"b\": 1}\n", "none"},
		"nothing met":                  {"/x/y,/b/c", "{\"a\": 1}\n", "{\"a\": 1}\n", "none"},
		"nothing to meet":              {"/x", "", "", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			rules := strings.Split(tt.rules, ",")
			r := sample(CodeForStatus(422))
			r.Payload = []byte(tt.payload)
			left := redaction(t, rules...).Apply(r)
			require.Equal(t, tt.payload, string(r.Payload), "the caller's is unchanged")
			switch {
			case tt.met == "none":
				require.False(t, left.payloadRedacted())
				require.Equal(t, r.Payload, left.Payload)
			case tt.want == all:
				require.Equal(t, []string{""}, left.Redacted.Payload)
				require.NotNil(t, left.Payload)
				require.Empty(t, left.Payload)
			default:
				if tt.met != "" {
					rules = []string{tt.met}
				}
				require.Equal(t, rules, left.Redacted.Payload)
				require.Equal(t, tt.want, string(left.Payload))
			}
			size, sum := left.SourcePayload()
			require.Equal(t, len(tt.payload), size)
			require.Equal(t, hash([]byte(tt.payload)), sum)
			requireRoundTrip(t, left)
		})
	}
}

// requireRoundTrip fails unless a record is valid, and read back is what it was, both as it is and cut.
func requireRoundTrip(t tester, r Record) {
	t.Helper()
	for _, limit := range []int{1 << 30, 4096, 2048, 1024} {
		f := fit(r, limit)
		require.LessOrEqual(t, f.size, limit)
		requireValid(t, f.message.Value)
		back, err := Decode(f.message.Value)
		require.NoError(t, err)
		same(t, f.record, back)
		require.Equal(t, string(f.message.Value), string(Encode(back)), "encoding again gives equal bytes")
		require.Equal(t, f.message.Key, back.KafkaMessage().Key)
		wantSize, wantSum := r.SourcePayload()
		size, sum := back.SourcePayload()
		require.Equal(t, wantSize, size)
		require.Equal(t, wantSum, sum)
		again := fit(back, limit)
		require.Equal(t, string(f.message.Value), string(again.message.Value), "what fits is not cut again")
	}
}

func TestRedaction_KeyAndHeaders(t *testing.T) {
	r := sample(CodeForStatus(422))
	r.Source.Headers = []Header{
		{Key: "Authorization", Value: []byte("Bearer x")}, {Key: "authorization"}, {Key: "trace", Value: []byte("t")}, {Key: "bin", Value: []byte{0xff}},
	}
	before := string(Encode(r))
	require.True(t, r.Restorable())

	left := redaction(t, "key", "header:AUTHORIZATION", "header:absent").Apply(r)
	require.Equal(t, before, string(Encode(r)), "the caller's is unchanged")
	require.Equal(t, []string{"key", "header:authorization"}, left.Redacted.Source)
	require.Nil(t, left.Source.Key)
	require.Equal(t, hash(r.Source.Key), left.Cut.KeySHA256)
	require.Equal(t, "sha256:"+hash(r.Source.Key)[:32], string(left.KafkaMessage().Key), "one key's dead letters stay together")
	require.Equal(t, []Header{
		{Key: "Authorization", Value: []byte("***")}, {Key: "authorization"}, {Key: "trace", Value: []byte("t")}, {Key: "bin", Value: []byte{0xff}},
	}, left.Source.Headers)
	require.Equal(t, r.Payload, left.Payload)
	require.False(t, left.Restorable())
	requireRoundTrip(t, left)

	left = redaction(t, "header:*").Apply(r)
	for _, h := range left.Source.Headers {
		require.Contains(t, []string{"", "***"}, string(h.Value))
	}
	r.Source.Key, r.Source.Headers = nil, nil
	left = redaction(t, "key", "header:*").Apply(r)
	require.Nil(t, left.Redacted, "there was nothing to redact")
	require.Nil(t, left.KafkaMessage().Key)
	require.True(t, left.Restorable())

	r.Source.Key = []byte{}
	require.NotEmpty(t, redaction(t, "key").Apply(r).KafkaMessage().Key, "an empty key is a key")
	var none *Redaction
	require.Equal(t, r, none.Apply(r))
}

// Where a value is removed, no path tells the names inside it.
func TestRedaction_Paths(t *testing.T) {
	x := redaction(t, "/contact/metadata", "/people/*/phone", "/a~1b")
	for path, want := range map[string]string{
		"": "", "/contact": "/contact", "/contact/metadata": "/contact/metadata", "/contact/metadata/+49 151": "/contact/metadata/***",
		"/contact/metadata/+49 151/x/0": "/contact/metadata/***", "/contact/metadatas/x": "/contact/metadatas/x",
		"/people/3/phone": "/people/3/phone", "/people/3/phone/+49": "/people/3/phone/***", "/people/jim/phone/+49": "/people/jim/phone/***",
		"/people/3/name": "/people/3/name", "/a~1b/secret": "/a~1b/***", "/a/b": "/a/b",
		"/0/contact/1/metadata/x": "/0/contact/1/metadata/***", "/priority": "/priority",
	} {
		r := sample(CodeValidationFailed)
		r.Violations = []Violation{{Path: path, Keyword: "k", Message: "m"}}
		left := x.Apply(r)
		require.Equal(t, want, left.Violations[0].Path, path)
		require.Equal(t, path, r.Violations[0].Path, "the caller's is unchanged")
		require.Equal(t, want != path || path == "/contact/metadata" || strings.HasSuffix(path, "/phone"), x.Covers(path), path)
	}
	r := sample(CodeValidationFailed)
	r.Payload, r.Violations = []byte(`{"a":`), []Violation{{Path: "", Keyword: "syntax"}, {Path: "/secret/x", Keyword: "duplicateKey"}}
	left := x.Apply(r)
	require.Equal(t, []Violation{{Path: "", Keyword: "syntax"}, {Path: "/***", Keyword: "duplicateKey"}}, left.Violations)
	require.Equal(t, Record{Code: r.Code, Violations: left.Violations}.Fingerprint(), left.Fingerprint(), "made of what may be told")
}

func TestNewRedaction_Refuses(t *testing.T) {
	x, err := NewRedaction(nil)
	require.NoError(t, err)
	require.Nil(t, x)
	require.False(t, x.Covers("/a"))
	for rule, want := range map[string]string{
		"": "JSON pointer such as", "keys": "JSON pointer such as", "contact/phone": "JSON pointer such as", "$.contact": "JSON pointer such as",
		"header:": "header:NAME", "header": "header:NAME", "/a~b": "~0", "/a~": "~0", "/~2": "~0",
	} {
		_, err := NewRedaction([]string{"key", rule})
		require.ErrorContains(t, err, want, rule)
		require.ErrorContains(t, err, "rule 2, "+strconv.Quote(rule))
	}
}

// Whatever the payload and the rules: the payload read as JSON is that with the values replaced that a plain
// reading of the rules names, and nothing else is changed.
func TestRedaction_AnyPayloadAnyRules(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "b", "*", "0", "1", "", "a/b", "~", "é", `"`, "\\"})
	leaf := rapid.SampledFrom([]any{nil, true, 1.5, "x", "a,b:{[\"\\", ""})
	var tree func(depth int) *rapid.Generator[any]
	tree = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return leaf
		}
		return rapid.OneOf(leaf,
			rapid.Map(rapid.MapOfN(names, tree(depth-1), 0, 4), func(m map[string]any) any { return m }),
			rapid.Map(rapid.SliceOfN(tree(depth-1), 0, 4), func(s []any) any { return s }))
	}
	rapid.Check(t, func(t *rapid.T) {
		doc := tree(4).Draw(t, "payload")
		var rules []string
		var steps [][]string
		for range rapid.IntRange(1, 3).Draw(t, "rules") {
			s := rapid.SliceOfN(names, 1, 4).Draw(t, "rule")
			steps = append(steps, s)
			rule := ""
			for _, name := range s {
				rule += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			}
			rules = append(rules, rule)
		}
		r := sample(CodeForStatus(422))
		r.Payload, _ = rapid.SampledFrom([]func(any) ([]byte, error){json.Marshal, marshal, func(v any) ([]byte, error) { return json.MarshalIndent(v, "", " ") }}).
			Draw(t, "marshal")(doc)
		left := redaction(t, rules...).Apply(r)
		want := doc
		for _, s := range steps {
			want = oracle(want, s)
		}
		wanted, _ := json.Marshal(want)
		require.JSONEq(t, string(wanted), string(left.Payload), "rules %q", rules)
		requireRoundTrip(t, left)
	})
}

// oracle is the redaction of one rule, as it is documented.
func oracle(value any, steps []string) any {
	if len(steps) == 0 {
		return RedactedText
	}
	switch v := value.(type) {
	case string, float64:
		return RedactedText
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			if steps[0] == "*" || steps[0] == name {
				member = oracle(member, steps[1:])
			}
			out[name] = member
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			switch {
			case steps[0] == "*" || steps[0] == strconv.Itoa(i):
				item = oracle(item, steps[1:])
			case !isPosition(steps[0]):
				item = oracle(item, steps)
			}
			out[i] = item
		}
		return out
	}
	return value
}

// FuzzRedaction holds that nothing panics on any payload and that what a rule names is gone.
func FuzzRedaction(f *testing.F) {
	for _, payload := range []string{`{"a":{"b":"canary"}}`, `[{"a":{"b":1}}]`, `{"a":"b"}`, "{", "\xff", `{"a":{"\u0062":[1,{}]}}`} {
		f.Add([]byte(payload), "/a/b")
	}
	f.Fuzz(func(t *testing.T, payload []byte, rule string) {
		x, err := NewRedaction([]string{rule})
		if err != nil {
			return
		}
		r := sample(CodeForStatus(422))
		r.Payload = payload
		left := x.Apply(r)
		requireRoundTrip(t, left)
		require.Equal(t, string(left.Payload), string(x.Apply(left).Payload), "there is nothing left to redact")
	})
}

func BenchmarkRedaction(b *testing.B) {
	x := redaction(b, "/contact/external_id", "/contact/metadata/*/phone", "key", "header:traceparent")
	r := sample(CodeForStatus(422))
	r.Payload = []byte(`{"contact":{"external_id":"c-1","channel":"chat","metadata":{"x":{"phone":"+49"},"y":[1,2,3]}},"priority":3,"tags":["a","b"]}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(r.Payload)))
	for b.Loop() {
		x.Apply(r)
	}
}
