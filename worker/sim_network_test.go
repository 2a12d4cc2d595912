package worker_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// network is one process's way to the brokers, and can be taken away from it.
type network struct {
	dialer func(ctx context.Context, network, address string) (net.Conn, error)
	down   *atomic.Bool // the brokers are down, for everybody

	mu      sync.Mutex
	cut     bool          // connections are refused
	swallow bool          // what is sent is lost, and no answer comes: half-open connections
	delay   time.Duration // of every packet sent
	conns   map[*simConn]struct{}
}

var errNetwork = errors.New("connection refused by the simulation")

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	refused, swallow := n.cut || n.down.Load(), n.swallow
	n.mu.Unlock()
	switch {
	case refused:
		return nil, errNetwork
	case swallow:
		<-ctx.Done() // kafka-go bounds every dial
		return nil, ctx.Err()
	}
	conn, err := n.dialer(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &simConn{Conn: conn, network: n}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut || n.down.Load() {
		conn.Close()
		return nil, errNetwork
	}
	n.conns[c] = struct{}{}
	return c, nil
}

// reset closes every connection, as a peer that is restarted does.
func (n *network) reset() {
	n.mu.Lock()
	conns := n.conns
	n.conns = map[*simConn]struct{}{}
	n.mu.Unlock()
	for c := range conns {
		c.Conn.Close()
	}
}

func (n *network) set(change func(n *network)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(n)
}

// freeze makes the connections half-open, and dials hang.
func (n *network) freeze() {
	n.set(func(n *network) {
		n.swallow = true
		for c := range n.conns {
			c.lost.Store(true)
		}
	})
}

// thaw lets new connections through; those that were half-open stay so until they are closed.
func (n *network) thaw() { n.set(func(n *network) { n.swallow = false }) }

type simConn struct {
	net.Conn
	network *network
	lost    atomic.Bool // half-open
}

func (c *simConn) Write(p []byte) (int, error) {
	c.network.mu.Lock()
	delay := c.network.delay
	c.network.mu.Unlock()
	if delay > 0 {
		time.Sleep(delay)
	}
	if c.lost.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *simConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.lost.Load() {
			return n, err
		}
	}
}

func (c *simConn) Close() error {
	c.network.set(func(n *network) { delete(n.conns, c) })
	return c.Conn.Close()
}
