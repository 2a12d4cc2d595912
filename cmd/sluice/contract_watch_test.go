package main

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/zap"
	logged "go.uber.org/zap/zaptest/observer"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/telemetry"
)

// watchRig is a watch over an API on an in-memory network. Use it within a synctest bubble.
type watchRig struct {
	t       *testing.T
	api     *genesystest.Server
	metrics *telemetry.Metrics
	logs    *logged.ObservedLogs
	watch   *contractWatch
}

func newWatchRig(t *testing.T, style string) *watchRig {
	t.Helper()
	network := new(kfake.VirtualNetwork)
	l, err := network.Listen("tcp", "localhost:80")
	require.NoError(t, err)
	r := &watchRig{t: t, api: genesystest.New(genesystest.Options{}), metrics: newMetrics()}
	base := r.api.Start(l)
	t.Cleanup(func() { r.api.Close() })
	cfg := config.Load(config.Options{Dir: t.TempDir(), Environ: []string{
		"GENESYS_API=" + style, "GENESYS_INPUT=flat", "GENESYS_BASE_URL=" + base, "GENESYS_CLIENT_ID=id", "GENESYS_CLIENT_SECRET=secret", "GENESYS_DATA_ACTION_ID=action",
	}})
	require.NoError(t, cfg.Require(config.ForInvoke))
	v, err := newValidator(cfg)
	require.NoError(t, err)
	client, err := newClient(cfg, network.DialContext, nil)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	core, logs := logged.New(zap.InfoLevel)
	r.logs = logs
	r.watch = newContractWatch(cfg, client, v, r.metrics, zap.New(core))
	return r
}

// after lets virtual time pass, and returns what was logged meanwhile.
func (r *watchRig) after(d time.Duration) (lines []string) {
	time.Sleep(d) // virtual
	synctest.Wait()
	for _, e := range r.logs.TakeAll() {
		lines = append(lines, e.Level.String()+" "+e.Message)
	}
	return lines
}

// drift returns the metric: by the action, by the schema; nil where there is none yet.
func (r *watchRig) drift() (values []float64) {
	families, err := r.metrics.Gatherer().Gather()
	require.NoError(r.t, err)
	for _, f := range families {
		if f.GetName() == "sluice_contract_drift" {
			for _, m := range f.GetMetric() {
				values = append(values, m.GetGauge().GetValue())
			}
		}
	}
	return values
}

func TestContractWatch_TellsEachHourAndStopsNothing(t *testing.T) {
	const (
		agrees   = "info the schema agrees with the action's contract"
		stricter = "info the action takes what the schema accepts; the schema is the stricter one"
		refuses  = "warn the action refuses what the schema accepts: such messages will be dead-lettered; sluice schema diff shows all of it"
	)
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, "integrations")
		require.Nil(t, r.drift(), "not known is not 0")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.watch.run(ctx) }()
		require.Equal(t, []string{agrees}, r.after(time.Second))
		require.Equal(t, []float64{0, 0}, r.drift())
		require.Empty(t, r.after(2*time.Hour), "nothing new")
		require.Equal(t, 3, r.api.Stats().Requests[genesystest.PathAction])

		r.api.SetAction(genesystest.Action{InputSchema: json.RawMessage(`{"required":["queue"],"properties":{"queue":{"type":"string"}}}`)})
		require.Equal(t, []string{refuses}, r.after(time.Hour))
		require.Equal(t, []string{refuses}, r.after(time.Hour), "as long as it lasts")
		require.Equal(t, []float64{1, 0}, r.drift())

		r.api.SetAction(genesystest.Action{InputSchema: json.RawMessage(`{"properties":{"priority":{"type":"integer"}}}`)})
		require.Equal(t, []string{stricter}, r.after(time.Hour))
		require.Equal(t, []float64{0, 3}, r.drift())

		r.api.SetFault(genesystest.Fault{Status: 503, Paths: genesystest.PathAction})
		require.Equal(t, []string{"info the action's contract is not compared with the schema for now"}, r.after(time.Hour))
		require.Empty(t, r.after(time.Hour), "said once")
		require.Equal(t, []float64{0, 3}, r.drift(), "the last that is known")
		r.api.ClearFault()
		r.api.SetAction(genesystest.Action{})
		require.Equal(t, []string{agrees}, r.after(6*time.Minute), "an outage is looked at again soon")

		r.api.SetAction(genesystest.Action{Forbidden: true})
		require.Equal(t, []string{"info the action's contract is not compared with the schema: the OAuth client lacks the permission integrations:action:view"}, r.after(time.Hour))
		r.api.SetAction(genesystest.Action{InputSchema: json.RawMessage(`null`)})
		require.Equal(t, []string{"info the action's contract is not compared with the schema: the API does not tell it"}, r.after(time.Hour))
		require.Empty(t, r.api.Executions())
		cancel()
		<-done
	})
}

func TestContractWatch_IsOfOneStyleOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, "processes")
		require.Nil(t, r.watch)
		r.watch.run(t.Context()) // returns at once
	})
}
