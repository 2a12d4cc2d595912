package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// TLS says how connections to brokers are encrypted. The zero TLS does not encrypt.
type TLS struct {
	Enabled bool
	// CA is a PEM file of the authorities that may have signed the brokers' certificates. If empty, the
	// system's.
	CA string
	// Cert and Key are PEM files of the client's certificate, for brokers that want one. Both or none.
	Cert, Key string
	// ServerName is the name brokers' certificates must have. If empty, the host that is dialled.
	ServerName string
}

// SASL says as whom to connect. The zero SASL does not authenticate.
type SASL struct {
	Mechanism string // empty, PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	Username  string
	Password  string
}

// String names the mechanism and the user, never the password.
func (s SASL) String() string { return s.Mechanism + " as " + s.Username }

// GoString keeps %#v from going round String.
func (s SASL) GoString() string { return s.String() }

// config returns the client's side of TLS, nil where it is not enabled.
func (t TLS) config() (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("the authority's file (SLUICE_KAFKA_TLS_CA) cannot be read: %w", fileError(t.CA, err))
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the authority's file %s (SLUICE_KAFKA_TLS_CA) holds no PEM certificate: it begins with -----BEGIN CERTIFICATE-----", t.CA)
		}
	}
	if (t.Cert == "") != (t.Key == "") {
		return nil, errors.New("a client certificate needs both its certificate and its key: set SLUICE_KAFKA_TLS_CERT and SLUICE_KAFKA_TLS_KEY")
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("the client certificate %s (SLUICE_KAFKA_TLS_CERT) and the key %s (SLUICE_KAFKA_TLS_KEY) cannot be used: %w", t.Cert, t.Key, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// fileError is an error of a file in words that name it once.
func fileError(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// mechanism returns kafka-go's form, nil where there is none.
func (s SASL) mechanism() (sasl.Mechanism, error) {
	var m sasl.Mechanism
	var err error
	switch s.Mechanism {
	case "":
		return nil, nil
	case "PLAIN":
		return plain.Mechanism{Username: s.Username, Password: s.Password}, nil
	case "SCRAM-SHA-256":
		m, err = scram.Mechanism(scram.SHA256, s.Username, s.Password)
	case "SCRAM-SHA-512":
		m, err = scram.Mechanism(scram.SHA512, s.Username, s.Password)
	default:
		return nil, fmt.Errorf("SASL mechanism %q (SLUICE_KAFKA_SASL_MECHANISM): use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", s.Mechanism)
	}
	if err != nil {
		return nil, errors.New("SLUICE_KAFKA_SASL_USERNAME or SLUICE_KAFKA_SASL_PASSWORD holds characters that SCRAM does not allow (RFC 4013)")
	}
	return m, nil
}
