package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/term"
	"github.com/sluice-kafka/sluice/schema"
)

func (a *app) schemaPullCmd() *cobra.Command {
	var file string
	var yes bool
	cmd := &cobra.Command{
		Use:   "pull",
		Short: "Write the contract of the action's input as a schema file",
		Long: `Write the contract of the Data Action's input as a schema file, and say which settings go with it.

The contract describes what the action is sent, after the input mapping (genesys.input). Where payloads
look like that already, the file can be the schema (SLUICE_SCHEMA). Elsewhere it is something to compare
with (sluice schema diff --contract FILE), and the mapping that leads from payloads to it is proposed on
standard error.

It needs GENESYS_API=integrations and the permission integrations:action:view. The action is not run. A
file that is there already is not overwritten without --yes.

Exit code 0 if it was written, 1 if the contract is none that sluice can take, 3 if there is no such
action, 4 if the client may not look at it, 6 if the file is there and differs.`,
		Example: `  sluice schema pull
  sluice schema pull --out action.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.schemaPull(cmd, file, yes) },
	}
	cmd.Flags().StringVar(&file, "out", "", "`file` to write (default: standard output)")
	cmd.Flags().BoolVar(&yes, "yes", false, "overwrite the file")
	settings(cmd, "schema.", "genesys.")
	return cmd
}

func (a *app) schemaPull(cmd *cobra.Command, file string, yes bool) error {
	cfg, err := a.load(cmd, config.ForInvoke)
	if err != nil {
		return err
	}
	client, err := newClient(cfg, nil, nil)
	if err != nil {
		return err
	}
	defer client.Close()
	var action genesys.Action
	var c *schema.Contract
	a.watched("asking for the contract", func(func(string)) { action, c, err = readContract(cmd.Context(), client) })
	if err != nil {
		return contractError(cmd.Context(), cfg, client, err)
	}
	source, notes, err := c.Schema()
	if err != nil {
		return fmt.Errorf("the contract is none that sluice can take as a schema: %w", err)
	}
	if err := a.writeSchema(file, source, yes); err != nil {
		return err
	}
	fmt.Fprintf(a.streams.Err, "the contract of %q, version %d\n", term.Visible(action.Name), action.Version)
	for _, at := range notes {
		fmt.Fprintf(a.streams.Err, "%s is not JSON Schema that sluice enforces: kept as a note (x-)\n", term.Visible(at))
	}
	a.adviseMapping(cfg, c, file)
	return nil
}

// writeSchema writes the file, or to standard output where none is named.
func (a *app) writeSchema(file string, source []byte, yes bool) error {
	if file == "" {
		return writeOut(a.streams.Out, source)
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if yes {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(file, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, source) {
			return writeOut(a.streams.Out, []byte(file+" is the contract already\n"))
		}
		return &exitError{code: exitUnconfirmed, err: fmt.Errorf("%s is there, and differs from the contract; nothing was written", file),
			try: "--yes to overwrite it, or another --out"}
	}
	if err == nil {
		_, err = f.Write(source)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("cannot write %s: %w", file, innermost(err))}
	}
	return writeOut(a.streams.Out, []byte(file+" written\n"))
}

// adviseMapping says which settings lead from payloads, as the schema knows them, to the contract.
func (a *app) adviseMapping(cfg *config.Config, c *schema.Contract, file string) {
	v, unusable := newValidator(cfg)
	if unusable != nil {
		fmt.Fprintln(a.streams.Err, "no mapping is proposed: the schema of payloads cannot be used, see sluice schema lint")
		return
	}
	if file == "" {
		file = "FILE"
	}
	refused := func(in genesys.Input) int {
		byAction, _ := countDrift(findDrift(v, c, in))
		return byAction
	}
	out, now := a.streams.Err, inputConfig(cfg)
	switch flat := (genesys.Input{Mode: genesys.InputFlat}); {
	case refused(now) == 0:
		fmt.Fprintf(out, "\nThe schema and genesys.input fit it as they are: whatever payload the schema accepts, the action takes.\n")
		return
	case len(notFlat(v.Fields())) == 0 && refused(flat) == 0:
		fmt.Fprintf(out, "\nIt fits the payloads of the present schema once these are flattened. In sluice.yaml:\n\ngenesys:\n  input: flat\n")
	default:
		fmt.Fprintf(out, "\nTo send it from the payloads of the present schema, name the source of each property. In sluice.yaml:\n\n%s", mappingYAML(v.Fields(), c.Properties()))
	}
	fmt.Fprintf(out, "\nWhere payloads look like the contract already, it is the schema: SLUICE_SCHEMA=%s and GENESYS_INPUT=payload.\nThen: sluice schema diff\n", file)
}

// mappingYAML proposes a map: each property of the contract from the field whose name is like its own. What has
// none is left to the reader.
func mappingYAML(fields, properties []schema.Field) string {
	var b strings.Builder
	b.WriteString("genesys:\n  input:\n")
	for _, p := range properties {
		need := "optional"
		if p.Required {
			need = "required"
		}
		if from := likeliest(p.Name, fields); from != "" {
			fmt.Fprintf(&b, "    %s: %s\n", term.Visible(p.Name), yamlScalar(from))
		} else {
			fmt.Fprintf(&b, "    # %s:   # %s, %s: a JSON pointer, $id, $key, $timestamp or $header.NAME\n", term.Visible(p.Name), term.Visible(p.Accepts), need)
		}
	}
	return b.String()
}

// likeliest returns the pointer of the field that a property was most likely named after: by its whole name, or
// else, where there is only one such, by its last.
func likeliest(name string, fields []schema.Field) string {
	var byEnd []string
	for _, f := range fields {
		_, last, _ := cutPointer(f.Pointer)
		switch plainName(name) {
		case plainName(f.Name):
			return f.Pointer
		case plainName(last):
			byEnd = append(byEnd, f.Pointer)
		}
	}
	if len(byEnd) == 1 {
		return byEnd[0]
	}
	return ""
}

// plainName leaves out of a name what conventions differ in.
func plainName(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// yamlScalar quotes a pointer where YAML would read something else.
func yamlScalar(text string) string {
	if strings.ContainsAny(text, " :#'\"\\{}[],&*?|<>=!%@`") {
		return fmt.Sprintf("%q", text)
	}
	return text
}
