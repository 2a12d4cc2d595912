package deadletter

import (
	"fmt"
	"io"
	"strings"
)

// WriteDocs writes the explanations of codes, classes and outcomes as Markdown. The error is that of w.
func WriteDocs(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| code | whose move | what happened |\n| --- | --- | --- |\n")
	for _, e := range Codes() {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", e.Code, anchor(e.Code), e.Move.Whose(), firstSentence(e.Meaning))
	}
	for _, e := range Codes() {
		e.write(&b)
	}
	writeTerms(&b, "Classes", Classes())
	writeTerms(&b, "Outcomes", Outcomes())
	_, err := io.WriteString(w, b.String())
	return err
}

func (e Explanation) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n", e.Code, e.Meaning)
	fmt.Fprintf(b, "- **Whose move**: %s: %s.\n", e.Move.Whose(), e.Move.Why)
	fmt.Fprintf(b, "- **Did the action run?** %s\n- **Is it the message's fault?** %s\n- **Usual causes**\n", e.Ran, e.Fault)
	for _, cause := range e.Causes {
		fmt.Fprintf(b, "  - %s\n", cause)
	}
	b.WriteString("- **What to do**\n")
	for i, step := range e.Do {
		fmt.Fprintf(b, "  %d. %s\n", i+1, step)
	}
	b.WriteString("\n```\n")
	for _, c := range e.Next {
		fmt.Fprintf(b, "%-46s # %s\n", c.Typed, c.What)
	}
	b.WriteString("```\n")
}

func writeTerms(b *strings.Builder, title string, terms []Term) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	for _, t := range terms {
		fmt.Fprintf(b, "- `%s`: %s\n", t.Name, t.Meaning)
	}
}

// anchor returns what a heading is linked by.
func anchor(code string) string {
	return strings.NewReplacer("{", "", "}", "").Replace(strings.ToLower(code))
}

func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(sentence, ".")
}
