package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// DialFunc opens one connection to a broker.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Config says how to reach a cluster.
type Config struct {
	// Brokers are host:port addresses of which any one that answers is enough.
	Brokers []string
	// ClientID is the name brokers see in their request logs. If empty, "sluice".
	ClientID string
	// Dial opens connections. If nil, TCP with a time-out of ten seconds and keep-alive.
	Dial DialFunc
	// TLS and SASL secure the connections; zero: plain text, nobody in particular.
	TLS  TLS
	SASL SASL
	// MetadataTTL bounds how stale the view of leaders may be. If zero, five seconds.
	MetadataTTL time.Duration
}

// Cluster holds the connections of one process to one cluster. It is safe for concurrent use; Close
// releases its idle connections.
type Cluster struct {
	cfg       Config
	transport *kafkago.Transport
	dialer    *kafkago.Dialer
}

// New checks the configuration and returns a Cluster. It does not connect.
func New(cfg Config) (*Cluster, error) {
	if len(cfg.Brokers) == 0 {
		return nil, errors.New("kafka: no brokers: set SLUICE_KAFKA_BROKERS to host:port[,host:port…]")
	}
	for _, b := range cfg.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return nil, fmt.Errorf("kafka: broker address %q: want host:port: %w", b, err)
		}
	}
	if cfg.ClientID == "" {
		cfg.ClientID = "sluice"
	}
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	if cfg.MetadataTTL == 0 {
		cfg.MetadataTTL = 5 * time.Second
	}
	secure, err := cfg.TLS.config()
	if err != nil {
		return nil, err
	}
	auth, err := cfg.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	return &Cluster{
		cfg: cfg,
		transport: &kafkago.Transport{
			Dial: cfg.Dial, ClientID: cfg.ClientID, MetadataTTL: cfg.MetadataTTL, IdleTimeout: 90 * time.Second,
			TLS: secure, SASL: auth,
		},
		dialer: &kafkago.Dialer{
			DialFunc: cfg.Dial, ClientID: cfg.ClientID, Timeout: 10 * time.Second, TLS: secure, SASLMechanism: auth,
		},
	}, nil
}

// Brokers returns the configured addresses.
func (c *Cluster) Brokers() []string { return c.cfg.Brokers }

// Addr returns the configured brokers as the address kafka-go's Client and Writer take.
func (c *Cluster) Addr() net.Addr { return kafkago.TCP(c.cfg.Brokers...) }

// Transport returns the shared transport. Every request sent through it needs a deadline of its own: the
// transport sets none, and a half-open connection would hang it for ever.
func (c *Cluster) Transport() *kafkago.Transport { return c.transport }

// Client returns a client over the shared transport.
func (c *Cluster) Client() *kafkago.Client {
	return &kafkago.Client{Addr: c.Addr(), Transport: c.transport}
}

// Dialer returns a dialer for kafka-go's ConsumerGroup, which cannot use a Transport.
func (c *Cluster) Dialer() *kafkago.Dialer { return c.dialer }

// Close releases idle connections. Requests under way are not interrupted.
func (c *Cluster) Close() { c.transport.CloseIdleConnections() }

// String names the cluster for logs and errors.
func (c *Cluster) String() string { return strings.Join(c.cfg.Brokers, ",") }
