package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/sluice-kafka/sluice/internal/kafkatest"
	"github.com/sluice-kafka/sluice/internal/term"
)

func TestProduce_SendsLinesAsTheyAre(t *testing.T) {
	b := kafkatest.TCP(t)
	b.CreateTopic(t, "payloads", 1, nil)
	in := "{\"id\":\"a\"}\r\n\n \t\n  {\"id\":7} \ncaf\xe9\x00\n" + strings.Repeat("x", 1_000_000) + "\nlast, without a line break"
	code, _, stderr := produceTo(t, b, in, "--key", "/id", "--header", "source=crm=1", "--header", "empty=")
	require.Zero(t, code, stderr)
	require.Equal(t, "produced 5 messages to payloads (3 without a key: nothing at the pointer)\n", stderr)
	var got []string
	for _, m := range b.ReadAll(t, "payloads") {
		got = append(got, string(m.Key)+"|"+string(m.Value[:min(30, len(m.Value))]))
		require.Equal(t, []kafkago.Header{{Key: "source", Value: []byte("crm=1")}, {Key: "empty", Value: []byte{}}}, m.Headers)
	}
	require.Equal(t, []string{`a|{"id":"a"}`, `7|  {"id":7} `, "|caf\xe9\x00", "|" + strings.Repeat("x", 30), "|last, without a line break"}, got)
}

func TestProduce_StopsAtALineThatIsTooLarge(t *testing.T) {
	b := kafkatest.TCP(t)
	b.CreateTopic(t, "payloads", 1, map[string]string{"max.message.bytes": "2000"})
	code, _, stderr := produceTo(t, b, "1\n2\n"+strings.Repeat("x", 3000)+"\n4\n")
	require.Equal(t, exitFailed, code)
	require.Equal(t, `produced 2 messages to payloads
Error: line 3 of standard input has 3,000 bytes, more than topic "payloads" takes (max.message.bytes is 2,000): it and what follows was not sent
Try: leave the line out, and go on: tail -n +4 FILE | sluice produce -; or raise max.message.bytes of the topic first: tail -n +3 FILE | sluice produce -
`, stderr)
	require.Len(t, b.ReadAll(t, "payloads"), 2)

	// What the topic just takes passes, together with others.
	fits := strings.Repeat("x", 2000-70)
	code, _, stderr = produceTo(t, b, strings.Repeat(fits+"\n", 5), "--key", "/none")
	require.Zero(t, code, stderr)
}

func TestProduce_SaysWhichLinesOfABatchAreNotThere(t *testing.T) {
	b := kafkatest.TCP(t)
	b.CreateTopic(t, "payloads", 2, nil)
	b.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Partitions: []int32{1}, Err: kerr.InvalidRecord, Count: -1})
	key := func(partition int) string {
		for i := 0; ; i++ {
			if (kafkago.Murmur2Balancer{}).Balance(kafkago.Message{Key: []byte(strconv.Itoa(i))}, 0, 1) == partition {
				return strconv.Itoa(i)
			}
		}
	}
	in := strings.Repeat(`{"id":`+key(0)+"}\n"+`{"id":`+key(1)+"}\n", 3)
	code, _, stderr := produceTo(t, b, in, "--key", "/id")
	require.Equal(t, exitFailed, code)
	require.Regexp(t, `^produced 3 messages to payloads\nError: lines 2, 4 and 6 of standard input are not in the topic; `+
		`all others up to line 6 are, and nothing after that was sent: .*INVALID_RECORD\n`, stderr)
	require.Len(t, b.ReadAll(t, "payloads"), 3)
}

func TestProduce_AnInterruptionWaitsForTheBatchUnderWay(t *testing.T) {
	b := kafkatest.TCP(t)
	b.CreateTopic(t, "payloads", 1, nil)
	ctx, cancel := context.WithCancel(t.Context())
	b.Fake.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cancel() // the first batch is at the broker
		return nil, nil, false
	})
	r, w := io.Pipe()
	go func() { _, _ = io.WriteString(w, "1\n2\n3\n") }() // and never ends
	var stderr bytes.Buffer
	code := run(ctx, context.Background(), []string{"produce", "-", "--kafka-brokers", b.Brokers()[0]},
		term.Streams{In: r, Out: io.Discard, Err: &stderr})
	require.Equal(t, exitInterrupted, code)
	require.Equal(t, "interrupted: produced 3 messages to payloads, all acknowledged; the last one is line 3 of standard input\n", stderr.String())
	require.Len(t, b.ReadAll(t, "payloads"), 3)
}

