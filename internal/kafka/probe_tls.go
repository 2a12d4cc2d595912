package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go/protocol/apiversions"
)

// encrypt makes a TLS connection of conn. A broker that does not speak TLS may take the handshake for the length
// of a request and wait for the rest.
func (c *Cluster) encrypt(ctx context.Context, conn net.Conn, addr string) (net.Conn, *Error) {
	short, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	cfg := c.transport.TLS.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName, _, _ = net.SplitHostPort(addr)
	}
	secure := tls.Client(conn, cfg)
	if err := secure.HandshakeContext(short); err != nil {
		return nil, c.notSecure(ctx, addr, err)
	}
	return secure, nil
}

// notSecure says why a TLS handshake failed.
func (c *Cluster) notSecure(ctx context.Context, addr string, err error) *Error {
	e := &Error{Trouble: TroubleCertificate, Broker: addr, Err: err}
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		e.Trouble, e.What = TroubleAuthority, "the broker's certificate is signed by an authority that is not known here"
		e.Fix = "set SLUICE_KAFKA_TLS_CA to that authority's PEM file"
		if c.cfg.TLS.CA != "" {
			e.What = "the broker's certificate is not signed by an authority of " + c.cfg.TLS.CA
			e.Fix = "set SLUICE_KAFKA_TLS_CA to the PEM file of the one that signed it"
		}
	case errors.As(err, &name):
		e.Trouble, e.What = TroubleServerName, fmt.Sprintf("the broker's certificate is of %s, not of %s", certifiedFor(name.Certificate), name.Host)
		e.Fix = "use that name in SLUICE_KAFKA_BROKERS, or set SLUICE_KAFKA_TLS_SERVER_NAME to it"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.What = fmt.Sprintf("the broker's certificate is valid from %s to %s only",
			invalid.Cert.NotBefore.Format(time.DateOnly), invalid.Cert.NotAfter.Format(time.DateOnly))
		e.Fix = "have it renewed, or set this machine's clock"
	case isAlert(err):
		return c.certificateWanted(addr, err)
	case c.speaksPlain(ctx, addr):
		e.Trouble, e.What = TroublePlain, "the broker does not speak TLS at this port"
		e.Fix = "leave out SLUICE_KAFKA_TLS, or use the port of its TLS listener"
	case isTimeout(err):
		return c.noAnswer(addr, err)
	default:
		e.Trouble, e.What = TroubleForeign, "what answers there does not speak TLS ("+rootText(err)+")"
		e.Fix = fixAddress + " and SLUICE_KAFKA_TLS"
	}
	return e
}

// certifiedFor names the hosts of a certificate.
func certifiedFor(cert *x509.Certificate) string {
	names := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return fmt.Sprintf("no host (its subject is %s)", cert.Subject)
	}
	return strings.Join(names, ", ")
}

func (c *Cluster) certificateWanted(addr string, err error) *Error {
	e := &Error{
		Trouble: TroubleClient, Broker: addr, Err: err, What: "the broker wants a client certificate",
		Fix: "set SLUICE_KAFKA_TLS_CERT and SLUICE_KAFKA_TLS_KEY",
	}
	if c.cfg.TLS.Cert != "" {
		e.What = "the broker does not accept the client certificate " + c.cfg.TLS.Cert
		e.Fix = "have it signed by an authority that the broker trusts, and see that it has not expired"
	}
	return e
}

// speaksPlain reports whether Kafka answers at addr without TLS.
func (c *Cluster) speaksPlain(ctx context.Context, addr string) bool {
	conn, err := c.cfg.Dial(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // it has told what it can
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	_, err = ask(conn, &apiversions.Request{})
	return err == nil
}

// speaksTLS reports whether a TLS server is at addr, whatever its certificate: nothing is sent to it.
func (c *Cluster) speaksTLS(ctx context.Context, addr string) bool {
	conn, err := c.cfg.Dial(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // it has told what it can
	host, _, _ := net.SplitHostPort(addr)
	err = tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}).HandshakeContext(ctx) //nolint:gosec // see above
	return err == nil || isAlert(err)
}

// isAlert reports whether the other side ended a TLS connection and said why. crypto/tls has no type to tell
// such an error by that it also uses for handshakes which are over.
func isAlert(err error) bool { return strings.Contains(err.Error(), "remote error: tls:") }
