package worker_test

import (
	"context"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
	"github.com/sluice-kafka/sluice/worker"
)

func TestIntegration_DeliversOverTLSWithALogin(t *testing.T) {
	t.Parallel()
	r, own := newRigOn(t, kafkatest.Secured(t, kafkatest.SASLSSL), 3)
	cfg := r.Config()
	cfg.SASL.Mechanism = "SCRAM-SHA-512"
	run := r.startOn(t, cfg, own)
	r.Produce(t, run.topic(), messages(1000, 3, 100)...)
	eventually(t, time.Minute, "all accepted", func() bool { return r.api.accepted() == 1000 })
	run.leave(t)
	r.requireAudit(t, 1000)
}

// TestIntegration_SaysWhatItMayNotDo: a user who may read and commit, and nothing else.
func TestIntegration_SaysWhatItMayNotDo(t *testing.T) {
	t.Parallel()
	r, own := newRigOn(t, kafkatest.Secured(t, kafkatest.SASLPlaintext), 1)
	var wc worker.Config
	own(&wc)
	r.allow(t, kafkatest.Reader, kafkago.ResourceTypeTopic, wc.Topic)
	r.allow(t, kafkatest.Reader, kafkago.ResourceTypeGroup, wc.Group)
	cfg := r.Config()
	cfg.SASL = kafka.SASL{Mechanism: "SCRAM-SHA-256", Username: kafkatest.Reader, Password: kafkatest.ReaderPassword}

	run := r.startOn(t, cfg, own)
	err := <-run.done
	run.done <- nil
	var missing *worker.TopicError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, wc.Topic+".dlq", missing.Topic)
	require.ErrorContains(t, err, "sluice topics ensure")

	// With the topic there, nothing is wrong for as long as nothing is dead-lettered.
	r.CreateTopic(t, wc.Topic+".dlq", 1, nil)
	r.allow(t, kafkatest.Reader, kafkago.ResourceTypeTopic, wc.Topic+".dlq")
	r.Produce(t, wc.Topic, messages(10, 1, 10)...)
	run = r.startOn(t, cfg, own)
	eventually(t, time.Minute, "all accepted", func() bool { return r.api.accepted() == 10 })
	run.leave(t)
	r.requireAudit(t, 10)
}

// startOn starts a worker that reaches the broker by a configuration of its own.
func (r *rig) startOn(t *testing.T, cfg kafka.Config, change ...func(*worker.Config)) *running {
	t.Helper()
	other := *r
	other.Broker = r.With(t, cfg)
	return other.start(t, change...)
}

// allow lets a user read and describe a topic or group.
func (r *rig) allow(t *testing.T, user string, kind kafkago.ResourceType, name string) {
	t.Helper()
	var acls []kafkago.ACLEntry
	for _, op := range []kafkago.ACLOperationType{kafkago.ACLOperationTypeRead, kafkago.ACLOperationTypeDescribe} {
		acls = append(acls, kafkago.ACLEntry{
			ResourceType: kind, ResourceName: name, ResourcePatternType: kafkago.PatternTypeLiteral,
			Principal: "User:" + user, Host: "*", Operation: op, PermissionType: kafkago.ACLPermissionTypeAllow,
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	res, err := r.Client().CreateACLs(ctx, &kafkago.CreateACLsRequest{ACLs: acls})
	require.NoError(t, err)
	for _, err := range res.Errors {
		require.NoError(t, err)
	}
}
