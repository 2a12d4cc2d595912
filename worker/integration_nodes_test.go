package worker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

// The tests of this file end brokers of a real cluster of three under load. They are not parallel: no other
// test of this package runs beside them.

// underLoad is a worker under load on a topic that outlives any one broker.
type underLoad struct {
	*rig
	run   *running
	load  *load
	nodes *kafkatest.Nodes
}

func newUnderLoad(t *testing.T) *underLoad {
	t.Helper()
	r, own := newRealRig(t, 6)
	nodes := r.Nodes(t)
	r.api.answer = slow(5 * time.Millisecond)
	run := r.start(t, own)
	tr := &underLoad{rig: r, run: run, load: r.load(t, run.topic(), 6), nodes: nodes}
	tr.goesOn(t)
	return tr
}

// goesOn waits until messages of every partition that were not there before have been accepted.
func (tr *underLoad) goesOn(t *testing.T) {
	t.Helper()
	before := map[int]int64{}
	for _, p := range tr.run.Snapshot().Partitions {
		before[p.Partition] = p.HighWater
	}
	eventually(t, 2*time.Minute, "work going on in every partition", func() bool {
		parts := tr.run.Snapshot().Partitions
		for _, p := range parts {
			if p.Position <= before[p.Partition] {
				return false
			}
		}
		return len(parts) == 6
	})
}

func TestIntegration_LeaderIsKilled(t *testing.T) {
	tr := newUnderLoad(t)
	tr.AwaitInSync(t, tr.run.topic())
	victim := 0
	for partition := range 6 { // one that leads, and does not coordinate
		if leader := tr.Leader(t, tr.run.topic(), partition); leader != tr.Coordinator(t, tr.run.cfg.Group) {
			victim = leader
		}
	}
	require.NotZero(t, victim)
	tr.nodes.Kill(t, victim)
	tr.goesOn(t)
	tr.nodes.Restart(t, victim)
	tr.AwaitInSync(t, tr.run.topic())
	tr.ends(t, 2500)
}

func TestIntegration_CoordinatorIsKilled(t *testing.T) {
	tr := newUnderLoad(t)
	tr.AwaitInSync(t, tr.run.topic())
	victim := tr.Coordinator(t, tr.run.cfg.Group)
	tr.nodes.Kill(t, victim)
	tr.goesOn(t)
	require.NotEqual(t, victim, tr.Coordinator(t, tr.run.cfg.Group))
	tr.nodes.Restart(t, victim)
	tr.AwaitInSync(t, tr.run.topic())
	tr.ends(t, 20_000)
}

func TestIntegration_BrokersAreRestartedInTurn(t *testing.T) {
	tr := newUnderLoad(t)
	for n := 1; n <= tr.nodes.Count(); n++ {
		tr.AwaitInSync(t, tr.run.topic())
		tr.nodes.Stop(t, n)
		tr.nodes.Restart(t, n)
	}
	tr.AwaitInSync(t, tr.run.topic())
	tr.ends(t, 20_000)
}

// ends stops the load and audits; no more than so many messages may have been repeated.
func (tr *underLoad) ends(t *testing.T, repeated int) {
	t.Helper()
	tr.goesOn(t)
	tr.load.stop()
	tr.requireAuditOfLog(t, tr.run.topic(), repeated)
	tr.run.leave(t)
	require.Empty(t, tr.dead.all())
}
