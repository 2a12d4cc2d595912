package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFormats(t *testing.T) {
	for format, rows := range map[string]struct{ good, bad []string }{
		"date-time": {
			good: []string{
				"2026-01-31T12:00:00Z", "2026-01-31t12:00:00z", "2026-01-31T12:00:00+00:00", "2026-01-31T12:00:00-23:59",
				"2026-01-31T12:00:00-00:00", "2024-02-29T00:00:00Z", "2026-01-31T23:59:59.9Z", "2026-01-31T12:00:00.123456789012Z",
				"0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
				"1998-12-31T23:59:60Z", "1998-12-31T15:59:60.123-08:00", "1999-01-01T05:29:60+05:30", "2026-01-31T23:59:60Z",
			},
			bad: []string{
				"", "2026-01-31", "12:00:00Z", "2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "2026-01-31T12:00Z", "2026-1-31T12:00:00Z",
				"2026-01-31T1:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:61Z", "2026-02-29T12:00:00Z",
				"2026-13-01T12:00:00Z", "2026-00-01T12:00:00Z", "2026-01-32T12:00:00Z", "2026-01-31T12:00:00,5Z", "2026-01-31T12:00:00.Z",
				"2026-01-31T12:00:00.5", "2026-01-31T12:00:00+24:00", "2026-01-31T12:00:00+01:60", "2026-01-31T12:00:00+0100", "2026-01-31T12:00:00+01",
				"2026-01-31T12:00:00 Z", " 2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z ", "2026-01-31T12:00:00ZZ", "２０２６-01-31T12:00:00Z",
				"20260131T120000Z", "2026-W05-6T12:00:00Z", "+2026-01-31T12:00:00Z", "2026-01-31T12:00:00UTC", "2026-01-31T-1:00:00Z",
				"1998-12-31T22:59:60Z", "1998-12-31T23:58:60Z", "1998-12-31T23:59:60+01:00", "1998-12-30T23:59:60Z",
				"2026-01-31T12:00:00." + strings.Repeat("1", 100) + "Z",
			},
		},
		"date":                  {[]string{"2026-01-31", "2024-02-29"}, []string{"", "2026-1-31", "2026-02-29", "2026-01-31Z", "2026-01-31T00:00:00Z"}},
		"time":                  {[]string{"12:00:00Z", "12:00:00.5+01:00", "23:59:60Z", "00:29:60+00:30"}, []string{"", "12:00:00", "12:00Z", "1:00:00Z", "22:59:60Z", "25:00:00Z", "12:00:00."}},
		"email":                 {[]string{"a@b.example", `"a b"@c.example`, "é@x.example"}, []string{"", "a", "Bob <a@b.example>", "<a@b.example>", "a@", "a@b.example, c@d.example", strings.Repeat("a", 300) + "@b.example"}},
		"idn-email":             {[]string{"é@é.example"}, []string{"é"}},
		"hostname":              {[]string{"a", "a-b.example", "1.example", strings.Repeat("a", 63) + ".x"}, []string{"", "-a", "a-", "a..b", "a_b", "a.", strings.Repeat("a", 64), strings.Repeat("a.", 150) + "a"}},
		"ipv4":                  {[]string{"127.0.0.1"}, []string{"", "127.0.0", "256.0.0.1", "::ffff:1.2.3.4", "01.2.3.4", "1.2.3.4/8"}},
		"ipv6":                  {[]string{"::1", "::ffff:1.2.3.4", "2001:db8::"}, []string{"", "1.2.3.4", "fe80::1%eth0", ":::", "12345::"}},
		"uri":                   {[]string{"http://x", "urn:a:b", "http://x/%20?q#f", "mailto:a@b.example"}, []string{"", "/a", "a", "http://x/a b", "http://x/é", `http://x\y`, "http://x/{a}", "http://x/%zz"}},
		"uri-reference":         {[]string{"", "/a", "a?b#c", "http://x"}, []string{"a b", "é", `\\x`, "%zz"}},
		"iri":                   {[]string{"http://x/é", "http://x"}, []string{"é", "http://x/a b"}},
		"iri-reference":         {[]string{"", "é", "/a"}, []string{"a b", `a\b`}},
		"uri-template":          {[]string{"", "http://x/{a}/{?b,c}", "{+a}", "http://{host}/", "{|a}"}, []string{"{", "}", "{}", "{a", "{a{b}}", "a b{c}"}},
		"uuid":                  {[]string{"123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"}, []string{"", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"}},
		"regex":                 {[]string{"", "^a+$"}, []string{"(", "(?=x)", strings.Repeat("a", 5000)}},
		"json-pointer":          {[]string{"", "/", "/a~0b~1/0", "/~0~1"}, []string{"a", "/~", "/~2", "/a~", "#/a", "/~0~"}},
		"relative-json-pointer": {[]string{"0", "1#", "2/a~0"}, []string{"", "-1", "01", "a", "1/~", "1a"}},
	} {
		v := compile(t, fmt.Sprintf(`{"format": %q}`, format))
		for _, s := range rows.good {
			raw, err := json.Marshal(s)
			require.NoError(t, err)
			_, err = v.Validate(raw)
			assert.NoError(t, err, "%s: %q", format, s)
		}
		for _, s := range rows.bad {
			raw, err := json.Marshal(s)
			require.NoError(t, err)
			_, err = v.Validate(raw)
			assert.Equal(t, []broken{{"", "format"}}, violations(t, err), "%s: %q", format, s)
		}
		for _, raw := range []string{`1`, `null`, `[]`, `{}`, `true`} {
			_, err := v.Validate([]byte(raw))
			assert.NoError(t, err, "%s is about strings only", format)
		}
	}
}
