package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/results"
	"github.com/sluice-kafka/sluice/internal/telemetry"
	"github.com/sluice-kafka/sluice/worker"
)

func (a *app) runCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the worker",
		Long: `Run the worker until it is told to stop. The first SIGTERM or Ctrl-C lets requests at the API
finish (SLUICE_DRAIN), commits and leaves the group; a second one stops at once.

Configured by ./sluice.yaml, the environment (also from ./.env) and flags, each overriding the
one before. It needs at least GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET and
GENESYS_DATA_ACTION_ID.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runWorker(cmd) },
	}
	settings(cmd, "kafka.", "schema.", "worker.", "dead_letter.", "genesys.", "admin.", "log.")
	return cmd
}

func (a *app) runWorker(cmd *cobra.Command) error {
	cfg, err := a.load(cmd, config.ForRun)
	if err != nil {
		return err
	}
	log, err := telemetry.NewLogger(cfg.Log.Level, cfg.Log.Format, a.streams.Err)
	if err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	cluster, err := newCluster(cfg)
	if err != nil {
		return err
	}
	defer cluster.Close()
	p, err := newProcess(cfg, cluster, nil, log, nil)
	if err != nil {
		return err
	}
	defer p.close()
	if err := firstContact(cmd.Context(), cluster, cfg.Kafka.Topic); err != nil {
		return err
	}
	return p.run(cmd.Context(), a.abort)
}

// process is a worker with everything around it.
type process struct {
	cfg         *config.Config
	log         *zap.Logger
	cluster     *kafka.Cluster
	client      *genesys.Client
	deadLetters *deadletter.Writer
	results     *results.Writer // nil: none are written
	replayEnds  *deadletter.EndLog
	worker      *worker.Worker
	admin       *telemetry.Admin
	contract    *contractWatch // nil: the API style has none
}

// newProcess wires a worker. Where they are not nil, dial replaces how the API is reached, and also is told of
// every event beside the metrics.
func newProcess(cfg *config.Config, cluster *kafka.Cluster, dial genesys.DialFunc, log *zap.Logger, also worker.Observer) (*process, error) {
	validator, err := newValidator(cfg)
	if err != nil {
		return nil, err
	}
	if err := checkInput(cfg, validator); err != nil {
		return nil, err
	}
	metrics := newMetrics()
	client, err := newClient(cfg, dial, tokenObserver(metrics, log))
	if err != nil {
		return nil, err
	}
	deadLetters, err := deadletter.NewWriter(deadletter.WriterConfig{
		Topic: cfg.Kafka.DeadLetterTopic, Cluster: cluster, Logger: log, OnFailure: metrics.DeadLetterWriteFailed,
	})
	if err != nil {
		return nil, err
	}
	written, err := newResults(cfg, cluster, log, metrics.ResultWriteFailed)
	if err != nil {
		return nil, err
	}
	o := both(observer(metrics), &pauseLog{log: log, client: client})
	if also != nil {
		o = both(o, also)
	}
	api := clientConfig(cfg, dial, nil)
	wc := workerConfig(cfg, api, log, o)
	if written != nil {
		wc.Results, wc.ResultsTopic = written, cfg.Kafka.ResultsTopic
	}
	if wc.Redact, err = deadletter.NewRedaction(cfg.DeadLetter.Redact); err != nil {
		return nil, usageError("dead_letter.redact: %v", err)
	}
	state, err := deadletter.NewStateLog(cfg.Kafka.DeadLetterTopic, cluster)
	if err != nil {
		return nil, err
	}
	replayEnds := deadletter.NewEndLog(state, log)
	wc.Replays = replayEnds
	w, err := worker.New(wc, cluster, validator, client, deadLetters)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	metrics.Mirror(mirror(w, client))
	admin := telemetry.NewAdmin(telemetry.AdminConfig{
		Live: liveness(w), Ready: readiness(w, topicChecks(cluster, cfg)),
		Pause:          func(context.Context) error { w.Pause(); return nil },
		Resume:         func(context.Context) error { w.Resume(); return nil },
		DeadLetterHeld: deadLetterHeld(w),
		Status:         func() any { return newStatus(w, client) }, Metrics: metrics.Handler(), Pprof: cfg.Admin.Pprof, Logger: log,
	})
	return &process{
		cfg: cfg, log: log, cluster: cluster, client: client, deadLetters: deadLetters, results: written,
		replayEnds: replayEnds, worker: w, admin: admin, contract: newContractWatch(cfg, client, validator, metrics, log),
	}, nil
}

func (p *process) close() {
	_ = p.deadLetters.Close() // nothing is buffered: every write has been waited for
	if p.results != nil {
		p.results.Close()
	}
	p.replayEnds.Close()
	p.client.Close()
	_ = p.log.Sync() // a terminal cannot be synced
}

// run works until stop ends and the worker has left, or abort ends.
func (p *process) run(stop, abort context.Context) error {
	listener, err := p.listen(stop)
	if err != nil {
		return err
	}
	return p.serve(stop, abort, listener)
}

// listen opens the admin server's address.
func (p *process) listen(ctx context.Context) (net.Listener, error) {
	listener, err := telemetry.Listen(ctx, p.cfg.Admin.Addr, p.cfg.Origin("admin.addr").ByHand(), "SLUICE_ADMIN_ADDR")
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	return listener, nil
}

// serve is run with the admin server's listener open, which it closes.
func (p *process) serve(stop, abort context.Context, listener net.Listener) error {
	defer context.AfterFunc(abort, p.worker.Abort)()
	p.log.Info("sluice starts", zap.String("version", version()), zap.String("brokers", p.cluster.String()),
		zap.String("topic", p.cfg.Kafka.Topic), zap.String("group", p.cfg.Kafka.Group),
		zap.String("dead_letter_topic", p.cfg.Kafka.DeadLetterTopic), zap.String("results_topic", p.cfg.Kafka.ResultsTopic),
		zap.String("action", p.client.URL()),
		zap.String("admin", "http://"+listener.Addr().String()))
	p.warnOfStyle()

	serving, stopServing := context.WithCancel(context.Background())
	var admin sync.WaitGroup
	admin.Go(func() {
		if err := p.admin.Serve(serving, listener); err != nil {
			p.log.Error("the admin server failed; the worker goes on without it", zap.Error(err))
		}
	})
	admin.Go(func() { p.contract.run(serving) })
	err := p.worker.Run(stop)
	stopServing()
	admin.Wait()
	switch {
	case err != nil:
		return err
	case abort.Err() != nil:
		return &exitError{code: exitInterrupted, err: errors.New("stopped at once by a second signal; what was at the API will be repeated")}
	}
	p.log.Info("sluice has left")
	return nil
}

// warnOfStyle says loudly that Genesys's own hosts do not speak the style.
func (p *process) warnOfStyle() {
	if api := clientConfig(p.cfg, nil, nil).Resolve(); api.API == genesys.APIProcesses && genesys.HostedByGenesys(api.BaseURL) {
		p.log.Warn("Genesys Cloud's published API has no /processes paths: this base URL will answer 404 to every invocation. "+
			"Set GENESYS_BASE_URL to the gateway that speaks them, or GENESYS_API=integrations", zap.String("base_url", api.BaseURL))
	}
}

// deadLetterHeld ends a held message for the admin server.
func deadLetterHeld(w *worker.Worker) func(context.Context, string) error {
	return func(_ context.Context, id string) error {
		if err := w.DeadLetterHeld(id); errors.Is(err, worker.ErrNotHeld) {
			return telemetry.ErrNotHeld
		} else if err != nil {
			return err
		}
		return nil
	}
}

// topicChecks asks, from the cached view of the cluster, whether the topics are there that are written to.
func topicChecks(cluster *kafka.Cluster, cfg *config.Config) map[string]func() error {
	check := func(what, topic string) func() error {
		return func() error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if _, err := cluster.Partitions(ctx, topic); err != nil {
				return fmt.Errorf("%s cannot be written: %w", what, err)
			}
			return nil
		}
	}
	checks := map[string]func() error{"dead_letter_topic": check("dead letters", cfg.Kafka.DeadLetterTopic)}
	if topic := cfg.Kafka.ResultsTopic; topic != "" {
		checks["results_topic"] = check("results", topic)
	}
	return checks
}

// tokenObserver counts token requests and logs when a token expires, never the token.
func tokenObserver(m *telemetry.Metrics, log *zap.Logger) func(time.Time, error) {
	return func(expires time.Time, err error) {
		if err != nil {
			m.TokenRefreshed(tokenFailed)
			log.Warn("no token", zap.Error(err))
			return
		}
		m.TokenRefreshed(tokenOK)
		log.Info("token renewed", zap.Time("expires", expires))
	}
}
