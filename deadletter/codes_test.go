package deadletter

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/schema"
)

func TestCodes_ExplainEveryCode(t *testing.T) {
	explained := map[string]bool{}
	for _, e := range Codes() {
		require.False(t, explained[e.Code], "%s is explained twice", e.Code)
		explained[e.Code] = true
	}
	declared := constants(t, "Code")
	require.Len(t, declared, 9)
	for _, code := range declared {
		require.True(t, explained[code], "no explanation of %s", code)
	}
	for status := 100; status < 1000; status++ {
		code := CodeForStatus(status)
		e, ok := Explain(code)
		require.True(t, ok, code)
		require.Equal(t, string(code), e.Code)
	}
}

func TestCodes_LeaveNothingUnsaid(t *testing.T) {
	sentence := `^\S[^\n]*\.$`
	for _, e := range Codes() {
		require.Regexp(t, sentence, e.Meaning, e.Code)
		require.Regexp(t, sentence, e.Ran, e.Code)
		require.Regexp(t, sentence, e.Fault, e.Code)
		require.NotEmpty(t, e.Causes, e.Code)
		require.NotEmpty(t, e.Do, e.Code)
		for _, line := range append(e.Causes, e.Do...) {
			require.Regexp(t, sentence, line, e.Code)
		}
		require.NotEmpty(t, e.Move.Who, e.Code)
		require.Regexp(t, `^[a-z][^\n]*[^.]$`, e.Move.Why, e.Code)
		require.NotEmpty(t, e.Next, e.Code)
		for _, c := range e.Next {
			require.True(t, strings.HasPrefix(c.Typed, "sluice "), c.Typed)
		}
	}
}

func TestExplain_FindsTheClosestInEitherCase(t *testing.T) {
	for asked, want := range map[string]struct{ code, meaning string }{
		"validation_failed":    {"VALIDATION_FAILED", "breaks the schema"},
		"genesys_api_404":      {"GENESYS_API_404", "knows no such Data Action"},
		"GENESYS_API_302":      {"GENESYS_API_302", "redirected"},
		"GENESYS_API_599":      {"GENESYS_API_599", "service behind"},
		"GENESYS_API_418":      {"GENESYS_API_418", "with this status"},
		"GENESYS_API_5XX":      {"GENESYS_API_5xx", "service behind"},
		"genesys_api_{status}": {"GENESYS_API_{status}", "with this status"},
	} {
		e, ok := Explain(Code(asked))
		require.True(t, ok, asked)
		require.Equal(t, want.code, e.Code)
		require.Contains(t, e.Meaning, want.meaning)
	}
	e, _ := Explain("GENESYS_API_418")
	require.Equal(t, "sluice dlq ls --code GENESYS_API_418", e.Next[0].Typed)
	for _, none := range []string{"", "FAILED", "GENESYS_API_", "GENESYS_API_42", "GENESYS_API_042", "GENESYS_API_4222", "GENESYS_API_+42"} {
		_, ok := Explain(Code(none))
		require.False(t, ok, none)
	}
}

func TestTerms_AreAllClassesAndOutcomes(t *testing.T) {
	for typ, terms := range map[string][]Term{"Class": Classes(), "Outcome": Outcomes()} {
		var names []string
		for _, term := range terms {
			names = append(names, term.Name)
			require.NotEmpty(t, term.Meaning, term.Name)
		}
		require.ElementsMatch(t, constants(t, typ), names)
	}
}

