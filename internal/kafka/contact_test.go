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
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

// Each way to go wrong with a broker's listener ends as the trouble that it is, on a real Kafka too.
func TestContact_IntegrationSaysWhichStepFails(t *testing.T) {
	rows := map[string]struct {
		listener kafkatest.Listener
		change   func(*kafka.Config)
		want     kafka.Trouble
	}{
		"plain to TLS":          {kafkatest.SSL, func(c *kafka.Config) { c.TLS = kafka.TLS{} }, kafka.TroubleEncrypted},
		"TLS to plain":          {kafkatest.SASLPlaintext, func(c *kafka.Config) { c.TLS.Enabled = true }, kafka.TroublePlain},
		"unknown authority":     {kafkatest.SSL, func(c *kafka.Config) { c.TLS.CA = "" }, kafka.TroubleAuthority},
		"another name":          {kafkatest.SSL, func(c *kafka.Config) { c.TLS.ServerName = "kafka.example.com" }, kafka.TroubleServerName},
		"no client certificate": {kafkatest.SSL, func(c *kafka.Config) { c.TLS.Cert, c.TLS.Key = "", "" }, kafka.TroubleClient},
		"no login":              {kafkatest.SASLPlaintext, func(c *kafka.Config) { c.SASL = kafka.SASL{} }, kafka.TroubleNoLogin},
		"no login within TLS":   {kafkatest.SASLSSL, func(c *kafka.Config) { c.SASL = kafka.SASL{} }, kafka.TroubleNoLogin},
		"wrong password":        {kafkatest.SASLPlaintext, func(c *kafka.Config) { c.SASL.Password += "x" }, kafka.TroubleRefused},
		"unknown user":          {kafkatest.SASLSSL, func(c *kafka.Config) { c.SASL.Username = "nobody" }, kafka.TroubleRefused},
		"wrong password, SCRAM": {kafkatest.SASLPlaintext, func(c *kafka.Config) { c.SASL.Mechanism = "SCRAM-SHA-512"; c.SASL.Password += "x" }, kafka.TroubleRefused},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			cfg := kafkatest.Secured(t, row.listener).Config()
			require.NoError(t, contact(t, cfg), "as it should be")
			row.change(&cfg)
			requireTrouble(t, row.want, contact(t, cfg))
		})
	}
}

// What a real broker cannot be made to do on demand.
func TestContact_SaysWhatIsOddWithABroker(t *testing.T) {
	login := kafka.SASL{Mechanism: "PLAIN", Username: "worker", Password: "hunter2"}
	rows := map[string]struct {
		opts []kfake.Opt
		sasl kafka.SASL
		odd  func(*kfake.Cluster)
		want kafka.Trouble
	}{
		"no such mechanism": {nil, login, handshake(kerr.UnsupportedSaslMechanism.Code, "SCRAM-SHA-512"), kafka.TroubleMechanism},
		"knows no login":    {nil, login, handshake(kerr.IllegalSaslState.Code), kafka.TroubleLogin},
		"advertises a port that is closed": {nil, kafka.SASL{}, func(f *kfake.Cluster) {
			f.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
				f.KeepControl()
				res := req.ResponseKind().(*kmsg.MetadataResponse)
				b := kmsg.NewMetadataResponseBroker()
				b.Host, b.Port = "127.0.0.1", 1
				res.Brokers = append(res.Brokers, b)
				return res, nil, true
			})
		}, kafka.TroubleAdvertised},
		"hides the topic": {
			[]kfake.Opt{kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("PLAIN", "worker", "hunter2")}, login,
			func(*kfake.Cluster) {}, kafka.TroubleForbidden,
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			b := kafkatest.TCP(t, append(row.opts, kfake.SeedTopics(1, "payloads"))...)
			row.odd(b.Fake)
			cfg := b.Config()
			cfg.SASL = row.sasl
			requireTrouble(t, row.want, contact(t, cfg))
		})
	}
}

// handshake answers every question for a login so.
func handshake(code int16, offered ...string) func(*kfake.Cluster) {
	return func(f *kfake.Cluster) {
		f.ControlKey(int16(kmsg.SASLHandshake), func(req kmsg.Request) (kmsg.Response, error, bool) {
			f.KeepControl()
			res := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
			res.ErrorCode, res.SupportedMechanisms = code, offered
			return res, nil, true
		})
	}
}

func TestContact_SaysWhatIsThereInsteadOfABroker(t *testing.T) {
	rows := map[string]struct {
		answer string // what is there says; nothing: it is silent
		want   kafka.Trouble
	}{
		"silence":       {"", kafka.TroubleSilent},
		"a web server":  {"HTTP/1.1 400 Bad Request\r\n\r\n", kafka.TroubleForeign},
		"a mail server": {"220 mail.example.com ESMTP\r\n", kafka.TroubleForeign},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := kafkatest.Virtual(t)
				l := b.Listen(t, "127.0.0.1:5555")
				go func() {
					for {
						conn, err := l.Accept()
						if err != nil {
							return
						}
						go func() { _, _ = io.Copy(io.Discard, conn) }()
						_, _ = conn.Write([]byte(row.answer))
						t.Cleanup(func() { _ = conn.Close() })
					}
				}()
				t.Cleanup(func() { _ = l.Close() })
				cfg := b.Config()
				cfg.Brokers = []string{"127.0.0.1:5555"}
				requireTrouble(t, row.want, contact(t, cfg))
			})
		})
	}
}

func TestContact_SaysWhyThereIsNoConnection(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	closed := l.Addr().String()
	requireTrouble(t, kafka.TroubleClosed, contact(t, kafka.Config{Brokers: []string{closed}}))

	resolve := func(ctx context.Context, _, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
	requireTrouble(t, kafka.TroubleUnresolved, contact(t, kafka.Config{Brokers: []string{"kafka:9092"}, Dial: resolve}))

	// One broker that answers is enough.
	require.NoError(t, contact(t, kafka.Config{Brokers: append([]string{closed}, kafkatest.TCP(t).Brokers()...)}))
}

func TestContact_SaysThatACertificateHasExpired(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(&tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12,
	}))
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	err = contact(t, kafka.Config{Brokers: fake.ListenAddrs(), TLS: kafka.TLS{Enabled: true, CA: file}})
	requireTrouble(t, kafka.TroubleCertificate, err)
	require.ErrorContains(t, err, template.NotAfter.UTC().Format(time.DateOnly))
}

func contact(t *testing.T, cfg kafka.Config) error {
	t.Helper()
	c, err := kafka.New(cfg)
	require.NoError(t, err)
	defer c.Close()
	return c.Contact(t.Context(), "payloads")
}

// requireTrouble also holds what every text must have: the place and the next step, and never a password.
func requireTrouble(t *testing.T, want kafka.Trouble, err error) {
	t.Helper()
	var e *kafka.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, want, e.Trouble, e.Error())
	require.Contains(t, e.Summary(), e.Broker)
	require.NotEmpty(t, e.Fix)
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), kafkatest.WorkerPassword)
}
