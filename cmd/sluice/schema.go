package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/schema"
)

func (a *app) schemaCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "schema", Short: "Show and check the schemas of payloads and dead letters, and compare with the contract", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.schemaShowCmd(), a.schemaLintCmd(), a.schemaPullCmd(), a.schemaDiffCmd(), a.schemaDeadLetterCmd())
	return cmd
}

func (a *app) schemaShowCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print the schema that payloads are checked against",
		Long: `Print the schema that payloads are checked against: the one that is configured, else the built-in
one, which is a good start for a schema of your own.`,
		Example: "  sluice schema show > my.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.load(cmd, config.ForValidate)
			if err != nil {
				return err
			}
			v, err := newValidator(cfg)
			if err != nil {
				return err
			}
			return a.printSchema(v.Source())
		},
	}
	settings(cmd, "schema.file")
	return cmd
}

func (a *app) schemaDeadLetterCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "dead-letter",
		Short: "Print the schema of the records on the dead-letter topic",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return a.printSchema(deadletter.JSONSchema()) },
	}
}

func (a *app) printSchema(source []byte) error {
	return writeOut(a.streams.Out, append(bytes.TrimRight(source, "\n"), '\n'))
}

func (a *app) schemaLintCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lint [FILE]",
		Short: "Check that a schema means what it says",
		Long: `Check that a schema means what it says: nothing in it is unknown, without effect, out of reach or
endless. FILE is a JSON Schema (draft-04, -06 or -07); without it, the configured one is checked.

Exit code 0 if the worker would take the schema, 1 if it would not, 2 if a file cannot be read.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.load(cmd, config.ForValidate)
			if err != nil {
				return err
			}
			file := cfg.Schema.File
			if len(args) > 0 {
				file = args[0]
			}
			return a.lintSchema(file)
		},
	}
	settings(cmd, "schema.file")
	return cmd
}

func (a *app) lintSchema(file string) error {
	if file == "" {
		return writeOut(a.streams.Out, []byte("ok       the built-in schema\n"))
	}
	style := a.streams.OutStyle()
	_, err := schema.Load(file, schema.Options{})
	var refused *schema.LintError
	switch {
	case err == nil:
		return writeOut(a.streams.Out, []byte(style.Green("ok")+"       "+file+"\n"))
	case !errors.As(err, &refused):
		return &exitError{code: exitUsage, err: err}
	}
	var b bytes.Buffer
	for _, p := range refused.Problems {
		fmt.Fprintln(&b, p)
	}
	if err := writeOut(a.streams.Out, b.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(a.streams.Err, "%s: %s; the worker would not start with it\n", file, plural(int64(len(refused.Problems)), "problem"))
	return errSilent
}
