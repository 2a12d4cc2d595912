package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

// hostileKinds returns the corpus as one list, but for what has a test to itself.
func hostileKinds() (all []hostile) {
	for _, g := range hostileGroups() {
		if g.apart {
			continue
		}
		for _, k := range g.kinds {
			k.name = g.heading + ": " + k.name
			all = append(all, k)
		}
	}
	return all
}

// TestIntegration_HostilePayloads: whatever comes, it is delivered or dead-lettered, each as docs/hostile-payloads.md
// says, with every byte; and the good message behind it, with its key, is delivered after it.
func TestIntegration_HostilePayloads(t *testing.T) {
	playHostile(t, hostileKinds(), 3)
}

// TestIntegration_HostilePayloadsInPartitionOrder: all of them behind each other.
func TestIntegration_HostilePayloadsInPartitionOrder(t *testing.T) {
	playHostile(t, hostileKinds(), 1, "SLUICE_ORDER", "partition")
}

// TestIntegration_HostileTransactions has a topic to itself: where a fetch is cut off at its MaxBytes, the
// embedded broker forgets to name the transactions that were aborted.
func TestIntegration_HostileTransactions(t *testing.T) {
	playHostile(t, hostileTransactions(), 1)
}

// playHostile sends messages through a worker and audits them. Those that wait for each other have to end in order.
func playHostile(t *testing.T, kinds []hostile, partitions int, env ...string) {
	const seed = 4
	r := newHostileRig(t, kafkatest.Real(t), partitions)
	sent := r.send(t, kinds, partitions, seed)
	w := r.start(t, env...)
	began := time.Now()
	w.finish(t, sent)
	t.Logf("%d kinds, %d messages, %v", len(kinds), len(sent), time.Since(began).Round(time.Millisecond))

	audit := r.audit(t)
	byPartition := slices.Contains(env, "partition")
	last := map[string]time.Time{}
	for _, m := range sent {
		at, ok := audit.message(t, m)
		if !ok || m.record.Key == nil && !byPartition {
			continue
		}
		queue := string(m.record.Key)
		if byPartition {
			queue = ""
		}
		assert.False(t, at.Before(last[queue]), "%s: ended before the one in front of it", m.kind.name)
		last[queue] = at
	}
	w.assertSilent(t)
}

// TestIntegration_HostileTimestampsAreShown: a timestamp that JSON cannot write must not blind the operators while
// its message waits.
func TestIntegration_HostileTimestampsAreShown(t *testing.T) {
	for _, at := range []time.Time{lastInstant, farFuture, distantPast} {
		t.Run(strconv.FormatInt(at.UnixMilli(), 10), func(t *testing.T) {
			r := newHostileRig(t, kafkatest.Real(t), 1)
			r.api.SetFault(genesystest.Fault{Delay: genesystest.Duration(time.Second), Paths: genesystest.PathInvoke})
			sent := r.send(t, []hostile{{name: "waits", value: good, shape: stampedAt(at), way: byHand}}, 1, 0)
			w := r.start(t)
			hostileEventually(t, w, "sends", func() bool { return strings.Contains(w.get(t, "/status"), `"at_api": 1`) })
			w.finish(t, sent)
		})
	}
}

// assertSilent: nothing that a producer has sent appears where operators look.
func (w *hostileRun) assertSilent(t *testing.T) {
	t.Helper()
	for where, said := range map[string]string{"the logs": w.logs.String(), "the admin server": w.pages.String()} {
		for _, never := range []string{hostileMark, "\x1b", `\u001b`, "evil.example", "panicked"} {
			assert.NotContains(t, said, never, where)
		}
	}
}

// TestHostilePayloads_BearTheirMark: a kind whose payload lost its mark would be checked for nothing.
func TestHostilePayloads_BearTheirMark(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range hostileKinds() {
		require.False(t, seen[k.name], "two kinds are named %q", k.name)
		seen[k.name] = true
		if k.end.code == "" {
			require.Contains(t, string(k.value(hostileMark+"0000h")), hostileMark, k.name)
		}
	}
}
