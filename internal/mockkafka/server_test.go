package mockkafka_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/mockkafka"
)

func TestServer_AnswersWithTheErrorThatWasSetUntilItIsCleared(t *testing.T) {
	for name, tc := range map[string]struct {
		fault mockkafka.Fault
		do    func(c client) error
		want  error
	}{
		"produce": {mockkafka.Fault{Produce: "NOT_ENOUGH_REPLICAS"}, client.produce, kafkago.NotEnoughReplicas},
		"fetch":   {mockkafka.Fault{Fetch: "TOPIC_AUTHORIZATION_FAILED"}, client.fetch, kafkago.TopicAuthorizationFailed},
		"commit":  {mockkafka.Fault{Commit: "COORDINATOR_NOT_AVAILABLE"}, client.commit, kafkago.GroupCoordinatorNotAvailable},
		"group":   {mockkafka.Fault{Group: "COORDINATOR_LOAD_IN_PROGRESS"}, client.join, kafkago.GroupLoadInProgress},
		"topic":   {mockkafka.Fault{Produce: "NOT_ENOUGH_REPLICAS", Topic: "payloads"}, client.produce, kafkago.NotEnoughReplicas},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, c := start(t)
				healthy := tc.do(c)
				require.NoError(t, s.SetFault(tc.fault))
				require.Equal(t, tc.fault, s.Fault())
				for range 3 { // not the first request only
					require.ErrorIs(t, tc.do(c), tc.want)
				}
				s.ClearFault()
				require.Zero(t, s.Fault())
				require.Equal(t, healthy, tc.do(c))
			})
		})
	}
}

func TestServer_AFaultOfATopicLeavesOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := start(t)
		require.NoError(t, s.SetFault(mockkafka.Fault{Produce: "NOT_ENOUGH_REPLICAS", Topic: "other"}))
		require.NoError(t, c.produce())
	})
}

func TestServer_DownCutsEverybodyOffAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := start(t)
		require.NoError(t, c.produce())
		require.NoError(t, s.SetFault(mockkafka.Fault{Down: true, For: mockkafka.Duration(time.Minute)}))
		require.Error(t, c.produce())
		require.Error(t, c.produce())
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Zero(t, s.Fault())
		require.NoError(t, c.produce())
	})
}

func TestServer_LatencyIsWaitedBeforeEachAnswerAndEndsWithTheFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := start(t)
		require.NoError(t, c.produce()) // the connections are made
		require.NoError(t, s.SetFault(mockkafka.Fault{Latency: mockkafka.Duration(2 * time.Second)}))
		began := time.Now()
		require.NoError(t, c.produce())
		require.Equal(t, 2*time.Second, time.Since(began))

		require.NoError(t, s.SetFault(mockkafka.Fault{Latency: mockkafka.Duration(time.Hour)}))
		done := make(chan error, 1)
		go func() { done <- c.produce() }()
		time.Sleep(time.Second)
		s.ClearFault()
		require.NoError(t, <-done)
	})
}

func TestServer_AnotherFaultIsNotEndedByTheTimeOfTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t)
		require.NoError(t, s.SetFault(mockkafka.Fault{Down: true, For: mockkafka.Duration(time.Second)}))
		lasting := mockkafka.Fault{Produce: "NOT_ENOUGH_REPLICAS"}
		require.NoError(t, s.SetFault(lasting))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, lasting, s.Fault())
	})
}

func TestServer_CreatesNothingByMistake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := start(t)
		c.topic = "mistyped"
		require.ErrorContains(t, c.produce(), "topic not found")
		_, err := c.Partitions(t.Context(), "mistyped")
		require.ErrorIs(t, err, kafka.ErrNoTopic)
		has, err := s.Ensure(t.Context(), 9, "payloads", "more")
		require.NoError(t, err)
		require.Equal(t, map[string]int{"payloads": 2, "more": 9}, has, "what exists is left as it is")
	})
}

