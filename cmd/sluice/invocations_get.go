package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/term"
)

func (a *app) invocationsGetCmd() *cobra.Command {
	var bounds historyBounds
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Show one invocation, once it has ended",
		Long: `Show one invocation, once it has ended: the history is read again and again until then, at most for
--timeout. ID is the invocationId that sluice invoke prints.

The API has no request for a single invocation, so the history is read up to it. One that is not listed
is looked for three times, since the API may list it a moment after it was accepted.

Exit code 0 if it has ended well, 1 if it has failed, has not ended in time or the API failed, 3 if there
is no such invocation, 4 if the credentials were refused.`,
		Example: `  sluice invocations get 5c8a9d52-8a0b-4c55-9d0c-3f1b6c5f8f7e
  sluice invocations get 5c8a9d52-8a0b-4c55-9d0c-3f1b6c5f8f7e --timeout 30s -o json | jq -r .status`,
		Args: oneInvocation,
	}
	bounds.add(cmd, 5*time.Minute, "how long to wait for its end")
	output := outputFlag(cmd)
	historySettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := bounds.validate(); err != nil {
			return err
		}
		return a.invocationsGet(cmd, args[0], bounds, *output)
	}
	return cmd
}

func oneInvocation(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return errors.New("name the ID of one invocation; sluice invocations list lists them")
	}
	return nil
}

func (a *app) invocationsGet(cmd *cobra.Command, id string, bounds historyBounds, output outputFormat) error {
	client, err := a.openHistory(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := bounds.within(cmd.Context())
	defer cancel()
	query := genesys.HistoryQuery{PageSize: bounds.pageSize, MaxPages: bounds.maxPages}
	var found genesys.Invocation
	a.watched("waiting for "+term.Visible(id), func(say func(string)) {
		found, err = client.Await(ctx, id, query, func(i genesys.Invocation) { say(statusText(i)) })
	})
	seen := found.Raw != nil
	if seen {
		if err := a.printInvocation(found, output); err != nil {
			return err
		}
	}
	switch {
	case err != nil && cmd.Context().Err() != nil:
		return cmd.Context().Err()
	case errors.Is(err, genesys.ErrNoInvocation) && ctx.Err() == nil:
		return &exitError{code: exitNotFound, err: err, try: "sluice invocations list"}
	case err != nil && seen:
		return historyError(err, "it is "+statusText(found)+" as it was seen last")
	case err != nil:
		return historyError(err, "")
	case found.State() == genesys.StateFailed:
		fmt.Fprintf(a.streams.Err, "%s the invocation has ended as %s\n", a.streams.ErrStyle().Red("Error:"), statusText(found))
		return errSilent
	}
	return nil
}

func statusText(i genesys.Invocation) string {
	if i.Status == "" {
		return i.State().String()
	}
	return term.Visible(i.Status)
}

// printInvocation prints one invocation, with all that the API tells of it.
func (a *app) printInvocation(i genesys.Invocation, output outputFormat) error {
	if !output.forPeople() {
		objects := objectWriter{out: a.streams.Out, format: output, bare: true}
		if err := objects.add(i.Raw); err != nil {
			return err
		}
		return objects.end()
	}
	style := a.streams.OutStyle()
	s := sheet{style: style}
	s.field("invocation", style.Bold(term.Visible(i.ID)))
	s.field("status", coloured(style, i))
	if !i.Started.IsZero() {
		s.field("started", stamp(i.Started))
	}
	if !i.Ended.IsZero() {
		s.field("ended", stamp(i.Ended))
		if !i.Started.IsZero() {
			s.field("took", i.Ended.Sub(i.Started).Round(time.Millisecond).String())
		}
	}
	s.section("All that the API tells", "")
	s.WriteString(term.Indent(renderPayload(style, i.Raw, nil), "  "))
	return writeOut(a.streams.Out, []byte(s.String()))
}
