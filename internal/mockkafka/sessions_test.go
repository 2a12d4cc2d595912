package mockkafka_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
)

// TestSessions_EndWhereTheMemberDiedWhileItJoined: else nobody would ever read its partitions again.
func TestSessions_EndWhereTheMemberDiedWhileItJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := start(t)
		group := c.group(t, c.Dialer())
		next := func() int {
			gen, err := group.Next(t.Context())
			require.NoError(t, err)
			gen.Start(func(ctx context.Context) { <-ctx.Done() })
			return len(gen.Assignments["payloads"])
		}
		require.Equal(t, 2, next())

		line := &line{dial: c.Dialer().DialFunc}
		mortal := *c.Dialer()
		mortal.DialFunc = line.connect
		c.group(t, &mortal)
		for c.state(t) != "PreparingRebalance" { // it waits for the other to join again
			time.Sleep(10 * time.Millisecond)
		}
		line.cut()
		require.Equal(t, 1, next(), "the one that died is a member")
		began := time.Now()
		require.Equal(t, 2, next())
		require.Less(t, time.Since(began), 20*time.Second)
	})
}

// group joins the group g.
func (c client) group(t *testing.T, d *kafkago.Dialer) *kafkago.ConsumerGroup {
	t.Helper()
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID: "g", Brokers: c.Brokers(), Dialer: d, Topics: []string{"payloads"},
		SessionTimeout: 10 * time.Second, RebalanceTimeout: 10 * time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = group.Close() }) // always nil
	return group
}

// state returns the state of the group g.
func (c client) state(t *testing.T) string {
	t.Helper()
	res, err := c.Client().DescribeGroups(t.Context(), &kafkago.DescribeGroupsRequest{GroupIDs: []string{"g"}})
	require.NoError(t, err)
	require.Len(t, res.Groups, 1)
	return res.Groups[0].GroupState
}

// line is a process's way to the broker.
type line struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	mu    sync.Mutex
	conns []net.Conn
	dead  bool
}

func (l *line) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := l.dial(ctx, network, address)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return nil, errors.New("cut")
	}
	l.conns = append(l.conns, conn)
	return conn, err
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
	for _, conn := range l.conns {
		_ = conn.Close()
	}
}
