package deadletter

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The golden files are version 1 for ever: a change of them is a change of what others read.
func TestEncode_Golden(t *testing.T) {
	for _, code := range codes {
		t.Run(string(code), func(t *testing.T) {
			r := sample(code)
			file := filepath.Join("testdata", "v1", strings.ToLower(string(code))+".golden.json")
			value := Encode(r)
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
				require.NoError(t, os.WriteFile(file, append(value, '\n'), 0o644))
			}
			golden, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(golden), string(value)+"\n")
			requireValid(t, value)
			back, err := Decode(golden)
			require.NoError(t, err)
			same(t, r, back)
		})
	}
}

// Whatever bytes a message has, its dead letter is valid and gives them back.
func TestEncode_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecord(t)
		value := Encode(r)
		requireValid(t, value)
		back, err := Decode(value)
		require.NoError(t, err)
		same(t, r, back)
		require.Equal(t, string(value), string(Encode(back)), "encoding again gives equal bytes")
	})
}

func drawRecord(t *rapid.T) Record {
	r := sample(rapid.SampledFrom(codes).Draw(t, "code"))
	r.Payload, r.Source.Key = drawBytes(t, "payload"), drawBytes(t, "key")
	r.Source.Headers = nil
	for range rapid.IntRange(0, 5).Draw(t, "headers") {
		r.Source.Headers = append(r.Source.Headers, Header{Key: string(drawBytes(t, "name")), Value: drawBytes(t, "value")})
	}
	r.Source.Partition = rapid.IntRange(0, 1<<31-1).Draw(t, "partition")
	r.Source.Offset = rapid.Int64Range(0, 1<<62).Draw(t, "offset")
	return r
}

// drawBytes draws null, any bytes, text, and JSON as marshalled, indented, escaped or broken.
func drawBytes(t *rapid.T, label string) []byte {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<>&\u2028\u2029", "\ufffd", "\x00\x1f\x7f", `\ud800`}))
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Just[any](1.5), rapid.Map(text, func(s string) any { return s }))
	tree := rapid.OneOf(leaf, rapid.Map(rapid.MapOfN(text, leaf, 0, 3), func(m map[string]any) any { return m }),
		rapid.Map(rapid.SliceOfN(leaf, 0, 3), func(s []any) any { return s }))
	as := func(f func(any) ([]byte, error)) *rapid.Generator[[]byte] {
		return rapid.Map(tree, func(v any) []byte { b, _ := f(v); return b })
	}
	return rapid.OneOf(
		rapid.Just[[]byte](nil),
		rapid.SliceOf(rapid.Byte()),
		rapid.Map(text, func(s string) []byte { return []byte(s) }),
		as(marshal), as(json.Marshal),
		as(func(v any) ([]byte, error) { return json.MarshalIndent(v, "", " ") }),
		rapid.SampledFrom([][]byte{
			[]byte("null"), []byte(" 1"), []byte(`"\ud800"`), []byte(`{"a":1,"a":2}`), []byte("\"\xff\""), []byte("1e999"), []byte("-0"),
			[]byte(strings.Repeat("[", 64) + strings.Repeat("]", 64)), []byte(strings.Repeat("[", 9999) + strings.Repeat("]", 9999)),
		}),
	).Draw(t, label)
}

func TestEncode_PayloadForm(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, tt := range map[string]struct {
		payload []byte
		want    string
	}{
		"tombstone":           {nil, `{"null":true,"size":0,"truncated":false}`},
		"empty is not null":   {[]byte{}, `{"text":"","null":false,"size":0,`},
		"compact JSON":        {[]byte(`{"a":"<>&"}`), `{"json":{"a":"<>&"},`},
		"JSON null":           {[]byte(`null`), `{"json":null,`},
		"spaced JSON":         {[]byte(`{"a": 1}`), `{"text":"{\"a\": 1}",`},
		"JSON and line break": {[]byte("1\n"), `{"text":"1\n",`},
		"line separator":      {[]byte("\"\u2028\""), "{\"json\":\"\u2028\","},
		"deep":                {[]byte(nested(64)), `{"json":[[`},
		"too deep":            {[]byte(nested(65)), `{"text":"[[`},
		"JSON not UTF-8":      {[]byte("\"\xff\""), `{"base64":"Iv8i",`},
		"bytes":               {[]byte{0xff}, `{"base64":"/w==",`},
	} {
		t.Run(name, func(t *testing.T) {
			value := Encode(Record{Source: Source{Topic: "t"}, Payload: tt.payload})
			require.Contains(t, string(value), `"payload":`+tt.want)
			back, err := Decode(value)
			require.NoError(t, err)
			require.Equal(t, tt.payload, back.Payload)
		})
	}
}

