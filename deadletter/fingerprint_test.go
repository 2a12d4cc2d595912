package deadletter

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecord_Fingerprint(t *testing.T) {
	invalid := func(violations ...Violation) Record {
		return Record{Code: CodeValidationFailed, Violations: violations}
	}
	tag := func(path string) Violation { return Violation{Path: path, Keyword: "type", Message: "another " + path} }
	contact := Violation{Path: "/contact", Keyword: "required"}
	answer := Record{Code: CodeForStatus(400), Status: 400, APICode: "bad.request"}

	for name, pair := range map[string][2]Record{
		"array positions are left aside":   {invalid(tag("/tags/0")), invalid(tag("/tags/17"))},
		"how often does not matter":        {invalid(tag("/tags/0")), invalid(tag("/tags/1"), tag("/tags/2"))},
		"order does not matter":            {invalid(contact, tag("/tags/0")), invalid(tag("/tags/0"), contact)},
		"messages do not matter":           {answer, {Code: answer.Code, Status: 400, APICode: "bad.request", Message: "other"}},
		"what was cut does not matter":     {sample(CodeValidationFailed), fit(sample(CodeValidationFailed), 700).record},
		"positions in the middle are left": {invalid(tag("/a/0/b")), invalid(tag("/a/1/b"))},
	} {
		require.Equal(t, pair[0].Fingerprint(), pair[1].Fingerprint(), name)
	}
	for name, pair := range map[string][2]Record{
		"another property":       {invalid(tag("/tags/0")), invalid(tag("/tags/x"))},
		"another keyword":        {invalid(contact), invalid(Violation{Path: "/contact", Keyword: "type"})},
		"one more":               {invalid(contact), invalid(contact, tag("/tags/0"))},
		"another code":           {answer, {Code: CodeMaxRetriesExceeded, Status: 400, APICode: "bad.request"}},
		"another status":         {answer, {Code: answer.Code, Status: 401, APICode: "bad.request"}},
		"another API code":       {answer, {Code: answer.Code, Status: 400, APICode: "other"}},
		"a number with a zero":   {invalid(tag("/a/0")), invalid(tag("/a/00"))},
		"bytes are not mixed up": {invalid(Violation{Path: "/a", Keyword: "bc"}), invalid(Violation{Path: "/ab", Keyword: "c"})},
	} {
		require.NotEqual(t, pair[0].Fingerprint(), pair[1].Fingerprint(), name)
	}
	require.Equal(t, "fba39081cea404da", answer.Fingerprint(), "stable for ever: records are grouped by it across versions")
}