// The records that the worker writes, and who has to act on them.
func TestRecord_MoveSaysWhoHasToAct(t *testing.T) {
	const unknown = OutcomeUnknown
	for _, tc := range []struct {
		code    Code
		class   Class
		outcome Outcome
		want    []Actor
	}{
		{CodeValidationFailed, ClassContract, OutcomeNotSent, []Actor{Producer}},
		{CodePayloadTooLarge, ClassContract, OutcomeNotSent, []Actor{Producer}},
		{CodeActionFailed, ClassPermanent, OutcomeExecuted, []Actor{Administrator}},
		{CodePermissionDenied, ClassPermanent, OutcomeRejected, []Actor{Administrator}},
		{CodePermissionDenied, ClassPermanent, unknown, []Actor{Operator, Administrator}},
		{CodeTokenFailed, ClassTransient, OutcomeNotSent, []Actor{Operator}},
		{CodeMaxRetriesExceeded, ClassTransient, OutcomeAnswered, []Actor{Nobody}},
		{CodeMaxRetriesExceeded, ClassUnknown, unknown, []Actor{Operator}},
		{CodeNetworkError, ClassTransient, OutcomeNotSent, []Actor{Nobody}},
		{CodeNetworkError, ClassUnknown, unknown, []Actor{Operator}},
		{CodeCircuitOpen, ClassTransient, OutcomeNotSent, []Actor{Nobody}},
		{CodeCircuitOpen, ClassTransient, unknown, []Actor{Operator}},
		{CodeInternalError, ClassInternal, OutcomeNone, []Actor{Operator}},
		{CodeForStatus(400), ClassPermanent, OutcomeRejected, []Actor{Producer, Administrator}},
		{CodeForStatus(400), ClassTransient, OutcomeAnswered, []Actor{Nobody}},
		{CodeForStatus(404), ClassPermanent, OutcomeRejected, []Actor{Operator}},
		{CodeForStatus(404), ClassPermanent, unknown, []Actor{Operator}},
		{CodeForStatus(422), ClassPermanent, unknown, []Actor{Operator, Producer, Administrator}},
		{CodeForStatus(429), ClassTransient, OutcomeRejected, []Actor{Operator}},
		{CodeForStatus(500), ClassTransient, OutcomeAnswered, []Actor{Nobody}},
		{CodeForStatus(500), ClassPermanent, OutcomeRejected, []Actor{Producer, Administrator}},
		{"OF_A_NEWER_VERSION", ClassContract, OutcomeNotSent, []Actor{Producer}},
		{"OF_A_NEWER_VERSION", "new", "new", []Actor{Operator}},
	} {
		r := Record{Code: tc.code, Class: tc.class, Outcome: tc.outcome}
		require.Equal(t, tc.want, r.Move().Who, "%s %s %s", tc.code, tc.class, tc.outcome)
	}
}

func TestRecord_MoveNeverSendsAgainWhatMayHaveRun(t *testing.T) {
	codes := append(constants(t, "Code"), "GENESYS_API_302", "GENESYS_API_422", "GENESYS_API_504", "GENESYS_API_999", "NEW")
	for _, code := range codes {
		for _, class := range append(constants(t, "Class"), "new") {
			r := Record{Code: Code(code), Class: Class(class)}
			for _, outcome := range append(constants(t, "Outcome"), "", "new") {
				r.Outcome = Outcome(outcome)
				require.NotEmpty(t, r.Move().Who, "%+v", r)
				require.NotEmpty(t, r.Move().Why, "%+v", r)
			}
			r.Outcome = OutcomeUnknown
			require.Equal(t, Operator, r.Move().Who[0], "%+v", r)
			require.NotContains(t, r.Move().Who, Nobody, "%+v", r)
			require.Contains(t, r.Move().Why, "find out whether the Data Action ran", "%+v", r)
		}
	}
}

// The page begins with what is written by hand; codes and keywords follow.
func TestWriteDocs_IsWhatTheDocumentationSays(t *testing.T) {
	const page, marker = "../docs/codes.md", "<!-- generated below this line: go test ./deadletter -update -->\n"
	var want bytes.Buffer
	require.NoError(t, WriteDocs(&want))
	writeKeywords(&want)
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	byHand, generated, ok := strings.Cut(string(text), marker)
	require.True(t, ok, "no marker in %s", page)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(byHand+marker+want.String()), 0o600))
		return
	}
	require.Equal(t, want.String(), generated, "run with -update if this is meant")
}

func writeKeywords(b *bytes.Buffer) {
	b.WriteString("\n## Keywords of violations\n\n| keyword | | schema | breaks it |\n| --- | --- | --- | --- |\n")
	cell := func(text string) string {
		if text == "" {
			return ""
		}
		return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
	}
	for _, e := range schema.Explanations() {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", e.Keyword, e.Meaning, cell(e.Schema), cell(e.Payload))
	}
}

// constants returns the values of the constants of a type in record.go, so that one that is added there cannot
// be forgotten here; the empty value is none.
func constants(t *testing.T, typ string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "record.go", nil, 0)
	require.NoError(t, err)
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typ {
			return true
		}
		for _, v := range spec.Values {
			text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			require.NoError(t, err)
			if text != "" {
				values = append(values, text)
			}
		}
		return true
	})
	require.NotEmpty(t, values, typ)
	return values
}
