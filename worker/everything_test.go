package worker_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/worker"
)

// TestWorker_TheFakeAnswersEverything holds the table of the README: what a person sees who tries the worker
// against a server that answers the same to everything, the token's path included. The client, the dead-letter
// writer and the protocols are the real ones; only time is not.
func TestWorker_TheFakeAnswersEverything(t *testing.T) {
	const giveUp = 2 * time.Minute
	rows := []struct {
		name  string
		fault genesystest.Fault
		few   window // when 1 or 2 messages are dead-lettered
		many  window // when 3 or more are
		opens bool   // with 3 or more: held, loudly
		fewer deadletter.Code
		more  deadletter.Code
	}{
		{
			name: "400 on the invoke path", fault: genesystest.Fault{Status: 400, Paths: genesystest.PathInvoke},
			few: window{0, 5 * time.Second}, many: window{0, 5 * time.Second},
			fewer: "GENESYS_API_400", more: "GENESYS_API_400",
		},
		{
			name: "500", fault: genesystest.AnswerEverything(500),
			few: window{7 * time.Second, 20 * time.Second}, many: window{giveUp, giveUp + 10*time.Second}, opens: true,
			fewer: deadletter.CodeTokenFailed, more: deadletter.CodeTokenFailed,
		},
		{
			name: "500 on the invoke path", fault: genesystest.Fault{Status: 500, Paths: genesystest.PathInvoke},
			few: window{7 * time.Second, 20 * time.Second}, many: window{giveUp, giveUp + 10*time.Second}, opens: true,
			fewer: deadletter.CodeMaxRetriesExceeded, more: deadletter.CodeMaxRetriesExceeded,
		},
		{
			name: "403", fault: genesystest.AnswerEverything(403),
			few: window{5 * time.Second, 6 * time.Second}, many: window{giveUp, giveUp + 10*time.Second}, opens: true,
			fewer: deadletter.CodeTokenFailed, more: deadletter.CodeTokenFailed,
		},
		{
			name: "403 on the invoke path", fault: genesystest.Fault{Status: 403, Paths: genesystest.PathInvoke},
			few: window{5 * time.Second, 6 * time.Second}, many: window{giveUp, giveUp + 10*time.Second}, opens: true,
			fewer: deadletter.CodePermissionDenied, more: deadletter.CodePermissionDenied,
		},
		{
			name: "429", fault: genesystest.Fault{Status: 429, RetryAfter: 3},
			few: window{giveUp, giveUp + 20*time.Second}, many: window{giveUp, giveUp + time.Minute},
			fewer: "GENESYS_API_429", more: "GENESYS_API_429",
		},
		{
			name: "nothing for 30 s", fault: genesystest.HangEverything(),
			few: window{2 * time.Minute, 150 * time.Second}, many: window{giveUp, giveUp + 95*time.Second}, opens: true,
			fewer: deadletter.CodeTokenFailed, more: deadletter.CodeTokenFailed,
		},
		{
			name: "nothing for 30 s on the invoke path", fault: genesystest.Fault{Hang: true, Paths: genesystest.PathInvoke},
			few: window{2 * time.Minute, 150 * time.Second}, many: window{giveUp, giveUp + 95*time.Second}, opens: true,
			fewer: deadletter.CodeNetworkError, more: deadletter.CodeNetworkError,
		},
	}
	for _, row := range rows {
		for _, n := range []int{1, 3, 100} {
			t.Run(fmt.Sprintf("%s/%d", row.name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					give := giveUp
					if n == 1 && row.fault.Status != 429 {
						give = 24 * time.Hour // as by default: attempts end it, not giving up
					}
					w := newWhole(t, row.fault, give)
					w.Produce(t, topic, validPayloads(n)...)
					began := time.Now()
					run := w.start(t)
					expected, code := row.many, row.more
					if n < 3 {
						expected, code = row.few, row.fewer
					}
					eventually(t, expected.to+10*time.Second, "all dead-lettered", func() bool { return run.events.deadLettered() == n })
					took := time.Since(began)
					require.GreaterOrEqual(t, took, expected.from)
					require.LessOrEqual(t, took, expected.to)
					run.stop()
					run.left(t)
					for _, m := range w.ReadAll(t, topic+".dlq") {
						rec, err := deadletter.Decode(m.Value)
						require.NoError(t, err)
						require.Equal(t, code, rec.Code)
					}
					opened := 0
					if row.opens && n >= 3 {
						opened = 1
					}
					require.Equal(t, opened, run.events.breakerOpened())
					require.Equal(t, opened, w.logs.FilterMessageSnippet("messages are held").Len())
				})
			})
		}
	}
}

func TestWorker_InvalidPayloadsAreDeadLetteredAtOnceWhateverTheAPIAnswers(t *testing.T) {
	for _, n := range []int{1, 3, 100} {
		synctest.Test(t, func(t *testing.T) {
			w := newWhole(t, genesystest.HangEverything(), time.Hour)
			var msgs []kafkago.Message
			for i := range n {
				msgs = append(msgs, kafkago.Message{Key: fmt.Append(nil, i), Value: []byte("invalid")})
			}
			w.Produce(t, topic, msgs...)
			run := w.start(t)
			eventually(t, 5*time.Second, "all dead-lettered", func() bool { return run.events.deadLettered() == n })
			run.leave(t)
		})
	}
}

type window struct{ from, to time.Duration }

// whole is a rig with the real client against a fake Genesys Cloud, and the real dead-letter writer.
type whole struct {
	*rig
	client *genesys.Client
	giveUp time.Duration
}

func newWhole(t *testing.T, fault genesystest.Fault, giveUp time.Duration) *whole {
	t.Helper()
	w := &whole{rig: newRig(t, 1), giveUp: giveUp}
	fake := genesystest.New(genesystest.Options{})
	fake.SetFault(fault)
	base := fake.Start(w.Listen(t, "127.0.0.1:8080"))
	client, err := genesys.New(genesys.Config{
		BaseURL: base, ClientID: "id", ClientSecret: genesys.NewSecret("secret"), ActionID: "action", Dial: fake.Dial(w.Net.DialContext),
	})
	require.NoError(t, err)
	w.client = client
	t.Cleanup(func() {
		client.Close()
		fake.Close()
	})
	return w
}

func (w *whole) start(t *testing.T) *running {
	t.Helper()
	writer, err := deadletter.NewWriter(deadletter.WriterConfig{Topic: topic + ".dlq", Cluster: w.Connect(t), Logger: w.log})
	require.NoError(t, err)
	return w.startWith(t, w.client, writer, func(c *worker.Config) { c.GiveUpAfter = w.giveUp })
}

func validPayloads(n int) []kafkago.Message {
	var msgs []kafkago.Message
	for i := range n {
		msgs = append(msgs, kafkago.Message{Key: fmt.Append(nil, i), Value: fmt.Appendf(nil, `{"contact":{"external_id":"%d"}}`, i)})
	}
	return msgs
}

func (e *events) deadLettered() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, ev := range e.all {
		if _, ok := ev.(worker.DeadLettered); ok {
			n++
		}
	}
	return n
}
