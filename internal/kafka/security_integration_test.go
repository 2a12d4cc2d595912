package kafka_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

func TestIntegration_SecuresEveryConnection(t *testing.T) {
	for _, listener := range []kafkatest.Listener{kafkatest.SASLPlaintext, kafkatest.SASLSSL} {
		for _, mechanism := range kafkatest.Mechanisms {
			t.Run(fmt.Sprintf("%s by %s", listener, mechanism), func(t *testing.T) {
				cfg := kafkatest.Secured(t, listener).Config()
				cfg.SASL.Mechanism = mechanism
				reach(t, cfg)
			})
		}
	}
	t.Run("SSL by client certificate", func(t *testing.T) { reach(t, kafkatest.Secured(t, kafkatest.SSL).Config()) })
	t.Run("SSL by another name of the broker", func(t *testing.T) {
		cfg := kafkatest.Secured(t, kafkatest.SSL).Config()
		cfg.TLS.ServerName = "localhost"
		reach(t, cfg)
	})
}

// TestIntegration_RefusesEveryOtherConnection holds what a refused client is told. Most of it comes from the
// broker, and the embedded one just hangs up where a real one says why.
func TestIntegration_RefusesEveryOtherConnection(t *testing.T) {
	const hungUp = "EOF"
	rows := map[string]struct {
		listener   kafkatest.Listener
		change     func(*kafka.Config)
		fake, real string
	}{
		"wrong password, PLAIN": {
			kafkatest.SASLPlaintext, func(c *kafka.Config) { c.SASL.Password = "wrong" },
			hungUp, "Invalid username or password",
		},
		"wrong password, SCRAM-SHA-256": {
			kafkatest.SASLSSL, func(c *kafka.Config) { c.SASL.Mechanism, c.SASL.Password = "SCRAM-SHA-256", "wrong" },
			hungUp, "invalid credentials with SASL mechanism SCRAM-SHA-256",
		},
		"wrong password, SCRAM-SHA-512": {
			kafkatest.SASLSSL, func(c *kafka.Config) { c.SASL.Mechanism, c.SASL.Password = "SCRAM-SHA-512", "wrong" },
			hungUp, "invalid credentials with SASL mechanism SCRAM-SHA-512",
		},
		"unknown user": {
			kafkatest.SASLPlaintext, func(c *kafka.Config) { c.SASL.Mechanism, c.SASL.Username = "SCRAM-SHA-512", "nobody" },
			hungUp, "invalid credentials with SASL mechanism SCRAM-SHA-512",
		},
		"a mechanism by which the user is not known": {
			kafkatest.SASLPlaintext, func(c *kafka.Config) {
				c.SASL = kafka.SASL{Mechanism: "SCRAM-SHA-512", Username: kafkatest.Reader, Password: kafkatest.ReaderPassword}
			},
			hungUp, "invalid credentials with SASL mechanism SCRAM-SHA-512",
		},
		"no login where one is wanted": {
			kafkatest.SASLPlaintext, func(c *kafka.Config) { c.SASL = kafka.SASL{} },
			hungUp, hungUp,
		},
		"a login where none is wanted": {
			kafkatest.SSL, func(c *kafka.Config) { c.SASL = kafka.SASL{Mechanism: "PLAIN", Username: "a", Password: "b"} },
			hungUp, "Illegal SASL State",
		},
		"plain against TLS": {
			kafkatest.SSL, func(c *kafka.Config) { c.TLS = kafka.TLS{} },
			hungUp, "broker appears to be expecting TLS",
		},
		"plain against TLS, with a login": {
			kafkatest.SASLSSL, func(c *kafka.Config) { c.TLS = kafka.TLS{} },
			hungUp, "broker appears to be expecting TLS",
		},
		"TLS against plain": {
			kafkatest.SASLPlaintext, func(c *kafka.Config) { c.TLS.Enabled = true },
			"i/o timeout", hungUp,
		},
		"unknown authority": {
			kafkatest.SASLSSL, func(c *kafka.Config) { c.TLS.CA = "" },
			"certificate signed by unknown authority", "certificate signed by unknown authority",
		},
		"another server name": {
			kafkatest.SASLSSL, func(c *kafka.Config) { c.TLS.ServerName = "kafka.example.com" },
			"valid for localhost, not kafka.example.com", "valid for localhost, not kafka.example.com",
		},
		"no client certificate": {
			kafkatest.SSL, func(c *kafka.Config) { c.TLS.Cert, c.TLS.Key = "", "" },
			"tls: certificate required", "tls: bad certificate",
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			b := kafkatest.Secured(t, row.listener)
			cfg, want := b.Config(), row.real
			if b.Fake != nil {
				want = row.fake
			}
			row.change(&cfg)
			err := ask(t, cfg)
			require.ErrorContains(t, err, want)
			require.NotContains(t, err.Error(), kafkatest.WorkerPassword)
			require.NotContains(t, err.Error(), kafkatest.ReaderPassword)
		})
	}
}

// reach creates a topic by the transport and joins a group by the dialer: both must be secured alike.
func reach(t *testing.T, cfg kafka.Config) {
	t.Helper()
	c, err := kafka.New(cfg)
	require.NoError(t, err)
	defer c.Close()
	topic := fmt.Sprintf("kafka-%d", rand.Uint32())
	_, err = c.CreateTopic(t.Context(), kafka.Topic{Name: topic, Partitions: 2, Replication: -1})
	require.NoError(t, err)
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID: topic, Brokers: c.Brokers(), Dialer: c.Dialer(), Topics: []string{topic},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, group.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	gen, err := group.Next(ctx)
	require.NoError(t, err)
	require.Len(t, gen.Assignments[topic], 2)
}

func ask(t *testing.T, cfg kafka.Config) error {
	t.Helper()
	c, err := kafka.New(cfg)
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Partitions(t.Context(), "any")
	return err
}
