package main

import (
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/genesys"
)

func (a *app) invocationsListCmd() *cobra.Command {
	var bounds historyBounds
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the Data Action's invocations, all pages of them",
		Long: `List the Data Action's invocations, all pages of them, in the API's order. Reading is bounded in pages
and in time; what was read when a bound strikes, or the API fails, is printed before the error. Pages
that lead back to one that was read already are an error too.

With -o json or ndjson, each invocation is printed as the API gave it.

Exit code 0 if everything was read, 1 if not, 4 if the credentials were refused.`,
		Example: `  sluice invocations list --limit 20
  sluice invocations list -o ndjson | jq -r 'select(.status == "FAILED") | .invocationId'`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "invocations that are listed at most; 0 for all")
	bounds.add(cmd, 5*time.Minute, "how long reading may take")
	output := outputFlag(cmd)
	historySettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if limit < 0 {
			return usageError("--limit: must not be negative (got %d)", limit)
		}
		if err := bounds.validate(); err != nil {
			return err
		}
		return a.invocationsList(cmd, bounds, limit, *output)
	}
	return cmd
}

func (a *app) invocationsList(cmd *cobra.Command, bounds historyBounds, limit int, output outputFormat) error {
	client, err := a.openHistory(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := bounds.within(cmd.Context())
	defer cancel()
	query := genesys.HistoryQuery{PageSize: bounds.pageSize, MaxPages: bounds.maxPages}
	if limit > 0 {
		query.PageSize = min(query.PageSize, limit+1) // one more tells whether there are more
	}
	read := ""
	query.OnPage = func(pages, invocations int) {
		read = fmt.Sprintf(" (%s on %s)", grouped(int64(invocations)), plural(int64(pages), "page"))
	}
	next, stop := iter.Pull2(client.History(ctx, query))
	defer stop()
	printer := a.invocationPrinter(output)
	n, more := 0, false
	var broken error
	for {
		var i genesys.Invocation
		var ok bool
		a.watched("reading invocations"+read, func(func(string)) { i, broken, ok = next() })
		if more = ok && broken == nil && limit > 0 && n == limit; !ok || broken != nil || more {
			break
		}
		n++
		if err := printer.print(i); err != nil {
			return err
		}
	}
	if err := printer.end(); err != nil {
		return err
	}
	switch {
	case broken != nil && cmd.Context().Err() != nil:
		return cmd.Context().Err()
	case broken != nil:
		return historyError(broken, plural(int64(n), "invocation")+" printed before")
	}
	text := plural(int64(n), "invocation")
	if more {
		text = "the first " + text + "; there are more: use a larger --limit"
	}
	fmt.Fprintln(a.streams.Err, text)
	return nil
}
