package schema_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-kafka/sluice/schema"
)

// TestValidator_WorstPayload looks for the payload of at most 1 MiB that takes longest, and prints it (-v). What
// is asked for is 50 ms; nothing is asserted, because a busy machine proves nothing.
func TestValidator_WorstPayload(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	worst(t, setup(t).Validator, heavy())
}

// BenchmarkValidator_WorstOfAnySchema does the same for a schema that looks at everything: valid values are what
// takes long then, since each of them has to be judged.
func BenchmarkValidator_WorstOfAnySchema(b *testing.B) {
	v := compile(b, `{
		"additionalProperties": false, "x-unique": true, "type": ["array", "object"],
		"items": {"type": "string", "minLength": 3, "maxLength": 5, "format": "date"},
		"properties": {
			"a": {"items": {"items": {"items": {"type": "integer"}}}},
			"m": {"additionalProperties": {"type": "string", "pattern": "^x"}},
			"tags": {"maxItems": 100000, "items": {"enum": ["b"]}}
		}}`)
	payloads := placed(map[string]func(string) string{
		"root": func(s string) string { return s },
		"a":    func(s string) string { return `{"a":` + s + `}` },
		"m":    func(s string) string { return `{"m":` + s + `}` },
		"tags": func(s string) string { return `{"tags":` + s + `}` },
	})
	for range b.N {
		worst(b, v.Validator, payloads)
	}
}

type payload struct{ name, raw string }

func worst(t testing.TB, v *schema.Validator, payloads []payload) {
	t.Helper()
	type timing struct {
		payload
		took  time.Duration
		alloc uint64
	}
	var all []timing
	measure := func(p payload, times int) timing {
		raw, best := []byte(p.raw), timing{payload: p, took: time.Hour}
		for range times { // the best of a few: what it costs, not what else the machine did
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, _ = v.Validate(raw)
			best.took = min(best.took, time.Since(start))
			runtime.ReadMemStats(&after)
			best.alloc = after.TotalAlloc - before.TotalAlloc
		}
		return best
	}
	for _, p := range payloads {
		if len(p.raw) > schema.DefaultMaxBytes {
			t.Fatalf("%s: %d bytes would be refused by size", p.name, len(p.raw))
		}
		all = append(all, measure(p, 1))
	}
	slowest := func(a, b timing) int { return int(b.took - a.took) }
	slices.SortFunc(all, slowest)
	all = all[:6]
	for i := range all {
		all[i] = measure(all[i].payload, 3)
	}
	slices.SortFunc(all, slowest)
	for _, x := range all {
		t.Logf("%8.2f ms  %6.1f MB  %s (%d bytes)", x.took.Seconds()*1000, float64(x.alloc)/1e6, x.name, len(x.raw))
	}
}

// heavy returns payloads of nearly 1 MiB that go for one weakness each, in every place where the default schema
// looks differently: at the root, in an unknown field, metadata, tags, a string with a rule.
func heavy() (all []payload) {
	return placed(map[string]func(string) string{
		"root":          func(s string) string { return s },
		"unknown":       func(s string) string { return with(`"extra":`, s) },
		"metadata":      func(s string) string { return contact(`"metadata":`, s) },
		"in metadata":   func(s string) string { return contact(`"metadata":`, `{"m":`+s+`}`) },
		"tags":          func(s string) string { return with(`"tags":`, s) },
		"channel":       func(s string) string { return contact(`"channel":`, s) },
		"callback_url":  func(s string) string { return with(`"callback_url":`, s) },
		"broken at end": func(s string) string { return `[` + s + `}` },
	})
}

func placed(places map[string]func(string) string) (all []payload) {
	for name, value := range heavyValues() {
		for place, build := range places {
			all = append(all, payload{name + " as " + place, build(value)})
		}
	}
	return all
}

