package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// Probe goes the way of a connection to one broker, host:port, and says which step of it fails. It takes at
// most five seconds. The error is an [*Error].
func (c *Cluster) Probe(ctx context.Context, broker string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if e := c.probe(ctx, broker); e != nil {
		return e
	}
	return nil
}

// Reach connects to a broker as the cluster names it, and does no more. It takes at most three seconds. The
// error is an [*Error].
func (c *Cluster) Reach(ctx context.Context, broker string) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	conn, err := c.cfg.Dial(ctx, "tcp", broker)
	if err != nil {
		return unreachable(broker, err)
	}
	_ = conn.Close()
	return nil
}

// View is what one broker tells of its cluster.
type View struct {
	// Brokers are the addresses under which the brokers say that they are to be reached, sorted.
	Brokers []string
	// Allowed is what the user may do with the cluster: with Create, to create any topic.
	Allowed Operations
	// Topics are those that were asked for, by name.
	Topics map[string]TopicView
}

// TopicView is what one broker tells of a topic.
type TopicView struct {
	Err        error // ErrNoTopic, or a kafkago.Error; the rest is then zero
	Partitions int
	// Replicas is the least number of replicas that a partition has, InSync the least that are in sync.
	Replicas, InSync int
	Leaderless       int // partitions that nobody leads: they can be neither read nor written
	Allowed          Operations
}

// The versions of the metadata request that View makes: the first whose answer says what is allowed (Kafka
// 2.3), and the first that can be told not to create what it asks for (Kafka 0.11).
const (
	viewAllowed = 8
	viewPlain   = 4
)

// View asks one broker for its view of the cluster and of these topics, on a connection of its own: kafka-go
// answers that question from a cache, which leaves out what is allowed. It never creates a topic. Empty names
// are left out.
func (c *Cluster) View(ctx context.Context, broker string, topics ...string) (View, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	topics = slices.DeleteFunc(slices.Clone(topics), func(t string) bool { return t == "" })
	res, err := c.view(ctx, broker, viewAllowed, topics)
	if err == nil {
		return newView(res), nil
	}
	if res, err := c.view(ctx, broker, viewPlain, topics); err == nil { // an older broker hangs up at the other
		return newView(res), nil
	}
	return View{}, fmt.Errorf("ask %s for its view of the cluster: %w", broker, err)
}

func (c *Cluster) view(ctx context.Context, broker string, version int16, topics []string) (*metadata.Response, error) {
	conn, e := c.open(ctx, broker)
	if e != nil {
		return nil, e
	}
	defer conn.Close() //nolint:errcheck // it has told what it can
	if err := c.login(ctx, broker, conn); err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline) // the login has lifted it
	const correlation = 1
	answer, err := protocol.RoundTrip(conn, version, correlation, c.cfg.ClientID, &metadata.Request{
		TopicNames:                         append([]string{}, topics...), // never nil, which would ask for all
		IncludeClusterAuthorizedOperations: true, IncludeTopicAuthorizedOperations: true,
	})
	if err != nil {
		return nil, err
	}
	res := answer.(*metadata.Response)
	if version < viewAllowed {
		res.ClusterAuthorizedOperations = int32(untold)
		for i := range res.Topics {
			res.Topics[i].TopicAuthorizedOperations = int32(untold)
		}
	}
	return res, nil
}

// login logs in over a connection that is there already.
func (c *Cluster) login(ctx context.Context, broker string, conn net.Conn) error {
	if c.transport.SASL == nil {
		return nil
	}
	d := *c.dialer
	d.TLS = nil // conn has seen to it
	d.DialFunc = func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	_, err := d.DialContext(ctx, "tcp", broker)
	return err
}

func newView(res *metadata.Response) View {
	v := View{Allowed: Operations(res.ClusterAuthorizedOperations), Topics: map[string]TopicView{}}
	for _, b := range res.Brokers {
		v.Brokers = append(v.Brokers, net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))))
	}
	slices.Sort(v.Brokers)
	for _, t := range res.Topics {
		v.Topics[t.Name] = newTopicView(t)
	}
	return v
}

func newTopicView(t metadata.ResponseTopic) TopicView {
	if code := kafkago.Error(t.ErrorCode); errors.Is(code, kafkago.UnknownTopicOrPartition) {
		return TopicView{Err: ErrNoTopic, Allowed: untold}
	} else if t.ErrorCode != 0 {
		return TopicView{Err: code, Allowed: untold}
	}
	v := TopicView{Partitions: len(t.Partitions), Replicas: math.MaxInt, InSync: math.MaxInt, Allowed: Operations(t.TopicAuthorizedOperations)}
	for _, p := range t.Partitions {
		v.Replicas, v.InSync = min(v.Replicas, len(p.ReplicaNodes)), min(v.InSync, len(p.IsrNodes))
		if p.LeaderID < 0 {
			v.Leaderless++
		}
	}
	return v
}

// Operations is the set of those that the user is allowed, as a broker tells it (KIP-430). A broker without
// access control allows all.
type Operations int32

// untold is what brokers send where they do not tell.
const untold Operations = math.MinInt32

// Told reports whether the broker told at all.
func (o Operations) Told() bool { return o != untold }

// Allow reports whether the broker told that the operation is allowed.
func (o Operations) Allow(op Operation) bool { return o.Told() && o&(1<<op.code()) != 0 }

// code returns the operation's number in Kafka's protocol (org.apache.kafka.common.acl.AclOperation).
func (op Operation) code() int {
	switch op {
	case Read:
		return 3
	case Write:
		return 4
	case Create:
		return 5
	case Describe:
		return 8
	case DescribeConfigs:
		return 10
	default:
		return 0 // ACL "unknown", which no broker tells
	}
}
