package kafka_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

const password = "hunter2-of-the-brokers"

func TestCluster_AuthenticatesByEveryMechanism(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			fake := broker(t, kfake.EnableSASL(), kfake.Superuser(mechanism, "worker", password))
			cfg := kafka.Config{
				Brokers: fake.ListenAddrs(),
				SASL:    kafka.SASL{Mechanism: mechanism, Username: "worker", Password: password},
			}
			reach(t, cfg)

			cfg.SASL.Password = "wrong-" + password
			err := ask(t, cfg)
			require.Error(t, err)
			require.NotContains(t, err.Error(), password)
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", cfg.SASL, cfg.SASL, cfg.SASL), password)
		})
	}
}

func TestCluster_SpeaksTLS(t *testing.T) {
	ca := newAuthority(t)
	serverCert, serverKey := ca.issue(t, "localhost", net.IPv4(127, 0, 0, 1))
	clientCert, clientKey := ca.issue(t, "worker")
	server, err := tls.LoadX509KeyPair(serverCert, serverKey)
	require.NoError(t, err)
	fake := broker(t, kfake.TLS(&tls.Config{
		Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.pool, MinVersion: tls.VersionTLS12,
	}))
	good := kafka.Config{
		Brokers: fake.ListenAddrs(), TLS: kafka.TLS{Enabled: true, CA: ca.file, Cert: clientCert, Key: clientKey},
	}
	reach(t, good)

	bad := map[string]func(*kafka.TLS){
		"plain":                 func(c *kafka.TLS) { *c = kafka.TLS{} },
		"unknown authority":     func(c *kafka.TLS) { c.CA = "" },
		"no client certificate": func(c *kafka.TLS) { c.Cert, c.Key = "", "" },
		"another name":          func(c *kafka.TLS) { c.ServerName = "kafka.example.com" },
	}
	for name, change := range bad {
		t.Run(name, func(t *testing.T) {
			cfg := good
			change(&cfg.TLS)
			require.Error(t, ask(t, cfg))
		})
	}
}

func TestNew_RefusesCredentialsItCannotUse(t *testing.T) {
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(notPEM, []byte("no certificate"), 0o600))
	rows := map[string]struct {
		cfg  kafka.Config
		want string
	}{
		"CA missing":    {kafka.Config{TLS: kafka.TLS{Enabled: true, CA: "/no/ca.pem"}}, "read the CA: open /no/ca.pem"},
		"CA not PEM":    {kafka.Config{TLS: kafka.TLS{Enabled: true, CA: notPEM}}, "holds no PEM certificate"},
		"half a pair":   {kafka.Config{TLS: kafka.TLS{Enabled: true, Cert: notPEM}}, "both its certificate and its key"},
		"pair not PEM":  {kafka.Config{TLS: kafka.TLS{Enabled: true, Cert: notPEM, Key: notPEM}}, "load the client certificate"},
		"no mechanism":  {kafka.Config{SASL: kafka.SASL{Mechanism: "LOGIN"}}, "use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
		"odd password":  {kafka.Config{SASL: kafka.SASL{Mechanism: "SCRAM-SHA-256", Username: "u", Password: "\u0007"}}, "RFC 4013"},
		"no port":       {kafka.Config{Brokers: []string{"kafka"}}, "want host:port"},
		"no broker set": {kafka.Config{Brokers: []string{}}, "SLUICE_KAFKA_BROKERS"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if row.cfg.Brokers == nil {
				row.cfg.Brokers = []string{"localhost:9092"}
			}
			_, err := kafka.New(row.cfg)
			require.ErrorContains(t, err, row.want)
		})
	}
}

// reach asks for a topic by the transport and joins a group by the dialer: both must be secured alike.
func reach(t *testing.T, cfg kafka.Config) {
	t.Helper()
	require.NoError(t, ask(t, cfg))
	c, err := kafka.New(cfg)
	require.NoError(t, err)
	defer c.Close()
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID: "g", Brokers: c.Brokers(), Dialer: c.Dialer(), Topics: []string{"t"},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, group.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	gen, err := group.Next(ctx)
	require.NoError(t, err)
	require.Len(t, gen.Assignments["t"], 2)
}

func ask(t *testing.T, cfg kafka.Config) error {
	t.Helper()
	c, err := kafka.New(cfg)
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Partitions(t.Context(), "t")
	return err
}

func broker(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	fake, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1), kfake.SeedTopics(2, "t"))...)
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	return fake
}

// authority signs certificates for one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
	dir  string
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	a := &authority{cert: cert, key: key, pool: x509.NewCertPool(), dir: t.TempDir()}
	a.pool.AddCert(cert)
	a.file = a.write(t, "ca.pem", "CERTIFICATE", der)
	return a
}

// issue returns the files of a certificate and its key.
func (a *authority) issue(t *testing.T, name string, ips ...net.IP) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: ips,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, &private.PublicKey, a.key)
	require.NoError(t, err)
	bytes, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	return a.write(t, name+".pem", "CERTIFICATE", der), a.write(t, name+".key", "EC PRIVATE KEY", bytes)
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}
