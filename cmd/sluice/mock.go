package main

import (
	"fmt"
	"net"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/telemetry"
)

func (a *app) mockCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use: "mock", Short: "Fakes to try the worker against", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.mockGenesysCmd(), a.mockKafkaCmd())
	return cmd
}

func (a *app) mockGenesysCmd() *cobra.Command {
	var addr, admin string
	cmd := &cobra.Command{
		Use:   "genesys",
		Short: "A fake Genesys Cloud",
		Long: `A fake Genesys Cloud that accepts any credentials and any action. Switch faults while it runs:

  curl -X PUT    HOST:PORT/_faults -d '{"status":503}'        answer 503 to everything
  curl -X PUT    HOST:PORT/_faults -d '{"hang":true,"rate":0.1,"for":"1m"}'
  curl -X DELETE HOST:PORT/_faults                             serve again
  curl           HOST:PORT/_executions                         what was executed

Other faults, which PUT takes alone, together, or as a list:

  {"status":503,"for":"10s","every":"1m"}                a storm that comes back
  {"latency":{"p50":"80ms","p99":"2s"}}                  answers that take their time
  {"reset":true,"execute":true,"paths":"invoke"}         executed, and the answer lost
  {"status":400,"action_code":"ACTION.REMOTE_ENDPOINT"}  the failure of a third party
  {"status":500,"match":"customer-13"}                   one poison customer among good ones
  {"revoke":true}                                        the tokens issued so far are dead

A fault has one or more of status (with code, message, action_code, retry_after, location), hang, reset,
half_close, refuse, execute; body, content_type, pad, gzip, cut, close; delay, latency; revoke, token_life,
expires_in; and paths (all, token, invoke, history, action, limits), match, rate, for, every.

In the style integrations it tells a contract, which is another one after:

  curl -X PUT    HOST:PORT/_action -d '{"input_schema":{"type":"object","required":["queue"]}}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.mockGenesys(cmd, addr, admin) },
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:8090", "`host:port` to listen at")
	// Not a setting: what is exported for the worker must not make this one take the worker's address.
	cmd.Flags().StringVar(&admin, "admin-addr", "", "`host:port` where sluice health is answered too; else nowhere")
	return cmd
}

func (a *app) mockGenesys(cmd *cobra.Command, addr, admin string) error {
	ctx := cmd.Context()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return &exitError{code: exitUsage, err: fmt.Errorf("cannot listen at %s: %w: choose another --addr", addr, innermost(err))}
	}
	fake := genesystest.New(genesystest.Options{})
	fmt.Fprintf(a.streams.Err, "fake Genesys Cloud at http://%s; faults at /_faults, executions at /_executions; Ctrl-C stops\n\n"+
		"In another terminal, with Kafka at localhost:9092:\n"+
		"  GENESYS_BASE_URL=http://%[1]s GENESYS_CLIENT_ID=id GENESYS_CLIENT_SECRET=secret GENESYS_DATA_ACTION_ID=action sluice run\n", l.Addr())
	// The group's context ends with the first signal, or when either server fails.
	serving, within := errgroup.WithContext(ctx)
	if admin != "" {
		healthy, err := telemetry.Listen(ctx, admin, true, "--admin-addr")
		if err != nil {
			_ = l.Close()
			return &exitError{code: exitUsage, err: err}
		}
		serving.Go(func() error { return telemetry.NewAdmin(telemetry.AdminConfig{}).Serve(within, healthy) })
	}
	serving.Go(func() error { return fake.Serve(l) })
	serving.Go(func() error {
		<-within.Done()
		fake.Close()
		return nil
	})
	return serving.Wait()
}