func TestServer_SwitchesFaultsOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t)
		for _, tc := range []struct {
			method, path, body string
			status             int
			want               string
		}{
			{"GET", "/_faults", "", 200, `{}`},
			{"PUT", "/_faults", `{"produce":"NOT_ENOUGH_REPLICAS","topic":"payloads","for":"1m"}`, 200, `{"produce":"NOT_ENOUGH_REPLICAS","topic":"payloads","for":"1m0s"}`},
			{"GET", "/_faults", "", 200, `{"produce":"NOT_ENOUGH_REPLICAS","topic":"payloads","for":"1m0s"}`},
			{"PUT", "/_faults", `{"produce":"NO_SUCH_ERROR"}`, 400, `{"error":"produce: Kafka has no error \"NO_SUCH_ERROR\": want one such as NOT_ENOUGH_REPLICAS or TOPIC_AUTHORIZATION_FAILED"}`},
			{"PUT", "/_faults", `{}`, 400, `{"error":"want one of produce, fetch, commit, group, down and latency"}`},
			{"PUT", "/_faults", `{"down":true,"topic":"payloads"}`, 400, `{"error":"topic: goes with produce, fetch and commit only"}`},
			{"PUT", "/_faults", `{"latency":"soon"}`, 400, `{"error":"want a duration such as 1m30s (got \"soon\")"}`},
			{"PUT", "/_faults", `{"status":503}`, 400, `{"error":"json: unknown field \"status\""}`},
			{"GET", "/_faults", "", 200, `{"produce":"NOT_ENOUGH_REPLICAS","topic":"payloads","for":"1m0s"}`},
			{"DELETE", "/_faults", "", 200, `{}`},
			{"PATCH", "/_faults", "", 405, `{"error":"want GET, PUT or DELETE"}`},
			{"GET", "/", "", 404, `{"error":"want /_faults"}`},
		} {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), tc.method, tc.path, strings.NewReader(tc.body)))
			require.Equal(t, tc.status, w.Code, "%+v", tc)
			require.JSONEq(t, tc.want, w.Body.String())
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		}
		require.Implements(t, (*http.Handler)(nil), s)
	})
}

func TestStart_RefusesAnAddressThatNoClientCanReach(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", ":0", "9092", ""} {
		_, err := mockkafka.Start(mockkafka.Options{Addr: addr})
		require.ErrorContains(t, err, fmt.Sprintf("address %q", addr))
	}
}

func TestServer_KeepsTopicsAndMessagesInItsDirectory(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		for round := range 3 {
			s, c, stop := startAt(t, dir)
			has, err := s.Ensure(t.Context(), 5, "payloads")
			require.NoError(t, err)
			require.Equal(t, map[string]int{"payloads": 2}, has)
			require.NoError(t, c.produce())
			res, err := c.Client().ListOffsets(t.Context(), &kafkago.ListOffsetsRequest{
				Topics: map[string][]kafkago.OffsetRequest{"payloads": {kafkago.LastOffsetOf(0)}},
			})
			require.NoError(t, err)
			require.EqualValues(t, round+1, res.Topics["payloads"][0].LastOffset)
			stop()
		}
	})
}

// client is what a client of the broker does, one request each, without repeats.
type client struct {
	*kafka.Cluster
	topic string
}

func (c client) produce() error {
	ctx, cancel := timeout()
	defer cancel()
	res, err := c.Client().Produce(ctx, &kafkago.ProduceRequest{
		Topic: c.topic, RequiredAcks: kafkago.RequireAll,
		Records: kafkago.NewRecordReader(kafkago.Record{Value: kafkago.NewBytes([]byte("x"))}),
	})
	if err != nil {
		return err
	}
	return res.Error
}

func (c client) fetch() error {
	ctx, cancel := timeout()
	defer cancel()
	res, err := c.Client().Fetch(ctx, &kafkago.FetchRequest{Topic: c.topic, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
	if err != nil {
		return err
	}
	return res.Error
}

func (c client) commit() error {
	ctx, cancel := timeout()
	defer cancel()
	res, err := c.Client().OffsetCommit(ctx, &kafkago.OffsetCommitRequest{
		GroupID: "g", GenerationID: -1, Topics: map[string][]kafkago.OffsetCommit{c.topic: {{Partition: 0, Offset: 1}}},
	})
	if err != nil {
		return err
	}
	return res.Topics[c.topic][0].Error
}

func (c client) join() error {
	ctx, cancel := timeout()
	defer cancel()
	res, err := c.Client().JoinGroup(ctx, &kafkago.JoinGroupRequest{
		GroupID: "g", SessionTimeout: 10 * time.Second, RebalanceTimeout: 10 * time.Second, ProtocolType: "consumer",
		Protocols: []kafkago.GroupProtocol{{Name: "range", Metadata: kafkago.GroupProtocolSubscription{Topics: []string{c.topic}}}},
	})
	if err != nil {
		return err
	}
	return res.Error
}

func timeout() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 2*time.Hour)
}

// start starts a server with the topic payloads on a network of its own.
func start(t *testing.T) (*mockkafka.Server, client) {
	t.Helper()
	s, c, stop := startAt(t, "")
	t.Cleanup(stop)
	return s, c
}

func startAt(t *testing.T, dir string) (*mockkafka.Server, client, func()) {
	t.Helper()
	network := new(kfake.VirtualNetwork)
	s, err := mockkafka.Start(mockkafka.Options{Addr: "localhost:9092", DataDir: dir, Listen: network.Listen, Dial: network.DialContext})
	require.NoError(t, err)
	require.Equal(t, "localhost:9092", s.Addr())
	_, err = s.Ensure(t.Context(), 2, "payloads")
	require.NoError(t, err)
	c, err := kafka.New(kafka.Config{Brokers: []string{s.Addr()}, Dial: network.DialContext, MetadataTTL: time.Second})
	require.NoError(t, err)
	return s, client{c, "payloads"}, func() {
		c.Close()
		s.Close()
	}
}