func heavyValues() map[string]string {
	const size = schema.DefaultMaxBytes - 600
	fill := func(open, item, end string) string {
		return open + strings.TrimSuffix(strings.Repeat(item, (size-len(open)-len(end))/len(item)), ",") + end
	}
	nest := strings.Repeat("[", 50) + strings.Repeat("]", 50) + ","
	escapes := fill(`"`, `\u003c`, `"`)
	values := map[string]string{
		"numbers":               fill("[", "1,", "]"),
		"long numbers":          fill("[", strings.Repeat("9", 63)+",", "]"),
		"exponents":             fill("[", "1e308,", "]"),
		"small exponents":       fill("[", "1e-308,", "]"),
		"nulls":                 fill("[", "null,", "]"),
		"equal strings":         fill("[", `"a",`, "]"),
		"empty strings":         fill("[", `"",`, "]"),
		"escaped strings":       fill("[", `"\u0061",`, "]"),
		"empty arrays":          fill("[", "[],", "]"),
		"arrays of arrays":      fill("[", "[[1]],", "]"),
		"empty objects":         fill("[", "{},", "]"),
		"small objects":         fill("[", `{"a":1},`, "]"),
		"objects of two":        fill("[", `{"a":1,"b":2},`, "]"),
		"nested arrays":         fill("[", nest, "]"),
		"too deep":              strings.Repeat("[", size),
		"one string":            quoted("x", size),
		"one string of <":       quoted("<", size),
		"one string of emoji":   quoted("😀", size/4),
		"one string of escapes": escapes,
		"one string of pairs":   fill(`"`, `\ud83d\ude00`, `"`),
		"a URL":                 `"http://` + strings.Repeat("a", size-10) + `"`,
		"digits":                strings.Repeat("1", size),
		"space":                 "[" + strings.Repeat(" ", size) + "]",
		"one key":               `{"` + strings.Repeat("k", size-10) + `":1}`,
		"commas":                "[" + strings.Repeat(",", size),
	}
	values["different strings"] = "[" + strings.TrimSuffix(numbered(`"%06d",`, size/9), ",") + "]"
	values["many keys"] = "{" + strings.TrimSuffix(numbered(`"%06d":0,`, size/11), ",") + "}"
	values["short keys"] = "{" + strings.TrimSuffix(numbered(`"%x":0,`, size/11), ",") + "}"
	values["many keys, the last twice"] = "{" + numbered(`"%06d":0,`, size/11-2) + `"000000":0}`
	values["escaped keys"] = "{" + strings.TrimSuffix(numbered(`"\u0061%06d":0,`, size/18), ",") + "}"
	for _, keys := range []int{3, 12, 13, 25, 100} {
		item := "{" + strings.TrimSuffix(numbered(`"%02d":0,`, keys), ",") + "},"
		values[fmt.Sprintf("objects of %d keys", keys)] = fill("[", item, "]")
	}
	long := strings.Repeat("p", size/13)
	values["12 long keys"] = "{" + strings.TrimSuffix(numbered(`"`+long+`%x":0,`, 12), ",") + "}"
	return values
}

// BenchmarkValidator_Valid is what nearly every message costs.
func BenchmarkValidator_Valid(b *testing.B) {
	v, raw := setup(b).Validator, []byte(valid)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Validate(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidator_Judged is the same without the prover.
func BenchmarkValidator_Judged(b *testing.B) {
	v, raw := setup(b), []byte(valid)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Judge(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidator_Edited is a message without tags, into which the default is filled.
func BenchmarkValidator_Edited(b *testing.B) {
	v, raw := setup(b).Validator, []byte(with(`"tags":`, ``))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Validate(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidator_Invalid has three violations.
func BenchmarkValidator_Invalid(b *testing.B) {
	v, raw := setup(b).Validator, []byte(`{"contact":{"external_id":"","channel":"sms","timestamp":"2026-01-31T12:00:00Z"},"priority":9,"callback_url":"http://x"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Validate(raw); err == nil {
			b.Fatal("valid")
		}
	}
}

// BenchmarkValidator_Large is 900 kB of metadata that no rule is about.
func BenchmarkValidator_Large(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	var m strings.Builder
	for i := range 15_000 {
		fmt.Fprintf(&m, `,"key%d":{"id":%d,"name":"some text, %d"}`, i, r.Uint32(), i)
	}
	v, raw := setup(b).Validator, []byte(contact(`"metadata":`, "{"+m.String()[1:]+"}"))
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Validate(raw); err != nil {
			b.Fatal(err)
		}
	}
}
