package chaos_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// proxy stands between the workers and the API, so that connections can be hurt below HTTP.
type proxy struct {
	target string
	l      net.Listener

	mu    sync.Mutex
	gate  sync.Cond // tells of the end of a stall
	stall bool
	conns map[net.Conn]bool
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{target: target, l: l, conns: map[net.Conn]bool{}}
	p.gate.L = &p.mu
	go p.accept()
	t.Cleanup(func() {
		_ = l.Close()
		p.setStall(false)
		p.cut()
	})
	return p
}

func (p *proxy) url() string { return "http://" + p.l.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{Timeout: 5 * time.Second}).Dial("tcp", p.target) //nolint:noctx // it is bounded
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		go p.copy(server, client)
		go p.copy(client, server)
	}
}

// copy passes bytes on until either side ends, and then ends both.
func (p *proxy) copy(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.await()
		if n > 0 {
			if _, werr := to.Write(buf[:n]); werr != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	p.mu.Lock()
	delete(p.conns, to)
	delete(p.conns, from)
	p.mu.Unlock()
	_ = to.Close()
	_ = from.Close()
}

func (p *proxy) await() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.stall {
		p.gate.Wait()
	}
}

// setStall holds back all bytes while the connections stay open: a network that swallows.
func (p *proxy) setStall(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stall = on
	p.gate.Broadcast()
}

// cut resets every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
}

// halfClose ends the servers' side only: the client may still send and gets no more.
func (p *proxy) halfClose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok && c.LocalAddr().String() == p.l.Addr().String() {
			_ = tcp.CloseWrite()
		}
	}
}

// cuttable is a listener whose connections can be cut and held back: the embedded broker's network.
type cuttable struct {
	mu    sync.Mutex
	gate  sync.Cond
	stall bool
	conns map[*heldConn]bool
}

func newCuttable() *cuttable {
	c := &cuttable{conns: map[*heldConn]bool{}}
	c.gate.L = &c.mu
	return c
}

// listen has the signature that the embedded broker wants.
func (c *cuttable) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address) //nolint:noctx // it returns at once
	if err != nil {
		return nil, err
	}
	return &heldListener{Listener: l, of: c}, nil
}

func (c *cuttable) setStall(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stall = on
	c.gate.Broadcast()
}

func (c *cuttable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		_ = conn.Conn.Close()
	}
}

type heldListener struct {
	net.Listener
	of *cuttable
}

func (l *heldListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	held := &heldConn{Conn: conn, of: l.of}
	l.of.mu.Lock()
	l.of.conns[held] = true
	l.of.mu.Unlock()
	return held, nil
}

type heldConn struct {
	net.Conn
	of *cuttable
}

// Read waits while the network is stalled, and answers are thereby held back too.
func (c *heldConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	for c.of.stall {
		c.of.gate.Wait()
	}
	return n, err
}

func (c *heldConn) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

var _ io.ReadWriteCloser = (*heldConn)(nil)
