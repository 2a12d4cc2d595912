package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// The user of brokers that want a login, and a password that must never be seen.
const (
	kafkaUser     = "worker"
	kafkaPassword = "hunter2-of-the-brokers"
)

// kafkaStage is the broker of a stage.
type kafkaStage struct {
	fake *kfake.Cluster
	ca   *certificates
}

// kafka starts a broker, known as $BROKER. Its options are:
//
//	closed             nobody listens there
//	silent             somebody accepts connections there and never says a word
//	http               a web server is there
//	advertised=H:P     the broker says that it is to be reached there
//	sasl[=MECHANISM]   it wants a login: user worker
//	only=MECHANISM     it knows no other mechanism; NONE: it has no login at all
//	deny=OP:TOPIC      the user may not do that with the topic: read, write, create or describe; * for all topics
//	tls, mtls          it speaks TLS, and wants a client certificate; $CA, $CERT and $KEY are files
//	name=HOST          its certificate is of this name
func (s *stage) kafka(rest string) {
	var opts []kfake.Opt
	server := &tls.Config{MinVersion: tls.VersionTLS12}
	secure, login, host, mechanism, advertised, only := false, false, "127.0.0.1", "SCRAM-SHA-256", "", ""
	var denied []kfake.ACL
	for option := range strings.FieldsSeq(rest) {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "closed", "silent", "http":
			s.noKafka(name)
			return
		case "advertised":
			advertised = value
		case "sasl":
			login = true
			if value != "" {
				mechanism = value
			}
		case "only":
			only = value
		case "deny":
			login = true
			denied = append(denied, deny(value))
		case "mtls":
			server.ClientAuth = tls.RequireAndVerifyClientCert
			secure = true
		case "tls":
			secure = true
		case "name":
			host = value
		default:
			require.Fail(s.t, "no option of a broker", option)
		}
	}
	if secure {
		s.ca = newCertificates(s)
		server.ClientCAs = s.ca.pool
		pair, err := tls.LoadX509KeyPair(s.ca.issue("broker", host))
		require.NoError(s.t, err)
		server.Certificates = []tls.Certificate{pair}
		opts = append(opts, kfake.TLS(server))
		s.vars["CA"] = filepath.Join(s.dir, "ca.pem")
		s.vars["CERT"], s.vars["KEY"] = s.ca.issue("client", "worker")
	}
	switch {
	case denied != nil:
		opts = append(opts, kfake.EnableSASL(), kfake.EnableACLs(), kfake.User(mechanism, kafkaUser, kafkaPassword, append(denied, allowed...)...))
		s.login(mechanism)
	case login:
		opts = append(opts, kfake.EnableSASL(), kfake.Superuser(mechanism, kafkaUser, kafkaPassword))
	}
	opts = append(opts, kfake.NumBrokers(1), kfake.Superuser("PLAIN", "admin", kafkaPassword))
	fake, err := kfake.NewCluster(opts...)
	require.NoError(s.t, err)
	s.t.Cleanup(fake.Close)
	s.fake = fake
	if advertised != "" {
		s.advertise(s.expand(advertised))
	}
	if only != "" {
		s.offerOnly(only)
	}
	s.brokerAt(fake.ListenAddrs()[0])
}

func (s *stage) brokerAt(addr string) {
	s.vars["BROKER"] = addr
	s.env["SLUICE_KAFKA_BROKERS"] = addr
}

// login sets what the user logs in with.
func (s *stage) login(mechanism string) {
	s.env["SLUICE_KAFKA_SASL_MECHANISM"] = mechanism
	s.env["SLUICE_KAFKA_SASL_USERNAME"] = kafkaUser
	s.env["SLUICE_KAFKA_SASL_PASSWORD"] = kafkaPassword
}

// noKafka has something else than a broker at $BROKER.
func (s *stage) noKafka(what string) {
	l := s.listener()
	s.brokerAt(l.Addr().String())
	switch what {
	case "closed":
		_ = l.Close()
	case "silent":
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				s.t.Cleanup(func() { _ = conn.Close() })
			}
		}()
	case "http":
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		_ = server.Listener.Close()
		server.Listener = l
		server.Start()
		s.t.Cleanup(server.Close)
	}
}

// advertise has the broker say that it is to be reached somewhere else.
func (s *stage) advertise(addr string) {
	host, portText, err := net.SplitHostPort(addr)
	require.NoError(s.t, err)
	port, err := strconv.ParseInt(portText, 10, 32)
	require.NoError(s.t, err)
	s.fake.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		s.fake.KeepControl()
		res := req.ResponseKind().(*kmsg.MetadataResponse)
		b := kmsg.NewMetadataResponseBroker()
		b.Host, b.Port = host, int32(port)
		res.Brokers = append(res.Brokers, b)
		for _, asked := range req.(*kmsg.MetadataRequest).Topics {
			t := kmsg.NewMetadataResponseTopic()
			t.Topic = asked.Topic
			t.Partitions = append(t.Partitions, kmsg.NewMetadataResponseTopicPartition())
			t.Partitions[0].Replicas, t.Partitions[0].ISR = []int32{0}, []int32{0}
			res.Topics = append(res.Topics, t)
		}
		return res, nil, true
	})
}

