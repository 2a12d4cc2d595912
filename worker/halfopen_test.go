package worker_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestWorker_OutlivesHalfOpenConnections: a firewall has forgotten every connection, so that nothing arrives and
// nobody is told. New ones work.
func TestWorker_OutlivesHalfOpenConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 2)
		wall := &firewall{dialer: r.Net.DialContext}
		cfg := r.Config()
		cfg.Dial = wall.dial
		run := r.startOn(t, cfg)
		r.Produce(t, topic, messages(100, 2, 50)...)
		eventually(t, time.Minute, "the first", func() bool { return r.api.accepted() == 100 })
		r.awaitCommitted(t, run, []int{0, 1}, 100)

		wall.forget()
		r.Produce(t, topic, messages(100, 2, 50)...)
		// Each request has a deadline (fetchTimeout); the next ones may go down other forgotten connections.
		eventually(t, time.Minute, "the others", func() bool { return r.api.accepted() >= 200 })
		r.awaitCommitted(t, run, []int{0, 1}, 200)
		run.leave(t)
		// Heartbeats went unheard too: who was put out of the group for it could not commit the second hundred.
		r.requireAuditOfLog(t, topic, 100)
	})
}

// firewall loses what is sent over connections that it has forgotten.
type firewall struct {
	dialer func(ctx context.Context, network, address string) (net.Conn, error)

	mu    sync.Mutex
	conns []*lossyConn
}

func (f *firewall) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := f.dialer(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &lossyConn{Conn: conn}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns = append(f.conns, c)
	return c, nil
}

func (f *firewall) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.lost.Store(true)
	}
}

type lossyConn struct {
	net.Conn
	lost atomic.Bool
}

func (c *lossyConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.lost.Load() {
			return n, err
		}
	}
}

func (c *lossyConn) Write(b []byte) (int, error) {
	if c.lost.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}
