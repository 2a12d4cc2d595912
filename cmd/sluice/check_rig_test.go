package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/kafka"
)

// Credentials that must never be seen.
const (
	checkSecret   = "hunter2-of-the-check"
	checkPassword = "hunter2-of-the-cluster"
)

// checkRig is a cluster and an API that are in order, and an environment that leads there.
type checkRig struct {
	t     *testing.T
	fake  *kfake.Cluster
	admin *kafka.Cluster // who may do anything
	api   *genesystest.Server
}

func newCheckRig(t *testing.T, api genesystest.Options, opts ...kfake.Opt) *checkRig {
	t.Helper()
	fake, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.Superuser("PLAIN", "admin", checkPassword)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(fake.Close)
	api.ClientID, api.ClientSecret = "client", checkSecret
	r := &checkRig{t: t, fake: fake, api: genesystest.New(api)}
	t.Cleanup(r.api.Close)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	for name, value := range map[string]string{
		"SLUICE_KAFKA_BROKERS": fake.ListenAddrs()[0], "SLUICE_ADMIN_ADDR": "127.0.0.1:0",
		"GENESYS_BASE_URL": r.api.Start(l), "GENESYS_CLIENT_ID": "client", "GENESYS_CLIENT_SECRET": checkSecret, "GENESYS_DATA_ACTION_ID": "action-1",
	} {
		t.Setenv(name, value)
	}
	return r
}

// secured returns the options of a cluster that wants a login and allows the user what these rules say.
func secured(rules ...kfake.ACL) []kfake.Opt {
	return []kfake.Opt{kfake.EnableSASL(), kfake.EnableACLs(), kfake.User("PLAIN", "worker", checkPassword, rules...)}
}

// Rules of access control.
func allowAll() []kfake.ACL {
	return []kfake.ACL{
		rule(kmsg.ACLResourceTypeTopic, "*", kmsg.ACLOperationAll, true), rule(kmsg.ACLResourceTypeGroup, "*", kmsg.ACLOperationAll, true),
		rule(kmsg.ACLResourceTypeCluster, "kafka-cluster", kmsg.ACLOperationAll, true),
	}
}

func allBut(denied ...kfake.ACL) []kfake.ACL { return append(denied, allowAll()...) }

func rule(kind kmsg.ACLResourceType, name string, op kmsg.ACLOperation, allow bool) kfake.ACL {
	return kfake.ACL{Resource: kind, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: allow}
}

func denyTopic(name string, op kmsg.ACLOperation) kfake.ACL {
	return rule(kmsg.ACLResourceTypeTopic, name, op, false)
}

// login sets the user that commands log in as.
func (r *checkRig) login(mechanism, user, password string) {
	r.t.Setenv("SLUICE_KAFKA_SASL_MECHANISM", mechanism)
	r.t.Setenv("SLUICE_KAFKA_SASL_USERNAME", user)
	r.t.Setenv("SLUICE_KAFKA_SASL_PASSWORD", password)
}

// connect returns a connection of somebody who may do anything.
func (r *checkRig) connect() *kafka.Cluster {
	if r.admin == nil {
		var err error
		r.admin, err = kafka.New(kafka.Config{
			Brokers: r.fake.ListenAddrs(), MetadataTTL: time.Second, SASL: r.sasl(),
		})
		require.NoError(r.t, err)
		r.t.Cleanup(r.admin.Close)
	}
	return r.admin
}

// sasl is the superuser's login, where the cluster wants one.
func (r *checkRig) sasl() kafka.SASL {
	open, err := kafka.New(kafka.Config{Brokers: r.fake.ListenAddrs()})
	require.NoError(r.t, err)
	defer open.Close()
	if open.Probe(r.t.Context(), r.fake.ListenAddrs()[0]) == nil {
		return kafka.SASL{}
	}
	return kafka.SASL{Mechanism: "PLAIN", Username: "admin", Password: checkPassword}
}

