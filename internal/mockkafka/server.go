package mockkafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// Options says where a Server listens and what it keeps.
type Options struct {
	// Addr is the host:port to listen at, and what clients are told: a host that they can reach. Port 0 takes
	// any.
	Addr string
	// DataDir keeps topics and offsets for the next start; if empty, they end with the Server. No two Servers
	// may use one at the same time.
	DataDir string
	// Listen and Dial replace TCP, where not nil.
	Listen func(network, address string) (net.Listener, error)
	Dial   kafka.DialFunc
}

// Server is a running broker. It is safe for concurrent use; Close it.
type Server struct {
	opts    Options
	cluster *kfake.Cluster
	members *Sessions
	gate    *gate

	mu     sync.Mutex
	fault  Fault
	set    int                // counts faults that were set or cleared
	errors *kfake.FaultHandle // those that answer with an error; nil where there are none
	expiry *time.Timer        // ends the fault; nil where it lasts
}

// Start starts a broker without topics, or with those of the DataDir. It creates none unless told to: a
// mistyped name is an error, as on a cluster that is well kept.
func Start(opts Options) (*Server, error) {
	host, _, err := net.SplitHostPort(opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: want host:port: %w", opts.Addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return nil, fmt.Errorf("address %q: clients are told this address, so it must be one that they can reach, such as 127.0.0.1", opts.Addr)
	}
	listen := opts.Listen
	if listen == nil {
		listen = net.Listen //nolint:noctx // it returns at once
	}
	l, err := listen("tcp", opts.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, gate: newGate(l, host)}
	with := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return s.gate, nil }),
	}
	if opts.DataDir != "" {
		with = append(with, kfake.DataDir(opts.DataDir))
	}
	if s.cluster, err = kfake.NewCluster(with...); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	s.members, err = KeepSessions(s.cluster, kafka.Config{Brokers: []string{s.Addr()}, Dial: opts.Dial})
	if err != nil {
		s.cluster.Close()
		return nil, fmt.Errorf("watch over the broker's groups: %w", err)
	}
	return s, nil
}

// Addr returns the address that clients are told, with the port that was taken.
func (s *Server) Addr() string { return s.gate.Addr().String() }

// Ensure creates the topics that are missing, with so many partitions, and returns how many each now has.
func (s *Server) Ensure(ctx context.Context, partitions int, topics ...string) (map[string]int, error) {
	cluster, err := kafka.New(kafka.Config{Brokers: []string{s.Addr()}, Dial: s.opts.Dial})
	if err != nil {
		return nil, err
	}
	defer cluster.Close()
	has := make(map[string]int, len(topics))
	for _, name := range topics {
		existing, err := cluster.Partitions(ctx, name)
		switch {
		case err == nil:
			has[name] = len(existing)
			continue
		case !errors.Is(err, kafka.ErrNoTopic):
			return nil, err
		}
		if _, err := cluster.CreateTopic(ctx, kafka.Topic{Name: name, Partitions: partitions, Replication: 1}); err != nil {
			return nil, err
		}
		has[name] = partitions
	}
	return has, nil
}

// Close ends the broker and every connection to it.
func (s *Server) Close() {
	s.ClearFault()
	s.members.Close()
	s.cluster.Close()
	s.gate.cut()
}
