package deadletter

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGlance_SeesWhatDecodeSees(t *testing.T) {
	for _, code := range codes {
		r := sample(code)
		for name, value := range map[string][]byte{"as written": Encode(r), "indented": indented(t, Encode(r))} {
			g, ok := glanceAt(value)
			require.True(t, ok, name)
			require.Equal(t, r.Outcome, g.outcome, name)
			want := ""
			if r.Payload != nil {
				want = hash(r.Payload)
			}
			require.Equal(t, want, g.payloadSHA256, name)
		}
	}
}

func indented(t *testing.T, value []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Indent(&b, value, "", "\t"))
	return b.Bytes()
}

// What stands inside other members, and inside strings, is passed over.
func TestGlance_IsNotFooledByWhatIsNested(t *testing.T) {
	for name, tt := range map[string]struct {
		value, outcome, sha string
		ok                  bool
	}{
		"the members":        {`{"outcome":"unknown","payload":{"sha256":"ab"}}`, "unknown", "ab", true},
		"nested ones":        {`{"details":{"outcome":"no","payload":{"sha256":"no"},"a":[{"b":"]}\""}]},"outcome":"yes"}`, "yes", "", true},
		"in the payload":     {`{"payload":{"json":{"sha256":"no","x":[1,{}]},"null":false,"sha256":"yes"},"n":-1.5e3}`, "", "yes", true},
		"in a string":        {`{"message":"\",\"outcome\":\"no\\","outcome":"yes"}`, "yes", "", true},
		"empty":              {` { } `, "", "", true},
		"null":               {`null`, "", "", false},
		"cut off":            {`{"outcome":"unk`, "", "", false},
		"cut off in a value": {`{"details":{"a":[`, "", "", false},
		"no value":           {`{"details":}`, "", "", false},
		"of another type":    {`{"outcome":3}`, "", "", false},
		"an array":           {`["outcome"]`, "", "", false},
		"nothing":            {``, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			g, ok := glanceAt([]byte(tt.value))
			require.Equal(t, tt.ok, ok)
			if ok {
				require.Equal(t, tt.outcome, string(g.outcome))
				require.Equal(t, tt.sha, g.payloadSHA256)
			}
		})
	}
}

// FuzzGlance compares with a parser: of every record that decodes, the glance sees the same.
func FuzzGlance(f *testing.F) {
	for _, code := range codes {
		f.Add(Encode(sample(code)))
	}
	f.Add([]byte(`{"a":"\\\"","outcome" : "x" , "payload":{"sha256":"y"}}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		g, ok := glanceAt(value)
		var w struct {
			Outcome string `json:"outcome"`
			Payload struct {
				SHA256 string `json:"sha256"`
			} `json:"payload"`
		}
		if json.Unmarshal(value, &w) != nil {
			return
		}
		// encoding/json takes names in any case, resolves escapes and repairs UTF-8: those who write records need none of it.
		low := strings.ToLower(string(value))
		if strings.Contains(low, `\`) || !json.Valid(value) || low != string(value) || strings.ToValidUTF8(low, "") != low ||
			strings.Count(low, `"outcome"`) > 1 || strings.Count(low, `"sha256"`) > 1 || strings.Count(low, `"payload"`) > 1 {
			return
		}
		if ok {
			require.Equal(t, w.Outcome, string(g.outcome), "%s", value)
			require.Equal(t, w.Payload.SHA256, g.payloadSHA256, "%s", value)
		} else { // null where a string or an object should be, which parsing takes for nothing
			require.Contains(t, low, "null", "%s", value)
		}
	})
}
