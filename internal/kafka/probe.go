package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
)

// probe goes the way of a connection to one broker, step by step, and says which step fails; nil if none.
func (c *Cluster) probe(ctx context.Context, addr string) *Error {
	conn, e := c.open(ctx, addr)
	if e != nil {
		return e
	}
	defer conn.Close() //nolint:errcheck // it has told what it can
	if _, err := ask(conn, &apiversions.Request{}); err != nil {
		return c.notKafka(ctx, addr, err)
	}
	if c.cfg.SASL.Mechanism != "" {
		return c.probeLogin(ctx, conn, addr)
	}
	if _, err := ask(conn, &metadata.Request{TopicNames: []string{}}); err != nil {
		// A broker that wants a login closes the connection at the first request that needs one.
		if offered, err := c.mechanisms(ctx, addr); err == nil && len(offered) > 0 {
			return loginWanted(addr, offered)
		}
		return c.noAnswer(addr, err)
	}
	return nil
}

// probeLogin logs in: first by asking for the mechanism alone, then as a whole.
func (c *Cluster) probeLogin(ctx context.Context, conn net.Conn, addr string) *Error {
	res, err := ask(conn, &saslhandshake.Request{Mechanism: c.cfg.SASL.Mechanism})
	if err != nil {
		return c.noAnswer(addr, err)
	}
	answer := res.(*saslhandshake.Response)
	switch {
	case answer.ErrorCode == 0:
	case kafkago.Error(answer.ErrorCode) == kafkago.UnsupportedSASLMechanism:
		return c.mechanismRefused(addr, answer.Mechanisms)
	default: // ILLEGAL_SASL_STATE: this listener has no login
		return &Error{
			Trouble: TroubleLogin, Broker: addr, What: "the broker knows no login at this port",
			Fix: "leave out SLUICE_KAFKA_SASL_MECHANISM, or use the port of its SASL listener",
		}
	}
	whole, err := c.dialer.DialContext(ctx, "tcp", addr)
	switch {
	case err == nil:
		_ = whole.Close()
		return nil
	case isTimeout(err):
		return c.noAnswer(addr, err)
	default:
		return c.loginRefused(addr, err)
	}
}

// open connects, and encrypts the connection where that is configured.
func (c *Cluster) open(ctx context.Context, addr string) (net.Conn, *Error) {
	conn, err := c.cfg.Dial(ctx, "tcp", addr)
	if err != nil {
		return nil, unreachable(addr, err)
	}
	_ = conn.SetDeadline(time.Now().Add(stepTimeout))
	if c.transport.TLS == nil {
		return conn, nil
	}
	secure, e := c.encrypt(ctx, conn, addr)
	if e != nil {
		_ = conn.Close()
		return nil, e
	}
	return secure, nil
}

// notKafka says why the first question got no answer of Kafka's.
func (c *Cluster) notKafka(ctx context.Context, addr string, err error) *Error {
	var odd *foreignError
	switch {
	case c.transport.TLS != nil && isAlert(err):
		// TLS 1.3: a server looks at the client's certificate after the client's handshake is done.
		return c.certificateWanted(addr, err)
	case isTimeout(err) && c.speaksHTTP(ctx, addr):
		return &Error{Trouble: TroubleForeign, Broker: addr, Err: err, What: webServer, Fix: fixAddress}
	case isTimeout(err):
		return c.noAnswer(addr, err)
	case c.transport.TLS == nil && c.speaksTLS(ctx, addr):
		return &Error{
			Trouble: TroubleEncrypted, Broker: addr, Err: err, What: "the broker speaks TLS, and sluice is not told to",
			Fix: "set SLUICE_KAFKA_TLS=true, and SLUICE_KAFKA_TLS_CA where the certificate is of an authority of your own",
		}
	case errors.As(err, &odd):
		return &Error{Trouble: TroubleForeign, Broker: addr, Err: err, What: odd.Error(), Fix: fixAddress}
	default:
		return c.noAnswer(addr, err)
	}
}

// noAnswer is a broker that took the connection and then did not answer.
func (c *Cluster) noAnswer(addr string, err error) *Error {
	e := &Error{Trouble: TroubleSilent, Broker: addr, Err: err, Fix: fixAddress + ": is it a broker's port?"}
	if isTimeout(err) {
		e.What = fmt.Sprintf("what listens there does not answer within %v", stepTimeout)
	} else {
		e.What = "what listens there closes the connection (" + rootText(err) + ")"
	}
	return e
}

// mechanisms asks on a connection of its own for the logins that a broker offers; none where it has no login.
func (c *Cluster) mechanisms(ctx context.Context, addr string) ([]string, error) {
	conn, e := c.open(ctx, addr)
	if e != nil {
		return nil, e
	}
	defer conn.Close() //nolint:errcheck // it has told what it can
	res, err := ask(conn, &saslhandshake.Request{Mechanism: "none"})
	if err != nil {
		return nil, err
	}
	return res.(*saslhandshake.Response).Mechanisms, nil
}

// speaksHTTP reports whether a web server is at addr: it waits for the end of a line that Kafka's protocol has not.
func (c *Cluster) speaksHTTP(ctx context.Context, addr string) bool {
	conn, err := c.cfg.Dial(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // it has told what it can
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	var begin [5]byte
	if _, err := io.WriteString(conn, "HEAD / HTTP/1.0\r\n\r\n"); err != nil {
		return false
	}
	_, err = io.ReadFull(conn, begin[:])
	return err == nil && string(begin[:]) == "HTTP/"
}

const webServer = "what answers there is a web server, not Kafka"

// foreignError is an answer that is none of Kafka's.
type foreignError struct{ begin [8]byte }

func (e *foreignError) Error() string {
	if bytes.HasPrefix(e.begin[:], []byte("HTTP/")) {
		return webServer
	}
	return fmt.Sprintf("what answers there is not Kafka (it begins with %q)", e.begin)
}

// versions are those of our questions: the oldest that Kafka 4 still takes (KIP-896).
var versions = map[protocol.ApiKey]int16{protocol.ApiVersions: 1, protocol.SaslHandshake: 1, protocol.Metadata: 5}

// maxAnswer bounds the answers to the questions of a probe; those of Kafka are far smaller.
const maxAnswer = 4 << 20

// ask sends one request and reads the answer. kafka-go would do, but takes the first four bytes of whatever
// answers for a length, and allocates accordingly.
func ask(conn net.Conn, req protocol.Message) (protocol.Message, error) {
	const correlation = 1
	version := versions[req.ApiKey()]
	if err := protocol.WriteRequest(conn, version, correlation, "sluice", req); err != nil {
		return nil, err
	}
	var begin [8]byte // the size, and the correlation id
	if n, err := io.ReadFull(conn, begin[:]); err != nil && n < 4 {
		return nil, err
	}
	size := binary.BigEndian.Uint32(begin[:4])
	if size < 4 || size > maxAnswer || binary.BigEndian.Uint32(begin[4:]) != correlation {
		return nil, &foreignError{begin}
	}
	_, res, err := protocol.ReadResponse(io.MultiReader(bytes.NewReader(begin[:]), conn), req.ApiKey(), version)
	return res, err
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// rootText returns the innermost error's own words: the outer ones repeat the address.
func rootText(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
