package worker_test

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
	"github.com/sluice-kafka/sluice/worker"
)

// Kafka's own trouble, on either broker: what happens to a topic, and to a password, while the worker runs.

// TestIntegration_TopicIsDeletedAndRecreated: the new topic is read from its beginning, though it has come to
// hold more messages than the old one.
func TestIntegration_TopicIsDeletedAndRecreated(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 2)
	run := r.start(t, own)
	r.Produce(t, run.topic(), messages(200, 2, 50)...)
	eventually(t, time.Minute, "the old topic's", func() bool { return r.api.accepted() == 200 })

	r.deleteTopic(t, run.topic())
	eventually(t, time.Minute, "the loss told", func() bool { return r.logs.FilterMessageSnippet("topic is gone").Len() > 0 })
	r.CreateTopic(t, run.topic(), 2, nil)
	r.Produce(t, run.topic(), messages(1000, 2, 50)...)
	eventually(t, time.Minute, "the new topic's", func() bool { return r.api.accepted() >= 1200 })
	run.leave(t)
	require.Equal(t, 1200, r.api.accepted())
}

// TestIntegration_TopicIsRecreatedAtOnce: nobody sees the topic gone, and the log is another one.
func TestIntegration_TopicIsRecreatedAtOnce(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 2)
	run := r.start(t, own)
	r.Produce(t, run.topic(), messages(200, 2, 50)...)
	eventually(t, time.Minute, "the old topic's", func() bool { return r.api.accepted() == 200 })
	r.awaitCommitted(t, run, []int{0, 1}, 200)

	r.deleteTopic(t, run.topic())
	eventually(t, time.Minute, "recreated", func() bool {
		_, err := r.Cluster.CreateTopic(t.Context(), kafka.Topic{Name: run.topic(), Partitions: 2, Replication: -1})
		return err == nil
	})
	r.Produce(t, run.topic(), messages(1000, 2, 50)...)
	eventually(t, 20*time.Second, "the new topic's", func() bool { return r.api.accepted() >= 1200 })
	run.leave(t)
	require.Equal(t, 1200, r.api.accepted())
}

func TestIntegration_PartitionsAreAdded(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 1)
	run := r.start(t, own)
	r.Produce(t, run.topic(), messages(100, 1, 50)...)
	eventually(t, time.Minute, "the old partition's", func() bool { return r.api.accepted() == 100 })
	res, err := r.Client().CreatePartitions(t.Context(), &kafkago.CreatePartitionsRequest{
		Topics: []kafkago.TopicPartitionsConfig{{Name: run.topic(), Count: 3}},
	})
	require.NoError(t, err)
	require.NoError(t, res.Errors[run.topic()])
	began := time.Now()
	eventually(t, 90*time.Second, "three partitions", func() bool { return len(run.Snapshot().Partitions) == 3 })
	t.Logf("taken in %s after they were added", time.Since(began).Round(time.Second))
	r.Produce(t, run.topic(), kafkago.Message{Partition: 2, Value: []byte(`{"n":100}`)})
	eventually(t, time.Minute, "the new partition's", func() bool { return r.api.accepted() == 101 })
	run.leave(t)
	r.requireAudit(t, 101)
}

// TestIntegration_RetentionOvertakesTheGroup: what is gone is reported with its numbers, both by a worker
// that runs and by one that starts.
func TestIntegration_RetentionOvertakesTheGroup(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 1)
	run := r.start(t, own)
	r.Produce(t, run.topic(), messages(100, 1, 50)...)
	eventually(t, time.Minute, "the first", func() bool { return r.api.accepted() == 100 })
	run.leave(t)

	r.Produce(t, run.topic(), messages(100, 1, 50)...)
	r.DeleteRecords(t, run.topic(), 0, 150)
	run = r.start(t, func(c *worker.Config) { *c = run.cfg })
	eventually(t, time.Minute, "what is left", func() bool { return r.api.accepted() == 150 })
	run.leave(t)
	lost := r.logs.FilterMessage("messages were lost to retention before the group read them").All()
	require.Len(t, lost, 1)
	require.Equal(t, map[string]any{
		"topic": run.topic(), "partition": int64(0), "from": int64(100), "to": int64(150), "count": int64(50),
	}, lost[0].ContextMap())
}

