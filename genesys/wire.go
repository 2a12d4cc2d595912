package genesys

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"
)

// newTransport returns the connections of one client.
//
// HTTP/1.1 only: with one request a connection at a time, the bytes written to a connection tell whether a
// failed request was sent. A Dial of our own is what keeps net/http from choosing HTTP/2.
func newTransport(cfg Config) *http.Transport {
	dial := cfg.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	// One more than the attempts at a time: a token request must not queue behind hanging invocations.
	conns := cfg.Concurrency + 1
	return &http.Transport{
		Proxy: nameless(http.ProxyFromEnvironment),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &countedConn{Conn: conn}, nil
		},
		TLSHandshakeTimeout: 10 * time.Second,
		MaxConnsPerHost:     conns,
		MaxIdleConns:        2 * conns, // the API's host and the login host
		MaxIdleConnsPerHost: conns,
		// Shorter than the 60 s after which AWS' load balancers close: a request sent into a connection that
		// the other side is closing has an unknown outcome.
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// nameless keeps the address of an unusable proxy, which may hold a password, out of the error.
func nameless(find func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		proxy, err := find(r)
		if err != nil {
			return nil, errors.New("the proxy of HTTPS_PROXY or HTTP_PROXY is not a URL")
		}
		return proxy, nil
	}
}

// countedConn counts the bytes that have left, or are leaving: a Write under way counts in full until it
// is known how far it came.
type countedConn struct {
	net.Conn
	written atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.written.Add(int64(len(p)))
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n - len(p)))
	return n, err
}

// wire watches one request: which connection it was given, and how much had left on that one before. A
// request moves to another connection only where nothing at all left on the first, so the last one is the
// one that counts.
type wire struct {
	trace  httptrace.ClientTrace
	conn   *countedConn
	before int64
	reused bool // the connection had served another request before
}

// roundTrip sends a request whose context is watched by w. A connection that the other side closed while it
// was idle costs nothing: net/http sees most of those before it sends, and tries another one, but gives up
// on a POST where the end arrives in the very moment of sending. Nothing has left then, so this goes on.
func (w *wire) roundTrip(transport http.RoundTripper, r *http.Request) (*http.Response, error) {
	for {
		res, err := transport.RoundTrip(r)
		if err == nil || w.sent() || !w.reused || r.Context().Err() != nil {
			return res, err
		}
		r = r.WithContext(r.Context()) // net/http may still hold the one that failed
		if r.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
}

// watch returns a context that makes net/http report to w.
func (w *wire) watch(ctx context.Context) context.Context {
	w.trace = httptrace.ClientTrace{GetConn: w.getConn, GotConn: w.gotConn}
	return httptrace.WithClientTrace(ctx, &w.trace)
}

func (w *wire) getConn(string) { w.conn, w.reused = nil, false }

func (w *wire) gotConn(info httptrace.GotConnInfo) {
	conn := info.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if counted, ok := conn.(*countedConn); ok {
		w.conn, w.before, w.reused = counted, counted.written.Load(), info.Reused
	}
}

// sent says whether any byte left since the request was given its connection. TLS may add a few bytes of
// its own when it closes, so it can say yes where no is true, never the other way round.
func (w *wire) sent() bool { return w.conn != nil && w.conn.written.Load() != w.before }

// interrupted makes the error for a request that got no answer. The request's context is derived from the
// caller's and ends with the cause timedOut after the client's own time-out.
func interrupted(caller, request context.Context, op Op, timedOut error, sent bool, err error) *Error {
	ours := errors.Is(context.Cause(request), timedOut)
	switch {
	case caller.Err() != nil && !ours:
		return &Error{Kind: KindCanceled, Op: op, Err: context.Cause(caller)}
	case ours:
		err = timedOut
	case sent:
		err = knownCause(err)
	}
	if sent {
		return &Error{Kind: KindBroken, Op: op, Err: err}
	}
	return &Error{Kind: KindNotSent, Op: op, Err: unreachable(err)}
}

var errNotHTTP = errors.New("the connection broke, or the answer was not HTTP")

// knownCause returns the part of a transport error whose text is known to quote nothing that came over the
// wire. net/http quotes the line it could not parse, and a broken server may echo the request.
func knownCause(err error) error {
	for _, known := range []error{
		io.ErrUnexpectedEOF, io.EOF, io.ErrClosedPipe, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE,
	} {
		if errors.Is(err, known) {
			return known
		}
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	if e, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return e
	}
	if e, ok := errors.AsType[tls.AlertError](err); ok {
		return e
	}
	return errNotHTTP
}
