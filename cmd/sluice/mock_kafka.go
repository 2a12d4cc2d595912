package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/mockkafka"
)

// mockKafkaOptions are the flags of `mock kafka`.
type mockKafkaOptions struct {
	addr, faultsAddr string
	faultsByHand     bool
	partitions       int
	topics           []string
	dataDir          string
}

func (a *app) mockKafkaCmd() *cobra.Command {
	var o mockKafkaOptions
	cmd := &cobra.Command{
		Use:   "kafka",
		Short: "A broker that speaks the Kafka protocol",
		Long: `A broker that speaks the Kafka protocol, in this process, with the source topic and nothing else:
no topic is created because somebody named it. It is for trying things out. It is one broker without
replicas, and holds every message in memory until it ends, or with --data on disk too.

Switch faults while it runs:

  curl -X PUT    HOST:PORT/_faults -d '{"produce":"NOT_ENOUGH_REPLICAS","topic":"payloads.dlq"}'
  curl -X PUT    HOST:PORT/_faults -d '{"fetch":"TOPIC_AUTHORIZATION_FAILED","for":"1m"}'
  curl -X PUT    HOST:PORT/_faults -d '{"down":true,"for":"30s"}'    nobody is served
  curl -X PUT    HOST:PORT/_faults -d '{"latency":"2s"}'             every answer takes so long
  curl -X DELETE HOST:PORT/_faults                                  serve again

produce, fetch, commit and group (joining and heartbeats) take any of Kafka's errors, by its name.`,
		Example: `  sluice mock kafka
  sluice mock kafka --addr 127.0.0.1:19092 --topics payloads,payloads.dlq --partitions 3`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.faultsByHand = cmd.Flags().Changed("faults-addr")
			return a.mockKafka(cmd, o)
		},
	}
	cmd.Flags().StringVar(&o.addr, "addr", "127.0.0.1:9092", "`host:port` to listen at, and what clients are told")
	cmd.Flags().StringVar(&o.faultsAddr, "faults-addr", "127.0.0.1:9099", "`host:port` of the switch for faults; where it is taken and not set, a free port")
	cmd.Flags().IntVar(&o.partitions, "partitions", 6, "partitions of topics that are created")
	cmd.Flags().StringSliceVar(&o.topics, "topics", nil, "`topics` to create; if not set, the source topic")
	cmd.Flags().StringVar(&o.dataDir, "data", "", "`directory` that keeps topics and offsets for the next start; not for two at the same time")
	settings(cmd, "kafka.topic")
	return cmd
}

func (a *app) mockKafka(cmd *cobra.Command, o mockKafkaOptions) error {
	ctx := cmd.Context()
	cfg, err := a.load(cmd, config.ForTopics)
	if err != nil {
		return err
	}
	if o.partitions < 1 {
		return usageError("--partitions: must be at least 1 (got %d)", o.partitions)
	}
	if len(o.topics) == 0 {
		o.topics = []string{cfg.Kafka.Topic}
	}
	broker, err := mockkafka.Start(mockkafka.Options{Addr: o.addr, DataDir: o.dataDir})
	if err != nil {
		return cannotListen(o.addr, "--addr", err)
	}
	defer broker.Close()
	switches, err := o.listenForFaults(ctx)
	if err != nil {
		return cannotListen(o.faultsAddr, "--faults-addr", err)
	}
	has, err := broker.Ensure(ctx, o.partitions, o.topics...)
	if err != nil {
		_ = switches.Close()
		return err
	}
	a.tellOfBroker(broker.Addr(), switches.Addr().String(), o, has)
	server := &http.Server{Handler: broker, ReadHeaderTimeout: 5 * time.Second}
	// The group's context ends with the first signal, or when the switch fails.
	serving, within := errgroup.WithContext(ctx)
	serving.Go(func() error {
		if err := server.Serve(switches); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve faults: %w", err)
		}
		return nil
	})
	serving.Go(func() error {
		<-within.Done()
		return server.Close()
	})
	return serving.Wait()
}

func (o mockKafkaOptions) listenForFaults(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", o.faultsAddr)
	if errors.Is(err, syscall.EADDRINUSE) && !o.faultsByHand {
		return lc.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	return l, err
}

// cannotListen says what to do where an address cannot be had.
func cannotListen(addr, flag string, err error) error {
	var op *net.OpError
	switch {
	case !errors.As(err, &op):
		return &exitError{code: exitUsage, err: err}
	case errors.Is(err, syscall.EADDRINUSE) && flag == "--addr":
		return usageError("cannot listen at %s: something listens there already, perhaps a Kafka: use that one, or choose another --addr", addr)
	default:
		return usageError("cannot listen at %s: %w: choose another %s", addr, err, flag)
	}
}

// tellOfBroker says what there is, and what to type in the next terminal.
func (a *app) tellOfBroker(addr, faults string, o mockKafkaOptions, has map[string]int) {
	topics := make([]string, len(o.topics))
	for i, name := range o.topics {
		topics[i] = fmt.Sprintf("%s (%s)", name, plural(int64(has[name]), "partition"))
	}
	kept := "in memory, gone when it ends"
	if o.dataDir != "" {
		kept = "kept in " + o.dataDir
	}
	env := ""
	if addr != "127.0.0.1:9092" && addr != "localhost:9092" {
		env = "SLUICE_KAFKA_BROKERS=" + addr + " "
	}
	if o.topics[0] != "payloads" {
		env += "SLUICE_TOPIC=" + o.topics[0] + " "
	}
	fmt.Fprintf(a.streams.Err, `fake Kafka at %s; topics: %s; %s
faults at http://%s/_faults; Ctrl-C stops

In other terminals:
  sluice mock genesys                      an API for the worker; it says how to run one
  %[5]ssluice produce events.ndjson
  %[5]ssluice dlq ls
`, addr, strings.Join(topics, ", "), kept, faults, env)
}
