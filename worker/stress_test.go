package worker_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/worker"
)

// What an API answers may be as large as it likes: a dead letter keeps 16 KiB of it, and stays readable.
func TestWorker_LargeAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"JSON":           `{"message":"` + strings.Repeat("a<b>é", 1<<18) + `"}`,
		"text":           strings.Repeat("\x00\xff", 1<<19),
		"nested":         strings.Repeat(`{"errors":[`, 1<<16),
		"JSON that fits": `{"message":"` + strings.Repeat("é", 8000) + `"}`,
		"16 KiB of deep": `{"a":` + strings.Repeat("[", 8000) + strings.Repeat("]", 8000) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			found, _ := letters{api: everyRequest(said{status: 422, body: body}), msgs: one(soundPayload)}.tell(t)
			requireStrictlyValid(t, found[0].Value)
			require.Less(t, len(found[0].Value), 64<<10)
			require.Equal(t, soundPayload, string(found[0].Payload))
			require.True(t, found[0].Restorable())
		})
	}
}

// hostileMessages are what producers may send.
func hostileMessages() []kafkago.Message {
	var headers []kafkago.Header
	for i := range 100 {
		headers = append(headers, kafkago.Header{Key: fmt.Sprintf("header-%d", i), Value: []byte(strings.Repeat("\xff", 100))})
	}
	var wrong strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&wrong, `,"field-%d":{"\u0000":[%d]}`, i, i)
	}
	return []kafkago.Message{
		{Key: []byte{0xff, 0xfe}, Value: []byte(strings.Repeat("\xff\x00", 450<<10)), Headers: headers},
		{Key: []byte("a"), Value: []byte(`{"contact":{"metadata":{"a":"` + strings.Repeat(`\"`, 450<<10) + `"}},"priority":9}`), Headers: headers},
		{Key: []byte(strings.Repeat("k", 200<<10)), Value: nil, Headers: headers},
		{Key: nil, Value: []byte{}},
		{Key: []byte{}, Value: []byte(`{"contact":[]` + wrong.String() + `}`)},
		{Key: []byte("b"), Value: []byte(strings.Repeat("[", 500<<10))},
		{Key: []byte("c"), Value: []byte(strings.Repeat(" ", 900<<10))},
		{Key: []byte("d"), Value: []byte(`{"tags":[` + strings.Repeat(`9,`, 100<<10) + `9]}`)},
	}
}

// Whatever is sent and however little the dead-letter topic takes: every message ends, and what is whole in a
// dead letter is what was sent.
func TestWorker_HostileMessages(t *testing.T) {
	for _, limit := range []string{"1024", "10240", "1048588", "4194304"} {
		t.Run(limit, func(t *testing.T) {
			msgs := hostileMessages()
			found, _ := letters{msgs: msgs, topic: map[string]string{"max.message.bytes": limit}}.tell(t)
			whole := 0
			for i, d := range found {
				requireStrictlyValid(t, d.Value)
				require.Equal(t, deadletter.CodeValidationFailed, d.Code)
				if !d.Restorable() {
					continue
				}
				whole++
				require.Equal(t, msgs[i].Value, d.Payload, "message %d", i)
				require.Equal(t, msgs[i].Key, d.Source.Key, "message %d", i)
				require.Len(t, d.Source.Headers, len(msgs[i].Headers))
				for n, h := range d.Source.Headers {
					require.Equal(t, msgs[i].Headers[n], kafkago.Header{Key: h.Key, Value: h.Value})
				}
			}
			if limit == "4194304" {
				require.Equal(t, len(msgs), whole, "a topic with room keeps everything")
			}
		})
	}
}

// A dead-letter topic that takes not even the smallest form loses nothing: the message is not marked, the log says
// what to do, and once that is done the dead letter is written.
func TestWorker_DeadLetterTopicThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.CreateTopic(t, topic+".dlq", 1, map[string]string{"max.message.bytes": "100"})
		writer, err := deadletter.NewWriter(deadletter.WriterConfig{Topic: topic + ".dlq", Cluster: r.Connect(t), Logger: r.log})
		require.NoError(t, err)
		r.Produce(t, topic, one(`{"priority":9}`)...)
		run := r.startLetters(t, letters{}, writer, func(c *worker.Config) { c.Drain = time.Second })
		said := func() int { return r.logs.FilterMessageSnippet("dead letters cannot be written").Len() }
		eventually(t, time.Minute, "it is said", func() bool { return said() > 0 })
		time.Sleep(10 * time.Minute)
		for _, line := range r.logs.FilterMessageSnippet("dead letters cannot be written").All() {
			require.Equal(t, zapcore.WarnLevel, line.Level)
			require.Equal(t, "raise the topic's max.message.bytes: it refuses even the smallest record", line.ContextMap()["next"])
		}
		require.GreaterOrEqual(t, said(), 10, "and again")
		require.Zero(t, run.events.deadLettered())
		require.Zero(t, r.committed(t, 0), "the message is not marked")

		r.setTopic(t, topic+".dlq", "max.message.bytes", "1048588")
		eventually(t, 2*time.Minute, "it is written", func() bool { return run.events.deadLettered() == 1 })
		run.leave(t)
		d := r.ReadAll(t, topic+".dlq")
		require.Len(t, d, 1)
		rec, err := deadletter.Decode(d[0].Value)
		require.NoError(t, err)
		require.True(t, rec.Restorable(), "and whole, now that there is room")
		require.EqualValues(t, 1, r.committed(t, 0))
	})
}

// setTopic changes a topic's setting.
func (r *rig) setTopic(t *testing.T, name, key, value string) {
	t.Helper()
	res, err := r.Client().AlterConfigs(t.Context(), &kafkago.AlterConfigsRequest{Resources: []kafkago.AlterConfigRequestResource{{
		ResourceType: kafkago.ResourceTypeTopic, ResourceName: name,
		Configs: []kafkago.AlterConfigRequestConfig{{Name: key, Value: value}},
	}}})
	require.NoError(t, err)
	for _, err := range res.Errors {
		require.NoError(t, err)
	}
}
