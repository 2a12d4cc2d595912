package config

import (
	"fmt"
	"io"
	"strings"
)

// WriteDocs writes the table of all settings as Markdown. The error is that of w.
func WriteDocs(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| variable | in sluice.yaml | default | |\n| --- | --- | --- | --- |\n")
	for _, k := range Keys() {
		variable := "`" + k.Variable + "`"
		if k.Secret {
			variable += " or `" + k.Variable + fileVariable + "`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", variable, k.Path, k.Default, k.Doc)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
