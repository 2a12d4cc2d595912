package mockkafka

import (
	"net"
	"sync"
	"time"
)

// gate is a broker's listener that can cut clients off, or make them wait. The broker itself knows nothing of
// it, so nothing that it does for one client is held up by another's wait.
type gate struct {
	net.Listener
	host string

	mu      sync.Mutex
	conns   map[*conn]struct{}
	down    bool
	latency time.Duration
	changed chan struct{} // closed when the latency changes
}

func newGate(l net.Listener, host string) *gate {
	return &gate{Listener: l, host: host, conns: map[*conn]struct{}{}, changed: make(chan struct{})}
}

// Addr returns the host as it was asked for, not as it was resolved: it is what clients are told.
func (g *gate) Addr() net.Addr {
	_, port, err := net.SplitHostPort(g.Listener.Addr().String())
	if err != nil {
		return g.Listener.Addr()
	}
	return address(net.JoinHostPort(g.host, port))
}

// address is a net.Addr as it was typed.
type address string

// Network returns the network's name.
func (address) Network() string { return "tcp" }

// String returns host:port.
func (a address) String() string { return string(a) }

// Accept returns the next connection. While the gate is down it closes each as soon as it is made.
func (g *gate) Accept() (net.Conn, error) {
	for {
		accepted, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c, ok := g.admit(accepted); ok {
			return c, nil
		}
		_ = accepted.Close()
	}
}

func (g *gate) admit(accepted net.Conn) (net.Conn, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		return nil, false
	}
	c := &conn{Conn: accepted, gate: g, closed: make(chan struct{})}
	g.conns[c] = struct{}{}
	return c, true
}

// set says whether clients are cut off, and how long each answer takes. Answers that wait already are let go.
func (g *gate) set(down bool, latency time.Duration) {
	g.mu.Lock()
	g.down, g.latency = down, latency
	close(g.changed)
	g.changed = make(chan struct{})
	g.mu.Unlock()
	if down {
		g.cut()
	}
}

// cut closes every connection.
func (g *gate) cut() {
	g.mu.Lock()
	conns := make([]*conn, 0, len(g.conns))
	for c := range g.conns {
		conns = append(conns, c)
	}
	g.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
	}
}

func (g *gate) delay() (time.Duration, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.latency, g.changed
}

func (g *gate) forget(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c)
}

// conn is a client's connection, as the broker sees it.
type conn struct {
	net.Conn
	gate   *gate
	once   sync.Once
	closed chan struct{}
}

// Write sends an answer, when its time has come.
func (c *conn) Write(answer []byte) (int, error) {
	if latency, changed := c.gate.delay(); latency > 0 {
		timer := time.NewTimer(latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-changed:
		case <-c.closed:
		}
	}
	return c.Conn.Write(answer)
}

// Close ends the wait of an answer too.
func (c *conn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.gate.forget(c)
	})
	return c.Conn.Close()
}