// A record must be writable whatever its parts hold.
func TestEncode_NeverFails(t *testing.T) {
	far := time.UnixMilli(1 << 60)
	r := sample(CodeMaxRetriesExceeded)
	r.FailedAt, r.Source.Timestamp, r.Attempts[0].At, r.Message = far, far, far, "\xff"
	for _, details := range []string{`{"a":`, "\xff", `[1]`, `"text"`, `null`, strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)} {
		r.Details = json.RawMessage(details)
		value := Encode(r)
		requireValid(t, value)
		back, err := Decode(value)
		require.NoError(t, err)
		require.True(t, back.Source.Timestamp.IsZero())
		require.Equal(t, "\ufffd", back.Message)
	}
}

func TestDecode_Refuses(t *testing.T) {
	valid := string(Encode(sample(CodeActionFailed)))
	swap := func(old, new string) []byte {
		require.Contains(t, valid, old)
		return []byte(strings.Replace(valid, old, new, 1))
	}
	for name, value := range map[string][]byte{
		"null": nil, "empty": {}, "not JSON": []byte("secret-value"), "an array": []byte("[]"), "an empty object": []byte("{}"),
		"no version":            swap(`"schema_version":1,`, ``),
		"version 0":             swap(`"schema_version":1,`, `"schema_version":0,`),
		"another status":        swap(`"status":"error"`, `"status":"success"`),
		"an id without offset":  swap(`"id":"payloads/3/1042"`, `"id":"payloads/3"`),
		"an id of signs":        swap(`"id":"payloads/3/1042"`, `"id":"payloads/3/+1042"`),
		"coordinates disagree":  swap(`"offset":1042`, `"offset":1043`),
		"topics disagree":       swap(`"topic":"payloads"`, `"topic":"other"`),
		"a wrong type":          swap(`"partition":3`, `"partition":"secret-value"`),
		"a time that is none":   swap(`"failed_at":"2026`, `"failed_at":"secret-value`),
		"an altered payload":    swap(`"priority":3`, `"priority":4`),
		"two payloads":          swap(`"null":false`, `"text":"","null":false`),
		"null and a payload":    swap(`"null":false`, `"null":true`),
		"a negative size":       swap(`"size":66`, `"size":-1`),
		"truncated JSON":        swap(`"truncated":false`, `"truncated":true`),
		"a key that is twice":   swap(`"key":"customer-17"`, `"key":"customer-17","key_sha256":"00"`),
		"base64 that is none":   swap(`"key":"customer-17"`, `"key_base64":"*"`),
		"a header that is none": swap(`"value_base64":"/wA="`, `"value_base64":"*"`),
		"a header with a size":  swap(`"value_base64":"/wA="`, `"value_base64":"/wA=","size":1`),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(value)
			var refused *DecodeError
			require.ErrorAs(t, err, &refused)
			require.NotContains(t, err.Error(), "secret-value", "an error never quotes what was read")
		})
	}
}

func TestDecode_NewerVersion(t *testing.T) {
	for _, value := range []string{`{"schema_version":2}`, `{"schema_version":7,"id":{"another":"type"}}`} {
		_, err := Decode([]byte(value))
		var newer *VersionError
		require.ErrorAs(t, err, &newer)
		require.ErrorContains(t, err, "use a newer sluice")
	}
}

// A tool on the way may have indented the record; the payload was compact, so it is still the same.
func TestDecode_IndentedRecord(t *testing.T) {
	r := sample(CodeActionFailed)
	var doc map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(Encode(r), &doc))
	indented, err := json.MarshalIndent(doc, "", "  ")
	require.NoError(t, err)
	indented = []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(indented)))
	back, err := Decode(indented)
	require.NoError(t, err)
	same(t, r, back)
}

func FuzzDecode(f *testing.F) {
	for _, code := range codes {
		f.Add(Encode(sample(code)))
	}
	f.Add(fit(sample(CodeMaxRetriesExceeded), 700).message.Value)
	f.Fuzz(func(t *testing.T, value []byte) {
		r, err := Decode(value)
		if err != nil {
			return
		}
		once := Encode(r)
		back, err := Decode(once)
		require.NoError(t, err)
		require.Equal(t, r.Payload, back.Payload)
		require.Equal(t, r.Source, back.Source)
		require.Equal(t, string(once), string(Encode(back)))
	})
}

func BenchmarkEncode(b *testing.B) {
	r := sample(CodeMaxRetriesExceeded)
	b.ReportAllocs()
	for b.Loop() {
		r.KafkaMessage()
	}
}

func BenchmarkDecode(b *testing.B) {
	value := Encode(sample(CodeMaxRetriesExceeded))
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(value); err != nil {
			b.Fatal(err)
		}
	}
}
