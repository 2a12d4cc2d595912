// Package kafkatest gives tests a Kafka to talk to: an embedded one over an in-memory network inside a
// testing/synctest bubble, an embedded one over TCP, or a real one named by SLUICE_TEST_BROKERS.
package kafkatest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/mockkafka"
)

// Broker is a cluster for one test.
type Broker struct {
	*kafka.Cluster
	// Fake is the embedded cluster, for fault injection; nil where a real Kafka is used.
	Fake *kfake.Cluster
	// Net is the in-memory network; nil where TCP is used. Fake HTTP servers listen on it too.
	Net *kfake.VirtualNetwork
	cfg kafka.Config
}

// Virtual starts an embedded cluster on an in-memory network. Call it inside a synctest bubble; it stops
// when the test ends.
func Virtual(t testing.TB, opts ...kfake.Opt) *Broker {
	t.Helper()
	network := new(kfake.VirtualNetwork)
	opts = append([]kfake.Opt{
		kfake.NumBrokers(1), kfake.Ports(9092), kfake.ListenFn(network.Listen),
	}, opts...)
	fake, err := kfake.NewCluster(opts...)
	require.NoError(t, err)
	return start(t, &Broker{Fake: fake, Net: network, cfg: kafka.Config{
		Brokers: fake.ListenAddrs(), Dial: network.DialContext, MetadataTTL: time.Second,
	}})
}

// TCP starts an embedded cluster on a free port of 127.0.0.1.
func TCP(t testing.TB, opts ...kfake.Opt) *Broker {
	t.Helper()
	fake, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	require.NoError(t, err)
	cfg := kafka.Config{Brokers: fake.ListenAddrs(), MetadataTTL: time.Second}
	sessions, err := mockkafka.KeepSessions(fake, cfg)
	require.NoError(t, err)
	t.Cleanup(sessions.Close)
	return start(t, &Broker{Fake: fake, cfg: cfg})
}

// Real connects to the cluster that SLUICE_TEST_BROKERS names, or starts an embedded one over TCP where
// it is not set: the integration suite runs on both.
func Real(t testing.TB) *Broker {
	t.Helper()
	brokers := os.Getenv("SLUICE_TEST_BROKERS")
	if brokers == "" {
		return TCP(t)
	}
	return start(t, &Broker{cfg: kafka.Config{Brokers: strings.Split(brokers, ","), MetadataTTL: time.Second}})
}

func start(t testing.TB, b *Broker) *Broker {
	t.Helper()
	c, err := kafka.New(b.cfg)
	require.NoError(t, err)
	b.Cluster = c
	t.Cleanup(func() {
		c.Close()
		if b.Fake != nil {
			b.Fake.Close()
		}
	})
	return b
}

// Config returns the configuration that reaches this broker, for processes and workers of their own.
func (b *Broker) Config() kafka.Config { return b.cfg }

// Connect returns a further, independent connection to the broker.
func (b *Broker) Connect(t testing.TB) *kafka.Cluster {
	t.Helper()
	c, err := kafka.New(b.cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// With returns the same broker, reached by another configuration.
func (b *Broker) With(t testing.TB, cfg kafka.Config) *Broker {
	t.Helper()
	other := &Broker{Fake: b.Fake, Net: b.Net, cfg: cfg}
	other.Cluster = other.Connect(t)
	return other
}

// Listen opens a listener on the broker's own network, for a fake HTTP server beside it.
func (b *Broker) Listen(t testing.TB, address string) net.Listener {
	t.Helper()
	var l net.Listener
	var err error
	if b.Net != nil {
		l, err = b.Net.Listen("tcp", address)
	} else {
		l, err = new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	}
	require.NoError(t, err)
	return l
}

// CreateTopic creates a topic, with as many replicas as the cluster thinks right, or fails the test.
func (b *Broker) CreateTopic(t testing.TB, name string, partitions int, config map[string]string) {
	t.Helper()
	_, err := b.Cluster.CreateTopic(t.Context(), kafka.Topic{Name: name, Partitions: partitions, Replication: -1, Config: config})
	require.NoError(t, err)
}

// Produce writes messages, with all acknowledgements, keeping the Partition each one names.
func (b *Broker) Produce(t testing.TB, topic string, msgs ...kafkago.Message) {
	t.Helper()
	w := &kafkago.Writer{
		Addr: b.Addr(), Topic: topic, Transport: b.Transport(), RequiredAcks: kafkago.RequireAll,
		BatchTimeout: time.Millisecond, BatchSize: 1000, BatchBytes: 16 << 20,
		Balancer: kafkago.BalancerFunc(func(m kafkago.Message, _ ...int) int { return m.Partition }),
	}
	require.NoError(t, w.WriteMessages(t.Context(), msgs...))
	require.NoError(t, w.Close())
}

// ReadAll returns every message of a topic, partition by partition in order of offset, as it stands at
// the moment of the call. It waits for a topic that does not exist yet.
func (b *Broker) ReadAll(t testing.TB, topic string) []kafkago.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	parts, err := b.Partitions(ctx, topic)
	for errors.Is(err, kafka.ErrNoTopic) && ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond) // the topic may be younger than our view of the cluster
		parts, err = b.Partitions(ctx, topic)
	}
	require.NoError(t, err)
	var all []kafkago.Message
	for _, p := range parts {
		all = append(all, b.readPartition(ctx, t, topic, p.ID)...)
	}
	return all
}

func (b *Broker) readPartition(ctx context.Context, t testing.TB, topic string, partition int) []kafkago.Message {
	t.Helper()
	list, err := b.Client().ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{
		topic: {kafkago.FirstOffsetOf(partition), kafkago.LastOffsetOf(partition)},
	}})
	require.NoError(t, err)
	at := list.Topics[topic][0]
	require.NoError(t, at.Error)
	var msgs []kafkago.Message
	for offset := at.FirstOffset; offset < at.LastOffset; {
		res, err := b.Client().Fetch(ctx, &kafkago.FetchRequest{
			Topic: topic, Partition: partition, Offset: offset, MinBytes: 1, MaxBytes: 8 << 20, MaxWait: 100 * time.Millisecond,
		})
		require.NoError(t, err)
		require.NoError(t, res.Error)
		for {
			rec, err := res.Records.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if rec.Offset < offset {
				continue
			}
			key, err := kafkago.ReadAll(rec.Key)
			require.NoError(t, err)
			value, err := kafkago.ReadAll(rec.Value)
			require.NoError(t, err)
			msgs = append(msgs, kafkago.Message{
				Topic: topic, Partition: partition, Offset: rec.Offset, Key: key, Value: value, Headers: rec.Headers, Time: rec.Time,
			})
			offset = rec.Offset + 1
		}
	}
	return msgs
}
