package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/sluice-kafka/sluice/schema"
)

func TestLocate(t *testing.T) {
	const raw = ` { "a" : { "b" : [ 10, "x\"]" , {} ] , "" : null, "a/b~c" : true , "\u00e9" : -1.5e3 } , "s" : "{[" , "a":9 } `
	for _, row := range []struct {
		name, pointer, want string
		ok                  bool
	}{
		{"document", "", strings.TrimSpace(raw), true},
		{"object", "/a/b", `[ 10, "x\"]" , {} ]`, true},
		{"first item", "/a/b/0", `10`, true},
		{"string with bracket", "/a/b/1", `"x\"]"`, true},
		{"last item", "/a/b/2", `{}`, true},
		{"empty key", "/a/", `null`, true},
		{"escaped pointer", "/a/a~1b~0c", `true`, true},
		{"escaped key", "/a/é", `-1.5e3`, true},
		{"string", "/s", `"{["`, true},
		{"key that is there twice", "/a/b/0", `10`, true},

		{"missing member: its object", "/a/b/2/c", `{}`, true},
		{"missing deeper: the nearest", "/a/b/2/c/d/e", `{}`, true},
		{"missing item: its array", "/a/b/3", `[ 10, "x\"]" , {} ]`, true},
		{"not an index", "/a/b/01", `[ 10, "x\"]" , {} ]`, true},
		{"into a scalar", "/s/0", `"{["`, true},

		{"no pointer", "a", "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			start, end, ok := schema.Locate([]byte(raw), row.pointer)
			assert.Equal(t, row.ok, ok)
			assert.Equal(t, row.want, raw[start:end])
		})
	}
}

func TestLocate_BrokenDocument(t *testing.T) {
	for _, raw := range []string{"", " ", "{", `{"a`, `{"a"`, `{"a":`, `{"a":[`, `{"a":[1,`, `"x`, `}`, `,`} {
		for _, pointer := range []string{"", "/a", "/a/1", "/b"} {
			_, _, ok := schema.Locate([]byte(raw), pointer)
			assert.False(t, ok, "%s %s", raw, pointer)
		}
	}
	start, end, ok := schema.Locate([]byte(`{"a":[1,2],"b":`), "/a/1")
	assert.True(t, ok, "what can be read before the break is found")
	assert.Equal(t, [2]int{8, 9}, [2]int{start, end})
}

// Whatever stands in front, the bytes found are those of the value.
func TestLocate_FindsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.String(), 1, 6, rapid.ID).Draw(t, "keys")
		members := map[string]string{}
		for _, k := range keys {
			members[k] = rapid.String().Draw(t, "value")
		}
		raw, err := json.MarshalIndent([]any{1, members}, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		var back []json.RawMessage
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(back[1], &want); err != nil {
			t.Fatal(err)
		}
		for key, value := range want {
			token := strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
			start, end, ok := schema.Locate(raw, "/1/"+token)
			if !ok || string(raw[start:end]) != string(value) {
				t.Fatalf("key %q: got %s, want %s", key, raw[start:end], value)
			}
		}
	})
}
