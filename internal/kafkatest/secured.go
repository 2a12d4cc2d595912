package kafkatest

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// Listener names one way to connect to a broker, as Kafka does.
type Listener string

// The listeners of a test cluster. SSL demands a client certificate; the SASL ones know the user Worker by
// every mechanism and the user Reader by SCRAM-SHA-256 alone.
const (
	Plaintext     Listener = "PLAINTEXT"
	SASLPlaintext Listener = "SASL_PLAINTEXT"
	SSL           Listener = "SSL"
	SASLSSL       Listener = "SASL_SSL"
)

// Users of the SASL listeners. Reader may do nothing that a test has not allowed.
const (
	Worker         = "worker"
	WorkerPassword = "worker-of-the-tests"
	Reader         = "reader"
	ReaderPassword = "reader-of-the-tests"
)

// Mechanisms are those that the SASL listeners offer.
var Mechanisms = []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}

// secure reports what the listener asks of a client.
func (l Listener) secure() (sasl, encrypted bool) {
	return strings.HasPrefix(string(l), "SASL"), strings.HasSuffix(string(l), "SSL")
}

// Secured connects to a listener of the cluster in SLUICE_TEST_KAFKA, as Worker by the first of Mechanisms,
// or, without SLUICE_TEST_BROKERS, starts an embedded cluster with such a listener. On a real cluster whose
// listeners are not known the test is skipped.
func Secured(t testing.TB, l Listener) *Broker {
	t.Helper()
	sasl, encrypted := l.secure()
	cfg := kafka.Config{MetadataTTL: time.Second}
	if sasl {
		cfg.SASL = kafka.SASL{Mechanism: Mechanisms[0], Username: Worker, Password: WorkerPassword}
	}
	if os.Getenv("SLUICE_TEST_BROKERS") == "" {
		return secureFake(t, l, cfg)
	}
	dir := clusterDir(t)
	cfg.Brokers = addresses(t, dir, l)
	if encrypted {
		cfg.TLS = kafka.TLS{Enabled: true, CA: filepath.Join(dir, "tls", "ca.pem")}
	}
	if l == SSL {
		cfg.TLS.Cert, cfg.TLS.Key = filepath.Join(dir, "tls", "client.pem"), filepath.Join(dir, "tls", "client.key")
	}
	return start(t, &Broker{cfg: cfg})
}

func secureFake(t testing.TB, l Listener, cfg kafka.Config) *Broker {
	t.Helper()
	sasl, encrypted := l.secure()
	opts := []kfake.Opt{kfake.NumBrokers(1)}
	if sasl {
		opts = append(opts, kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("SCRAM-SHA-256", Reader, ReaderPassword))
		for _, mechanism := range Mechanisms {
			opts = append(opts, kfake.Superuser(mechanism, Worker, WorkerPassword))
		}
	}
	if encrypted {
		a := newAuthority(t)
		auth := tls.NoClientCert
		cfg.TLS = kafka.TLS{Enabled: true, CA: a.file}
		if l == SSL {
			auth = tls.RequireAndVerifyClientCert
			cfg.TLS.Cert, cfg.TLS.Key = a.issue(t, "client")
		}
		opts = append(opts, kfake.TLS(a.server(t, auth)))
	}
	fake, err := kfake.NewCluster(opts...)
	require.NoError(t, err)
	cfg.Brokers = fake.ListenAddrs()
	return start(t, &Broker{Fake: fake, cfg: cfg})
}

// clusterDir returns the directory of the real cluster that .ci/kafka/cluster has started.
func clusterDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("SLUICE_TEST_KAFKA")
	if dir == "" {
		t.Skip("needs a cluster started by .ci/kafka/cluster: set SLUICE_TEST_KAFKA to its directory")
	}
	return dir
}

func addresses(t testing.TB, dir string, l Listener) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "addresses", string(l)))
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), ",")
}
