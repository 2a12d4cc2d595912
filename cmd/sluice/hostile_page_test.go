package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const hostilePageFile = "../../docs/hostile-payloads.md"

// TestHostilePayloads_AreDocumented: docs/hostile-payloads.md says of every kind what the tests saw.
func TestHostilePayloads_AreDocumented(t *testing.T) {
	page := hostilePage()
	if *update {
		require.NoError(t, os.WriteFile(hostilePageFile, []byte(page), 0o600))
	}
	written, err := os.ReadFile(hostilePageFile)
	require.NoError(t, err)
	require.Equal(t, page, string(written), "run: go test ./cmd/sluice -run HostilePayloads_AreDocumented -update")
}

const hostilePageHead = `# Hostile payloads

What becomes of messages that a producer should not send, or that only look as if: %d kinds, each sent through a
running worker by ` + "`TestIntegration_Hostile…`" + ` (cmd/sluice), on the embedded broker and on Apache Kafka, with
the default schema. The page is written by that test's table; ` + "`go test ./cmd/sluice -run HostilePayloads -update`" + `
writes it anew.

*Delivered* means byte for byte, unless it says what changes. In code style stands the keyword of the first violation
of a message that is dead-lettered with VALIDATION_FAILED, and *at* is its JSON pointer (nothing: the payload as a
whole). Every dead letter gives back key, headers and value to the byte, where the dead-letter topic takes messages a
third and 256 KiB larger than the source topic does; one that sluice creates does. The good message behind each one
is delivered after it.

One thing costs memory: a compressed batch is unpacked whole, so the worker takes about three times the unpacked size
of the largest batch, however small it was on the wire.

What a string says is nobody's business here: it is checked for length and form where the schema asks, passed on, and
never resolved, logged, or put into a header.
`

func hostilePage() string {
	kinds := 0
	for _, g := range hostileGroups() {
		kinds += len(g.kinds)
	}
	var b strings.Builder
	fmt.Fprintf(&b, hostilePageHead, kinds)
	for _, g := range hostileGroups() {
		fmt.Fprintf(&b, "\n## %s\n\n| kind | becomes | at |\n| --- | --- | --- |\n", g.heading)
		for _, k := range g.kinds {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", markdownCell(k.name), k.end.says(), k.end.at())
		}
	}
	return b.String()
}

// says names the end for the page.
func (e ending) says() string {
	switch {
	case e.unseen:
		return "never seen"
	case e.change != "":
		return "delivered: " + e.change
	case e.code == "":
		return "delivered"
	case e.keyword == "":
		return string(e.code)
	}
	return "`" + e.keyword + "`"
}

// at is the pointer for the page. Long ones repeat themselves, and the rest of a line must stay a line.
func (e ending) at() string {
	const longest = 40
	switch {
	case e.path == "":
		return ""
	case len(e.path) > longest:
		return fmt.Sprintf("`%s…`, %d levels", e.path[:10], strings.Count(e.path, "/"))
	}
	quoted := fmt.Sprintf("%q", e.path)
	return "`" + strings.Trim(strings.ReplaceAll(quoted, "MARK", "…"), `"`) + "`"
}

func markdownCell(name string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "[", `\[`, "`", "\\`", "{", "&#123;", `\`, `\\`).Replace(name)
}