// offerOnly has the broker know one SASL mechanism only.
func (s *stage) offerOnly(mechanism string) {
	s.fake.ControlKey(int16(kmsg.SASLHandshake), func(req kmsg.Request) (kmsg.Response, error, bool) {
		s.fake.KeepControl()
		if req.(*kmsg.SASLHandshakeRequest).Mechanism == mechanism {
			return nil, nil, false
		}
		res := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
		res.ErrorCode, res.SupportedMechanisms = kerr.UnsupportedSaslMechanism.Code, []string{mechanism}
		if mechanism == "NONE" {
			res.ErrorCode, res.SupportedMechanisms = kerr.IllegalSaslState.Code, nil
		}
		return res, nil, true
	})
}

// allowed is what a user may do who is denied something: all the rest.
var allowed = []kfake.ACL{
	{Resource: kmsg.ACLResourceTypeTopic, Name: "*", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationAll, Allow: true},
	{Resource: kmsg.ACLResourceTypeGroup, Name: "*", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationAll, Allow: true},
}

func deny(what string) kfake.ACL {
	operation, topic, _ := strings.Cut(what, ":")
	return kfake.ACL{
		Resource: kmsg.ACLResourceTypeTopic, Name: topic, Pattern: kmsg.ACLResourcePatternTypeLiteral,
		Operation: map[string]kmsg.ACLOperation{
			"read": kmsg.ACLOperationRead, "write": kmsg.ACLOperationWrite,
			"create": kmsg.ACLOperationCreate, "describe": kmsg.ACLOperationDescribe,
		}[operation],
	}
}

// topic creates a topic: its name, then its settings; partitions=N is one of them.
func (s *stage) topic(rest string) {
	words := strings.Fields(rest)
	t := kafka.Topic{Name: words[0], Partitions: 3, Replication: 1, Config: map[string]string{}}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		t.Config[name] = value
	}
	_, err := s.admin().CreateTopic(s.t.Context(), t)
	require.NoError(s.t, err)
}

// record writes a record to a topic: the topic's name, then the value.
func (s *stage) record(rest string) {
	topic, value, _ := strings.Cut(rest, " ")
	cluster := s.admin()
	w := &kafkago.Writer{
		Addr: cluster.Addr(), Transport: cluster.Transport(), Topic: topic,
		RequiredAcks: kafkago.RequireAll, BatchTimeout: time.Millisecond, MaxAttempts: 20,
	}
	require.NoError(s.t, w.WriteMessages(s.t.Context(), kafkago.Message{Value: []byte(value)}))
	require.NoError(s.t, w.Close())
}

// admin connects to the broker as somebody who may do everything.
func (s *stage) admin() *kafka.Cluster {
	cfg := kafka.Config{Brokers: []string{s.vars["BROKER"]}, MetadataTTL: 100 * time.Millisecond}
	if s.env["SLUICE_KAFKA_SASL_MECHANISM"] != "" {
		cfg.SASL = kafka.SASL{Mechanism: "PLAIN", Username: "admin", Password: kafkaPassword}
	}
	cluster, err := kafka.New(cfg)
	require.NoError(s.t, err)
	s.t.Cleanup(cluster.Close)
	return cluster
}

// certificates are those of one stage; they stand in its directory.
type certificates struct {
	s    *stage
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newCertificates(s *stage) *certificates {
	c := &certificates{s: s, pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	c.key = c.newKey()
	der, err := x509.CreateCertificate(rand.Reader, template, template, &c.key.PublicKey, c.key)
	require.NoError(s.t, err)
	c.cert, err = x509.ParseCertificate(der)
	require.NoError(s.t, err)
	c.pool.AddCert(c.cert)
	c.write("ca.pem", "CERTIFICATE", der)
	return c
}

func (c *certificates) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(c.s.t, err)
	return key
}

// issue returns the files of a certificate for a host, and its key.
func (c *certificates) issue(file, host string) (cert, key string) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	private := c.newKey()
	der, err := x509.CreateCertificate(rand.Reader, template, c.cert, &private.PublicKey, c.key)
	require.NoError(c.s.t, err)
	bytes, err := x509.MarshalECPrivateKey(private)
	require.NoError(c.s.t, err)
	return c.write(file+".pem", "CERTIFICATE", der), c.write(file+".key", "EC PRIVATE KEY", bytes)
}

func (c *certificates) write(name, kind string, der []byte) string {
	c.s.write(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	return filepath.Join(c.s.dir, name)
}
