package schema

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExplanations_AreThoseOfEveryKeywordThatIsReported(t *testing.T) {
	want := map[string]bool{KeywordLiteral: true, "x-unique": true, "input": true} // the last is found after validation
	for _, keyword := range DecodingKeywords() {
		want[keyword] = true
	}
	for _, w := range wordings {
		want[w.keyword] = true
	}
	got := map[string]bool{}
	for _, e := range Explanations() {
		require.False(t, got[e.Keyword], "%s is explained twice", e.Keyword)
		require.Regexp(t, `^\S.*\.$`, e.Meaning, e.Keyword)
		require.Equal(t, e.Schema == "", e.Payload == "", e.Keyword)
		got[e.Keyword] = true
	}
	require.Equal(t, want, got)
}

func TestExplanations_ExamplesBreakTheRuleTheyExplain(t *testing.T) {
	for _, e := range Explanations() {
		if e.Schema == "" {
			continue
		}
		v, err := Compile([]byte(e.Schema), Options{})
		require.NoError(t, err, e.Keyword)
		_, err = v.Validate([]byte(e.Payload))
		var invalid *Error
		require.True(t, errors.As(err, &invalid), "%s: %v", e.Keyword, err)
		var keywords []string
		for _, bad := range invalid.Violations {
			keywords = append(keywords, bad.Keyword)
		}
		require.Contains(t, keywords, e.Keyword)
	}
}
