package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/kafka"
)

// TestMain lets scripts run this very binary as `sluice`: a process of its own, with real streams and signals.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sluice": main})
}

// TestScripts runs testdata/script. Beside testscript's own commands there are:
//
//	exits CODE COMMAND ARG…   runs a command, which must end with this code
//	kafka                     starts a broker for the script and sets SLUICE_KAFKA_BROKERS
//	dead-letters N            writes the first N of a fixed series of dead letters to payloads.dlq
//	genesys [STATUS]          starts a fake API, which answers this to everything, and sets the GENESYS_ variables
//	garbage TEXT              writes a record to payloads.dlq that is no dead letter
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: false,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "")
			env.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":        scriptExits,
			"kafka":        scriptKafka,
			"genesys":      scriptGenesys,
			"action":       scriptAction,
			"dead-letters": scriptDeadLetters,
			"garbage":      scriptGarbage,
		},
	})
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	default:
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptKafka(ts *testscript.TestScript, _ bool, _ []string) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1))
	ts.Check(err)
	ts.Defer(fake.Close)
	ts.Setenv("SLUICE_KAFKA_BROKERS", strings.Join(fake.ListenAddrs(), ","))
}

func scriptGenesys(ts *testscript.TestScript, _ bool, args []string) {
	api := genesystest.New(genesystest.Options{ClientID: "client", ClientSecret: "script-secret"})
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("GENESYS_BASE_URL", api.Start(l))
	ts.Defer(api.Close)
	ts.Setenv("GENESYS_CLIENT_ID", "client")
	ts.Setenv("GENESYS_CLIENT_SECRET", "script-secret")
	ts.Setenv("GENESYS_DATA_ACTION_ID", "action")
	if len(args) > 0 {
		status, err := strconv.Atoi(args[0])
		ts.Check(err)
		api.SetFault(genesystest.AnswerEverything(status))
	}
}

const scriptTopic = "payloads.dlq"

// scriptCluster connects to the script's broker, where it sees to it that the dead-letter topic is there.
func scriptCluster(ctx context.Context, ts *testscript.TestScript) *kafka.Cluster {
	cluster, err := kafka.New(kafka.Config{
		Brokers: strings.Split(ts.Getenv("SLUICE_KAFKA_BROKERS"), ","), MetadataTTL: 100 * time.Millisecond,
	})
	ts.Check(err)
	ts.Defer(cluster.Close)
	_, err = cluster.CreateTopic(ctx, kafka.Topic{Name: scriptTopic, Partitions: 3, Replication: 1})
	ts.Check(err)
	return cluster
}

