package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
)

// Nodes are the brokers of a real cluster, for tests that end and start them. A broker's number is its node id.
// Such tests must not run beside others on the same cluster.
type Nodes struct {
	b   *Broker
	dir string
	n   int
}

// Nodes returns the brokers of the real cluster in SLUICE_TEST_KAFKA. The test is skipped where there are
// fewer than three: a topic has to outlive any one of them. When the test ends, all are up and in step again.
func (b *Broker) Nodes(t testing.TB) *Nodes {
	t.Helper()
	if b.Fake != nil {
		t.Skip("needs three real brokers: set SLUICE_TEST_BROKERS and SLUICE_TEST_KAFKA (CONTRIBUTING.md)")
	}
	dir := clusterDir(t)
	c := &Nodes{b: b, dir: dir, n: len(addresses(t, dir, Plaintext))}
	if c.n < 3 {
		t.Skipf("needs three real brokers, the cluster in %s has %d", dir, c.n)
	}
	t.Cleanup(func() {
		for n := 1; n <= c.n; n++ {
			if _, err := os.Stat(filepath.Join(dir, strconv.Itoa(n)+".pid")); errors.Is(err, os.ErrNotExist) {
				c.run(t, "restart", n)
			}
		}
	})
	return c
}

// Count returns how many brokers there are; they are numbered from 1.
func (c *Nodes) Count() int { return c.n }

// Kill ends a broker as kill -9 does.
func (c *Nodes) Kill(t testing.TB, n int) { t.Helper(); c.run(t, "kill", n) }

// Stop ends a broker in good order: it hands its leaderships over first.
func (c *Nodes) Stop(t testing.TB, n int) { t.Helper(); c.run(t, "stop-broker", n) }

// Restart starts a broker that was ended, and returns when it accepts connections.
func (c *Nodes) Restart(t testing.TB, n int) { t.Helper(); c.run(t, "restart", n) }

func (c *Nodes) run(t testing.TB, command string, n int) {
	t.Helper()
	// Not the test's context: the brokers are started again when it has ended.
	cmd := exec.CommandContext(context.Background(), filepath.Join(c.dir, "cluster"), command, c.dir, strconv.Itoa(n)) //nolint:gosec // the test's own cluster
	// To files, not pipes: a broker that is started keeps them open.
	out, err := os.CreateTemp(t.TempDir(), "cluster")
	require.NoError(t, err)
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		require.NoError(t, err, "cluster %s %d: %s", command, n, said)
	}
}

// Leader returns the node that leads a partition.
func (b *Broker) Leader(t testing.TB, topic string, partition int) int {
	t.Helper()
	parts, err := b.Partitions(t.Context(), topic)
	require.NoError(t, err)
	for _, p := range parts {
		if p.ID == partition {
			return p.Leader.ID
		}
	}
	t.Fatalf("topic %s has no partition %d", topic, partition)
	return 0
}

// Coordinator returns the node that coordinates a group.
func (b *Broker) Coordinator(t testing.TB, group string) int {
	t.Helper()
	res, err := b.Client().FindCoordinator(t.Context(), &kafkago.FindCoordinatorRequest{
		Key: group, KeyType: kafkago.CoordinatorKeyTypeConsumer,
	})
	require.NoError(t, err)
	require.NoError(t, res.Error)
	return res.Coordinator.NodeID
}

// AwaitInSync waits until every replica of a topic is in step with its leader.
func (b *Broker) AwaitInSync(t testing.TB, topic string) {
	t.Helper()
	var last string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		parts, err := b.Partitions(t.Context(), topic)
		behind := 0
		for _, p := range parts {
			behind += len(p.Replicas) - len(p.Isr)
		}
		if err == nil && len(parts) > 0 && behind == 0 {
			return
		}
		last = fmt.Sprintf("%d replicas behind, error %v", behind, err)
	}
	t.Fatalf("topic %s is not in sync: %s", topic, last)
}