// topic creates a topic, with settings as NAME=VALUE.
func (r *checkRig) topic(name string, partitions int, settings ...string) {
	config := map[string]string{}
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		config[key] = value
	}
	_, err := r.connect().CreateTopic(r.t.Context(), kafka.Topic{Name: name, Partitions: partitions, Replication: 1, Config: config})
	require.NoError(r.t, err)
}

// enough is the max.message.bytes of a dead-letter topic that has room for everything.
const enough = "max.message.bytes=2000000"

// topics creates those that the worker needs, in order.
func (r *checkRig) topics() {
	r.topic("payloads", 3)
	r.topic("payloads.dlq", 3, enough)
}

// join joins a group as another program would, and stays.
func (r *checkRig) join(group, topic string) {
	c := r.connect()
	g, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{ID: group, Brokers: c.Brokers(), Dialer: c.Dialer(), Topics: []string{topic}})
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = g.Close() })
	_, err = g.Next(r.t.Context())
	require.NoError(r.t, err)
}

// commit commits offset at for a partition of payloads, as a group with no members can.
func (r *checkRig) commit(group string, partition int, at int64) {
	res, err := r.connect().Client().OffsetCommit(r.t.Context(), &kafkago.OffsetCommitRequest{
		GroupID: group, GenerationID: -1, Topics: map[string][]kafkago.OffsetCommit{"payloads": {{Partition: partition, Offset: at}}},
	})
	require.NoError(r.t, err)
	require.NoError(r.t, res.Topics["payloads"][0].Error)
}

func (r *checkRig) produce(n int) {
	c := r.connect()
	w := &kafkago.Writer{Addr: c.Addr(), Transport: c.Transport(), Topic: "payloads", RequiredAcks: kafkago.RequireAll, BatchTimeout: time.Millisecond,
		Balancer: kafkago.BalancerFunc(func(kafkago.Message, ...int) int { return 0 })}
	for range n {
		require.NoError(r.t, w.WriteMessages(r.t.Context(), kafkago.Message{Value: []byte("x")}))
	}
	require.NoError(r.t, w.Close())
}

// advertise has the broker say that it is to be reached at addr.
func (r *checkRig) advertise(host string, port int32) {
	r.fake.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.fake.KeepControl()
		res := req.ResponseKind().(*kmsg.MetadataResponse)
		b := kmsg.NewMetadataResponseBroker()
		b.Host, b.Port = host, port
		res.Brokers = append(res.Brokers, b)
		return res, nil, true
	})
}

// refuseGroups has the broker refuse to tell of groups.
func (r *checkRig) refuseGroups() {
	r.fake.ControlKey(int16(kmsg.OffsetFetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.fake.KeepControl()
		res := req.ResponseKind().(*kmsg.OffsetFetchResponse)
		res.ErrorCode = kerr.NotCoordinator.Code
		return res, nil, true
	})
}

// seen is what a run of the command showed.
type seen struct {
	findings []finding
	stderr   string
	code     int
}

// check runs the command.
func (r *checkRig) check() seen {
	r.t.Helper()
	out, errs, code := r.run("check", "-o", "json")
	s := seen{stderr: errs, code: code}
	require.NoError(r.t, json.Unmarshal([]byte(out), &s.findings), "stdout: %s stderr: %s", out, errs)
	return s
}

// run runs the program and makes sure that it gives nothing away.
func (r *checkRig) run(args ...string) (stdout, stderr string, code int) {
	r.t.Helper()
	var out, errs bytes.Buffer
	code = run(r.t.Context(), context.Background(), args, termStreams(&out, &errs))
	for _, secret := range []string{checkSecret, checkPassword, "fake-"} {
		require.NotContains(r.t, out.String()+errs.String(), secret)
	}
	return out.String(), errs.String(), code
}

// of returns the findings of a check.
func (s seen) of(check string) []finding {
	return slices.DeleteFunc(slices.Clone(s.findings), func(f finding) bool { return f.Check != check })
}
