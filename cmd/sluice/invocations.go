package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
)

func (a *app) invocationsCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "invocations", Short: "Look at what the API knows of the Data Action's invocations", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.invocationsListCmd(), a.invocationsGetCmd())
	return cmd
}

// historySettings gives a command the settings that say whose history is read.
func historySettings(cmd *cobra.Command) {
	settings(cmd, "genesys.base_url", "genesys.login_url", "genesys.region", "genesys.api", "genesys.rate", "genesys.timeout",
		"genesys.client_id", "genesys.data_action_id")
}

// historyBounds are the flags that bound how much of the history is read.
type historyBounds struct {
	maxPages, pageSize int
	timeout            time.Duration
}

func (b *historyBounds) add(cmd *cobra.Command, timeout time.Duration, waits string) {
	cmd.Flags().IntVar(&b.maxPages, "max-pages", 1000, "pages that are read at most")
	cmd.Flags().IntVar(&b.pageSize, "page-size", 100, "invocations that a page is asked for")
	cmd.Flags().DurationVar(&b.timeout, "timeout", timeout, waits)
}

func (b *historyBounds) validate() error {
	switch {
	case b.maxPages < 1:
		return usageError("--max-pages: must be at least 1 (got %d)", b.maxPages)
	case b.pageSize < 1:
		return usageError("--page-size: must be at least 1 (got %d)", b.pageSize)
	case b.timeout <= 0:
		return usageError("--timeout: must be longer than 0 (got %s)", b.timeout)
	}
	return nil
}

// outOfTimeError is the cause of a context that --timeout ends.
type outOfTimeError time.Duration

func (e outOfTimeError) Error() string {
	return "not done within " + time.Duration(e).String() + " (--timeout)"
}

func (b *historyBounds) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, b.timeout, outOfTimeError(b.timeout))
}

// openHistory returns a client of an API that keeps a history. Close it.
func (a *app) openHistory(cmd *cobra.Command) (*genesys.Client, error) {
	cfg, err := a.load(cmd, config.ForInvocations)
	if err != nil {
		return nil, err
	}
	if genesys.API(cfg.Genesys.API) == genesys.APIIntegrations {
		return nil, &exitError{
			code: exitUsage,
			err: fmt.Errorf("genesys.api is integrations (%s), and that API keeps no history of invocations: "+
				"the answer to each invocation is its result, and there is nothing to list or to wait for", cfg.Origin("genesys.api")),
			try: "GENESYS_API=processes, where GENESYS_BASE_URL is a gateway that speaks it",
		}
	}
	client, err := newClient(cfg, nil, nil)
	if err != nil {
		return nil, err
	}
	a.warnOfStyle(cfg)
	return client, nil
}

// historyError says what ended the reading of a history, and what to do. It is to be told after what was read
// has been printed, which it names, where there is something.
func historyError(err error, printed string) error {
	if printed != "" {
		printed = "; " + printed
	}
	text := func(format string, args ...any) error { return fmt.Errorf(format+"%s", append(args, printed)...) }
	var late outOfTimeError
	var failed *genesys.Error
	if errors.As(err, &late) && errors.As(err, &failed) && failed.Kind == genesys.KindCanceled {
		err = late // that it was a request which it ended is no news
	}
	switch {
	case errors.As(err, &late):
		return &exitError{code: exitFailed, err: text("%w", err), try: "a longer --timeout"}
	case errors.Is(err, genesys.ErrMorePages):
		return &exitError{code: exitFailed, err: text("%w (--max-pages)", err), try: "a larger --max-pages"}
	case errors.Is(err, genesys.ErrPageRepeated):
		return &exitError{code: exitFailed, err: text("%w", err), try: "the gateway's operator: its paging is broken"}
	case !errors.As(err, &failed):
		return text("%w", err)
	}
	e := &exitError{code: exitFailed, err: text("%w", err)}
	switch failed.Kind {
	case genesys.KindUnauthorized:
		e.code, e.try = exitCredentials, "GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET of an OAuth client that the API accepts"
	case genesys.KindForbidden:
		e.try = "a role for the OAuth client that may read the Data Action's invocations"
	case genesys.KindNotFound:
		e.try = "see GENESYS_BASE_URL and GENESYS_DATA_ACTION_ID: there is no history of such a Data Action there"
	case genesys.KindNotSent:
		e.try = "is GENESYS_BASE_URL right, and is the host reachable from here?"
	case genesys.KindRefused:
		e.try = "a smaller --page-size, if that is what the API refuses"
	case genesys.KindUnreadable, genesys.KindServer, genesys.KindGateway, genesys.KindBroken,
		genesys.KindCanceled, genesys.KindInput, genesys.KindTooLarge, genesys.KindActionFailed, genesys.KindProcessing,
		genesys.KindRemote, genesys.KindRateLimited: // the text says enough
	}
	return e
}