func scriptDeadLetters(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if len(args) != 1 {
		ts.Fatalf("usage: dead-letters N")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	w, err := deadletter.NewWriter(deadletter.WriterConfig{Topic: scriptTopic, Cluster: scriptCluster(ctx, ts)})
	ts.Check(err)
	for i := range n {
		ts.Check(w.Write(ctx, seriesRecord(i)))
	}
	ts.Check(w.Close())
}

func scriptGarbage(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w := &kafkago.Writer{Topic: scriptTopic, RequiredAcks: kafkago.RequireAll, BatchTimeout: time.Millisecond, MaxAttempts: 20}
	cluster := scriptCluster(ctx, ts)
	w.Addr, w.Transport = cluster.Addr(), cluster.Transport()
	ts.Check(w.WriteMessages(ctx, kafkago.Message{
		Value: []byte(strings.Join(args, " ")), Headers: []kafkago.Header{{Key: deadletter.HeaderID, Value: []byte("payloads/0/666")}},
	}))
	ts.Check(w.Close())
}

// seriesStart is when the first record of the series failed; each of the others failed a minute later.
var seriesStart = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

const validPayload = `{"contact":{"external_id":"c-%d","channel":"chat","timestamp":"2026-11-23T09:29:00Z"},"priority":3,"callback_url":"https://example.com"}`

// seriesRecord returns the i-th record of the series: by turns an invalid payload, a failing API, a refusal,
// an unknown outcome, and a tombstone.
func seriesRecord(i int) deadletter.Record {
	at := seriesStart.Add(time.Duration(i) * time.Minute)
	r := deadletter.Record{
		FailedAt: at, Payload: fmt.Appendf(nil, validPayload, i),
		Source: deadletter.Source{
			Topic: "payloads", Partition: i % 3, Offset: int64(1000 + i), Timestamp: at.Add(-time.Minute), Key: fmt.Appendf(nil, "c-%d", i),
		},
		Action:    deadletter.Action{ID: "custom_-_1", API: "processes", URL: "https://api.mypurecloud.com/api/v2/processes/data-actions/custom_-_1/invocations"},
		Processor: deadletter.Processor{Version: "0.1.0", Group: "sluice", Host: "worker-0"},
	}
	switch i % 5 {
	case 0:
		r.Code, r.Class, r.Outcome = deadletter.CodeValidationFailed, deadletter.ClassContract, deadletter.OutcomeNotSent
		r.Message = "payload breaks the schema: /contact/external_id: is required (and 1 more)"
		r.Payload = []byte(`{"contact":{"channel":"chat","timestamp":"2026-11-23T09:29:00Z"},"priority":9,"callback_url":"https://example.com"}`)
		r.Violations = []deadletter.Violation{
			{Path: "/contact/external_id", Keyword: "required", Message: "is required"},
			{Path: "/priority", Keyword: "maximum", Message: "must be at most 5", Expected: "5", Got: "integer"},
		}
		r.ViolationCount = 2
	case 1:
		r.Code, r.Class, r.Outcome = deadletter.CodeMaxRetriesExceeded, deadletter.ClassTransient, deadletter.OutcomeAnswered
		r.Message, r.RequestID, r.Status = "failed 4 times while the API served others; last: invoke: server error (HTTP 503)", "req-4", 503
		r.Details = json.RawMessage(`{"operation":"invoke","kind":"server","last_status":503,"last_request_id":"req-4","last_body":{"message":"try later","status":503}}`)
		for n := range 4 {
			a := deadletter.Attempt{
				N: n + 1, At: at.Add(time.Duration(n*n-9) * time.Second), Status: 503,
				RequestID: fmt.Sprintf("req-%d", n+1), Error: "invoke: server error (HTTP 503)",
			}
			if n < 3 {
				a.WaitMS = int64(2*n+1) * 1000
			}
			r.Attempts = append(r.Attempts, a)
		}
		r.AttemptCount = 4
	case 2:
		r.Code, r.Class, r.Outcome = deadletter.CodeForStatus(422), deadletter.ClassPermanent, deadletter.OutcomeRejected
		r.Message, r.Status = "invoke: refused (HTTP 422)", 422
		r.Details = json.RawMessage(`{"operation":"invoke","kind":"refused","last_status":422,"last_body":"no such \u001b[31mqueue"}`)
		r.Source.Key, r.Source.Headers = []byte{0xff, 0x00}, []deadletter.Header{{Key: "traceparent", Value: []byte("00-ab-cd-01")}, {Key: "bin", Value: []byte{0xff}}}
		r.Attempts, r.AttemptCount = []deadletter.Attempt{{N: 1, At: at, Status: 422, Error: "invoke: refused (HTTP 422)"}}, 1
	case 3:
		r.Code, r.Class, r.Outcome = deadletter.CodeNetworkError, deadletter.ClassUnknown, deadletter.OutcomeUnknown
		r.Message = "failed 4 times while the API served others; last: invoke: no answer within 30s"
		r.Payload = []byte("not JSON, with \x1b[31mcolour\nand two lines")
		r.AttemptCount = 4
	default:
		r.Code, r.Class, r.Outcome = deadletter.CodeValidationFailed, deadletter.ClassContract, deadletter.OutcomeNotSent
		r.Message, r.Payload, r.Source.Key = "payload breaks the schema: has no value (a tombstone)", nil, nil
		r.Violations = []deadletter.Violation{{Keyword: "null", Message: "has no value (a tombstone)", Expected: "one JSON value", Got: "null"}}
		r.ViolationCount = 1
	}
	return r
}
