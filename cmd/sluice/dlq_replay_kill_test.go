package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

// replayStage is a topic with dead letters for real processes to replay.
type replayStage struct {
	*kafkatest.Broker
	topic string
	ids   map[string]bool
}

func newReplayStage(t *testing.T, n int) *replayStage {
	t.Helper()
	s := &replayStage{Broker: kafkatest.Real(t), topic: fmt.Sprintf("replayed-%d", rand.Uint32()), ids: map[string]bool{}}
	s.CreateTopic(t, s.topic, 3, nil)
	s.CreateTopic(t, s.topic+".dlq", 3, nil)
	var sources, letters []kafkago.Message
	for i := range n {
		r := seriesRecord(1)
		r.Payload = fmt.Appendf(nil, validPayload, i)
		r.Source.Topic, r.Source.Partition, r.Source.Offset = s.topic, i%3, int64(i/3)
		r.Source.Key = fmt.Appendf(nil, "key-%d", i%7)
		s.ids[r.Source.ID()] = true
		letter := r.KafkaMessage()
		letter.Partition = i % 3
		sources = append(sources, kafkago.Message{Partition: i % 3, Key: r.Source.Key, Value: r.Payload})
		letters = append(letters, letter)
	}
	s.Produce(t, s.topic, sources...)
	s.Produce(t, s.topic+".dlq", letters...)
	return s
}

// replay starts `sluice dlq replay` as a process of its own.
func (s *replayStage) replay(t *testing.T, args ...string) (*exec.Cmd, *processSays) {
	t.Helper()
	said := &processSays{}
	args = append([]string{"dlq", "replay", "--topic", s.topic, "--kafka-brokers", strings.Join(s.Brokers(), ","), "--canary", "0"}, args...)
	cmd := exec.CommandContext(t.Context(), "sluice", args...) // this very binary: see TestMain
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), said, said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, said
}

// sent returns how often each dead letter's message was sent.
func (s *replayStage) sent(t *testing.T) map[string]int {
	t.Helper()
	times := map[string]int{}
	for _, m := range s.ReadAll(t, s.topic) {
		for _, h := range m.Headers {
			if h.Key == deadletter.HeaderReplayOf {
				times[string(h.Value)]++
			}
		}
	}
	return times
}

// audit fails unless each dead letter's message was sent once.
func (s *replayStage) audit(t *testing.T) {
	t.Helper()
	times := s.sent(t)
	require.Len(t, times, len(s.ids), "none is left out")
	for id, n := range times {
		require.True(t, s.ids[id], id)
		require.Equal(t, 1, n, "%s: sent more than once", id)
	}
}

// processSays is what a process says, for several readers.
type processSays struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *processSays) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *processSays) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

var resumeCommand = regexp.MustCompile(`--resume (\S+)`)

// A replay that is killed in the middle sends nothing twice when it is resumed, and leaves nothing out.
func TestIntegration_ReplayKilledAndResumed(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts processes, and waits 21 s for one that is dead")
	}
	s := newReplayStage(t, 400)
	cmd, said := s.replay(t, "--all", "--yes", "--rate", "200")
	require.Eventually(t, func() bool { return len(s.sent(t)) > 50 }, time.Minute, time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	before := len(s.sent(t))
	require.Less(t, before, 400, "it was to be killed in the middle")
	id := resumeCommand.FindStringSubmatch(said.String())
	require.NotNil(t, id, said.String())

	cmd, said = s.replay(t, "--resume", id[1], "--rate", "0")
	require.NoError(t, cmd.Wait(), said.String())
	require.Contains(t, said.String(), "400 of 400 messages replayed")
	s.audit(t)
	t.Logf("killed after %d of 400", before)
}

// Of two processes that replay the same dead letters at once, one does each, and the other says who.
func TestIntegration_ReplayedByTwoAtOnce(t *testing.T) {
	s := newReplayStage(t, 200)
	first, saidFirst := s.replay(t, "--all", "--yes", "--rate", "100", "--by", "ann")
	require.Eventually(t, func() bool { return strings.Contains(saidFirst.String(), "begins") }, time.Minute, time.Millisecond)
	second, saidSecond := s.replay(t, "--all", "--yes", "--by", "bob")
	var exit *exec.ExitError
	require.ErrorAs(t, second.Wait(), &exit)
	require.Equal(t, exitFailed, exit.ExitCode(), saidSecond.String())
	require.Regexp(t, `ann is replaying it since 20\S+ \(replay \S+\), until 20`, saidSecond.String())
	require.NoError(t, first.Wait(), saidFirst.String())
	s.audit(t)
}
