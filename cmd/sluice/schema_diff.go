package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/term"
	"github.com/sluice-kafka/sluice/schema"
)

// anySide is the --refused-by that counts both sides.
const anySide = "any"

func (a *app) schemaDiffCmd() *cobra.Command {
	var file, side string
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Compare the schema, through the input mapping, with the action's contract",
		Long: `Compare the schema, through the input mapping (genesys.input), with the contract of the Data Action's
input: field by field, where one accepts what the other refuses.

What the action refuses fails: a message that passes the schema is answered 400 and dead-lettered. What
the schema refuses is dead-lettered although the action would take it; that may be meant. What neither
refuses is told too: a property that is never sent, a name that the contract does not know.

The contract is read from the API, which needs GENESYS_API=integrations and the permission
integrations:action:view, or from a file (see sluice schema pull). The action is not run.

Exit code 0 if there is no drift, 1 if there is, 3 if there is no such action, 4 if the client may not
look at it.`,
		Example: `  sluice schema diff
  sluice schema diff --refused-by action -o json
  sluice schema diff --contract action.schema.json`,
		Args: cobra.NoArgs,
	}
	output := outputFlag(cmd)
	cmd.Flags().StringVar(&file, "contract", "", "`file` with the contract, instead of asking the API")
	cmd.Flags().StringVar(&side, "refused-by", anySide, "`side` whose refusals are drift: action, schema or any")
	settings(cmd, "schema.", "genesys.")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return a.schemaDiff(cmd, file, side, *output) }
	return cmd
}

func (a *app) schemaDiff(cmd *cobra.Command, file, side string, output outputFormat) error {
	if !slices.Contains([]string{anySide, refusedByAction, refusedBySchema}, side) {
		return usageError("--refused-by: use action, schema or any (got %q)", side)
	}
	need := config.ForInvoke
	if file != "" {
		need = config.NeedSchema | config.NeedGenesys
	}
	cfg, err := a.load(cmd, need)
	if err != nil {
		return err
	}
	in := inputConfig(cfg)
	if _, err := genesys.NewMapping(in); err != nil {
		return &exitError{code: exitUsage, err: placedInput(cfg, err)}
	}
	v, err := newValidator(cfg)
	if err != nil {
		return err
	}
	if err := checkInput(cfg, v); err != nil {
		return err
	}
	c, err := a.contract(cmd.Context(), cfg, file)
	if err != nil {
		return err
	}
	all := findDrift(v, c, in)
	if err := a.printDrift(all, output); err != nil {
		return err
	}
	byAction, bySchema := countDrift(all)
	fmt.Fprintln(a.streams.Err, driftSummary(byAction, bySchema))
	if in.Map == nil && in.Mode != genesys.InputFlat && byAction > 0 {
		if flat, _ := countDrift(findDrift(v, c, genesys.Input{Mode: genesys.InputFlat})); flat < byAction {
			fmt.Fprintf(a.streams.Err, "%s GENESYS_INPUT=flat, with which the action refuses %d\n", a.streams.ErrStyle().Bold("Try:"), flat)
		}
	}
	if side != refusedBySchema && byAction > 0 || side != refusedByAction && bySchema > 0 {
		return errSilent
	}
	return nil
}

// contract reads the contract from a file, or from the API where none is named.
func (a *app) contract(ctx context.Context, cfg *config.Config, file string) (*schema.Contract, error) {
	if file != "" {
		return contractFile(file)
	}
	client, err := newClient(cfg, nil, nil)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var c *schema.Contract
	a.watched("asking for the contract", func(func(string)) { _, c, err = readContract(ctx, client) })
	if err != nil {
		return nil, contractError(ctx, cfg, client, err)
	}
	return c, nil
}

// maxContract bounds a contract's file, as the API's answer is.
const maxContract = 1 << 20

func contractFile(name string) (*schema.Contract, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: &unreadableError{name, err}}
	}
	defer f.Close() //nolint:errcheck // only read from
	source, err := io.ReadAll(io.LimitReader(f, maxContract+1))
	if err == nil && len(source) > maxContract {
		err = errors.New("larger than 1 MiB, which no contract is")
	}
	if err != nil {
		return nil, &exitError{code: exitUsage, err: &unreadableError{name, err}}
	}
	c, err := schema.ReadContract(source)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: fmt.Errorf("%s: %w", name, err)}
	}
	return c, nil
}

// driftSummary counts in words.
func driftSummary(byAction, bySchema int) string {
	if byAction+bySchema == 0 {
		return "no drift: the action takes what the schema accepts, and the schema accepts what the action takes"
	}
	return fmt.Sprintf("drift: %s that the action refuses, %d that the schema refuses", plural(int64(byAction), "thing"), bySchema)
}

func (a *app) printDrift(all []drifted, output outputFormat) error {
	if !output.forPeople() {
		objects := objectWriter{out: a.streams.Out, format: output}
		for _, d := range all {
			if err := objects.add(d); err != nil {
				return err
			}
		}
		return objects.end()
	}
	if len(all) == 0 {
		return nil
	}
	const do = 5
	t := term.Table{Header: []string{"FIELD", "DIFFERS IN", "THE SCHEMA SAYS", "THE ACTION SAYS", "REFUSED BY", "WHAT TO DO"}, Flexible: do}
	for _, d := range all {
		field := d.Field
		if field == "" {
			field = "(the whole)"
		}
		t.Rows = append(t.Rows, []string{
			term.Shorten(term.Visible(field), 48), d.Kind, term.Shorten(term.Visible(d.Schema), 48), term.Shorten(term.Visible(d.Action), 48), d.RefusedBy, d.Do,
		})
	}
	return a.streams.Print(t)
}