func TestProducer_ASecondSignalEndsTheWaitAndSaysWhatIsUnsure(t *testing.T) {
	b := kafkatest.TCP(t)
	b.CreateTopic(t, "payloads", 1, nil)
	ctx, cancel := context.WithCancel(t.Context())
	abort, cancelAbort := context.WithCancel(t.Context())
	b.Fake.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cancel()
		cancelAbort()
		return nil, nil, true // never answered
	})
	var stderr bytes.Buffer
	code := run(ctx, abort, []string{"produce", "-", "--kafka-brokers", b.Brokers()[0]},
		term.Streams{In: strings.NewReader("1\n\n3\n4\n"), Out: io.Discard, Err: &stderr})
	require.Equal(t, exitInterrupted, code)
	require.Equal(t, "interrupted: produced 0 messages to payloads; lines 1 and 3 to 4 are perhaps in the topic, perhaps not\n", stderr.String())
}

func TestRanges_ReadWell(t *testing.T) {
	for want, lines := range map[string][]int{
		"line 7":                        {7},
		"lines 1 to 3":                  {1, 2, 3},
		"lines 1 and 3":                 {1, 3},
		"lines 1 to 2, 4 and 6 to 900":  append([]int{1, 2, 4}, count(6, 900)...),
		"lines 1, 3, 5, 7 and 3 others": {1, 3, 5, 7, 9, 11, 12},
		"lines 1,000 to 2,000":          count(1000, 2000),
	} {
		require.Equal(t, want, ranges(lines))
	}
}

func count(from, to int) []int {
	var all []int
	for i := from; i <= to; i++ {
		all = append(all, i)
	}
	return all
}

func TestRefused_OnlyWhereABrokerHasSaidSo(t *testing.T) {
	for err, want := range map[error]bool{
		kafkago.TopicAuthorizationFailed:     true,
		kafkago.NotEnoughReplicas:            true,
		kafkago.MessageSizeTooLarge:          true,
		kafkago.RequestTimedOut:              false,
		kafkago.NotEnoughReplicasAfterAppend: false,
		io.ErrUnexpectedEOF:                  false,
		errors.New("dial tcp: refused"):      false,
	} {
		require.Equal(t, want, refused(err), err)
	}
}

// However an input is cut into reads, its lines are those that splitting it at line breaks gives.
func TestLines_AreThoseOfTheInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"", " ", "a", "{}", "\r", "x\ry", strings.Repeat("z", 40)})).Draw(t, "lines")
		text := strings.Join(parts, "\n")
		const limit = 20
		l := newLines(&dribble{text, rapid.IntRange(1, 50).Draw(t, "read")}, "f", limit)
		var got []document
		for {
			one, err := l.next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			got = append(got, one)
		}
		var want []document
		for i, part := range strings.Split(text, "\n") {
			part = strings.TrimRight(part, "\r")
			if strings.TrimSpace(part) != "" {
				want = append(want, document{line: i + 1, raw: []byte(part), size: len(part)})
			}
		}
		require.Len(t, got, len(want))
		for i, w := range want {
			require.Equal(t, w.line, got[i].line)
			require.Equal(t, w.size, got[i].size)
			require.True(t, bytes.HasPrefix(w.raw, got[i].raw))
			require.GreaterOrEqual(t, len(got[i].raw), min(w.size, limit))
			require.LessOrEqual(t, len(got[i].raw), limit+2)
		}
		require.EqualValues(t, len(text), l.bytes)
	})
}

// dribble reads a text in small pieces.
type dribble struct {
	rest string
	most int
}

func (d *dribble) Read(p []byte) (int, error) {
	if d.rest == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), d.most)], d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// produceTo runs `sluice produce -` against a broker.
func produceTo(t *testing.T, b *kafkatest.Broker, in string, flags ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	args := append([]string{"produce", "-", "--kafka-brokers", b.Brokers()[0]}, flags...)
	code = run(t.Context(), context.Background(), args, term.Streams{In: strings.NewReader(in), Out: &out, Err: &err})
	return code, out.String(), err.String()
}
