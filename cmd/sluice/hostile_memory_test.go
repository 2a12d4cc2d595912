package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

var hostileRounds = flag.Int("hostile.rounds", 5, "how often the hostile corpus is sent through one process")

// TestHostilePayloads_LeaveMemoryFlat sends the corpus through one process again and again, then batches that
// unpack to thousands of times their size.
func TestHostilePayloads_LeaveMemoryFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const partitions, slack = 3, 4 << 20
	// Small segments, because the broker gives memory back by whole ones.
	b := kafkatest.TCP(t, kfake.BrokerConfigs(map[string]string{"log.segment.bytes": "1048576"}))
	r := newHostileRig(t, b, partitions)
	w, pid := r.spawn(t, "SLUICE_ADMIN_PPROF=true")
	var heaps []int
	for round := range *hostileRounds {
		w.round(t, r, r.send(t, hostileKinds(), partitions, uint64(round)))
		heaps = append(heaps, w.liveHeap(t))
		t.Logf("round %d: live heap %d KiB, %s", round+1, heaps[round]>>10, residence(t, pid))
	}
	for range 3 {
		w.round(t, r, r.sendBomb(t))
		heaps = append(heaps, w.liveHeap(t))
		t.Logf("one batch that unpacks to 54 MiB: live heap %d KiB, %s", heaps[len(heaps)-1]>>10, residence(t, pid))
	}
	assert.Less(t, heaps[len(heaps)-1], heaps[1]+slack, "live heap after everything, and after the second round: %v", heaps)
	w.leave(t)
	w.assertSilent(t)
}

// spawn runs `sluice run` as a process of its own.
func (r *hostileRig) spawn(t *testing.T, env ...string) (*hostileRun, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sluice", "run")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), env...)
	for name, value := range r.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	w := &hostileRun{ended: make(chan int, 1)}
	cmd.Stdout, cmd.Stderr = &w.logs, &w.logs
	require.NoError(t, cmd.Start())
	w.stop = func() { _ = cmd.Process.Signal(syscall.SIGTERM) }
	go func() {
		_ = cmd.Wait()
		w.ended <- cmd.ProcessState.ExitCode()
	}()
	w.serves(t)
	return w, cmd.Process.Pid
}

// round waits for the end of what was sent, counts what was delivered, and has the broker forget it.
func (w *hostileRun) round(t *testing.T, r *hostileRig, sent []message) {
	t.Helper()
	w.await(t, sent)
	want := 0
	for _, m := range sent {
		if m.kind.end.code == "" {
			want++
		}
	}
	r.mu.Lock()
	delivered := 0
	for _, e := range r.executed {
		delivered += len(e)
	}
	clear(r.executed)
	r.mu.Unlock()
	require.Equal(t, want, delivered)
	r.forget(t, r.topic)
	r.forget(t, r.topic+".dlq")
	r.forget(t, r.topic+".results")
}

// forget deletes all of a topic's records.
func (r *hostileRig) forget(t *testing.T, topic string) {
	t.Helper()
	var parts []kafkago.Partition
	require.Eventually(t, func() bool { // our view of the cluster may be older than the topic
		var err error
		parts, err = r.Partitions(t.Context(), topic)
		return err == nil
	}, 10*time.Second, 50*time.Millisecond)
	req := kmsg.NewPtrDeleteRecordsRequest()
	rt := kmsg.NewDeleteRecordsRequestTopic()
	rt.Topic = topic
	for _, part := range parts {
		p := kmsg.NewDeleteRecordsRequestTopicPartition()
		p.Partition, p.Offset = int32(part.ID), -1 // all of them
		rt.Partitions = append(rt.Partitions, p)
	}
	req.Topics = append(req.Topics, rt)
	_, err := req.RequestWith(t.Context(), r.sender.client(t, plainly))
	require.NoError(t, err)
}

// sendBomb sends one batch of good payloads that unpacks to thousands of times its size.
func (r *hostileRig) sendBomb(t *testing.T) (sent []message) {
	t.Helper()
	const messages, size = 60, 900 << 10
	var records []*kgo.Record
	for i := range messages {
		m := message{kind: hostile{name: "a part of the batch"}, mark: fmt.Sprintf("%s%04dh", hostileMark, i)}
		m.record = &kgo.Record{Topic: r.topic, Key: []byte(m.mark), Value: sized(size)(m.mark)}
		sent, records = append(sent, m), append(records, m.record)
	}
	c, err := kgo.NewClient(
		kgo.SeedBrokers(r.sender.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ManualFlushing(),
		kgo.ProducerBatchMaxBytes(64<<20), kgo.ProducerBatchCompression(kgo.ZstdCompression()),
	)
	require.NoError(t, err)
	defer c.Close()
	for _, rec := range records {
		c.Produce(t.Context(), rec, func(_ *kgo.Record, err error) { assert.NoError(t, err) })
	}
	require.NoError(t, c.Flush(t.Context()))
	return sent
}

var heapAlloc = regexp.MustCompile(`# HeapAlloc = (\d+)`)

// liveHeap returns the bytes that are alive after collecting what is not.
func (w *hostileRun) liveHeap(t *testing.T) int {
	t.Helper()
	w.page(t, "/debug/pprof/heap?gc=1") // what was pooled outlives one collection
	found := heapAlloc.FindStringSubmatch(w.page(t, "/debug/pprof/heap?gc=1&debug=1"))
	require.NotNil(t, found)
	n, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return n
}

// residence tells of a process's memory, where the system does.
func residence(t *testing.T, pid int) string {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "RSS not known here"
	}
	var told []string
	for line := range bytes.Lines(status) {
		if name, value, _ := strings.Cut(string(line), ":"); name == "VmHWM" || name == "VmRSS" {
			told = append(told, name+" "+strings.TrimSpace(value))
		}
	}
	return strings.Join(told, ", ")
}