// TestIntegration_MessageLargerThanAFetch: a broker sends one batch whole, however little was asked for.
func TestIntegration_MessageLargerThanAFetch(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 8)
	// Eight partitions share a quarter of the bytes in flight: the least that a fetch asks for, 64 KiB.
	run := r.start(t, own, func(c *worker.Config) { c.MaxInFlightBytes = 2 << 20 })
	big := append(append([]byte(`{"n":0,"pad":"`), bytes.Repeat([]byte("x"), 900<<10)...), `"}`...)
	r.Produce(t, run.topic(), kafkago.Message{Key: []byte("k"), Value: big})
	r.Produce(t, run.topic(), kafkago.Message{Key: []byte("k"), Value: []byte(`{"n":1}`)})
	eventually(t, time.Minute, "both", func() bool { return r.api.accepted() == 2 })
	run.leave(t)
	require.Equal(t, len(big), len(r.api.done[0].payload))
}

// TestIntegration_PasswordIsRotated: the worker says that its login is refused, and goes on when it is right.
func TestIntegration_PasswordIsRotated(t *testing.T) {
	t.Parallel()
	r, own := newRigOn(t, kafkatest.Secured(t, kafkatest.SASLPlaintext), 1)
	r.scramUser(t, "rotated-"+t.Name(), "first-of-the-tests")
	cfg := r.Config()
	cfg.SASL = kafka.SASL{Mechanism: "SCRAM-SHA-256", Username: "rotated-" + t.Name(), Password: "first-of-the-tests"}
	wire := &cuttable{}
	cfg.Dial = wire.dial
	var wc worker.Config
	own(&wc)
	for kind, name := range map[kafkago.ResourceType]string{kafkago.ResourceTypeTopic: wc.Topic, kafkago.ResourceTypeGroup: wc.Group} {
		r.allow(t, cfg.SASL.Username, kind, name)
	}
	r.CreateTopic(t, wc.Topic+".dlq", 1, nil)
	r.allow(t, cfg.SASL.Username, kafkago.ResourceTypeTopic, wc.Topic+".dlq")
	run := r.startOn(t, cfg, own)
	r.Produce(t, run.topic(), messages(100, 1, 50)...)
	eventually(t, time.Minute, "the first", func() bool { return r.api.accepted() == 100 })
	r.awaitCommitted(t, run, []int{0}, 100)

	r.scramUser(t, cfg.SASL.Username, "second-of-the-tests")
	wire.cut() // a login is checked once a connection
	r.Produce(t, run.topic(), messages(100, 1, 50)...)
	eventually(t, time.Minute, "the refusal told", func() bool {
		for _, line := range r.logs.All() {
			if err, _ := line.ContextMap()["error"].(string); strings.Contains(err, "refuses user") {
				return true
			}
		}
		return false
	})
	require.Equal(t, 100, r.api.accepted())

	r.scramUser(t, cfg.SASL.Username, "first-of-the-tests")
	eventually(t, time.Minute, "the rest", func() bool { return r.api.accepted() >= 200 })
	run.leave(t)
	require.Equal(t, 200, r.api.accepted())
}

// awaitCommitted waits until the offsets that the group has committed come to a sum.
func (r *rig) awaitCommitted(t *testing.T, run *running, partitions []int, sum int64) {
	t.Helper()
	eventually(t, time.Minute, "committed", func() bool {
		res, err := r.Client().OffsetFetch(t.Context(), &kafkago.OffsetFetchRequest{
			GroupID: run.cfg.Group, Topics: map[string][]int{run.topic(): partitions},
		})
		require.NoError(t, err)
		var got int64
		for _, p := range res.Topics[run.topic()] {
			got += p.CommittedOffset
		}
		return got == sum
	})
}

func (r *rig) deleteTopic(t *testing.T, topic string) {
	t.Helper()
	res, err := r.Client().DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{topic}})
	require.NoError(t, err)
	require.NoError(t, res.Errors[topic])
}

// scramUser sets a user's password, for SCRAM-SHA-256.
func (r *rig) scramUser(t *testing.T, name, password string) {
	t.Helper()
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, 4096, sha256.Size)
	require.NoError(t, err)
	res, err := r.Client().AlterUserScramCredentials(t.Context(), &kafkago.AlterUserScramCredentialsRequest{
		Upsertions: []kafkago.UserScramCredentialsUpsertion{{
			Name: name, Mechanism: kafkago.ScramMechanismSha256, Iterations: 4096, Salt: salt, SaltedPassword: salted,
		}},
	})
	require.NoError(t, err)
	for _, r := range res.Results {
		require.NoError(t, r.Error)
	}
}

// cuttable dials connections that can be cut.
type cuttable struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (c *cuttable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
	return conn, nil
}

func (c *cuttable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}
