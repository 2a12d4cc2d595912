package deadletter

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
	"pgregory.net/rapid"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

// hostile is what producers and APIs may make a dead letter of, with parts of about so many bytes.
func hostile(large int) map[string]Record {
	repeat := func(unit string, size int) []byte { return []byte(strings.Repeat(unit, size/len(unit))) }
	with := func(change func(*Record)) Record {
		r := sample(CodeMaxRetriesExceeded)
		change(&r)
		return r
	}
	headers := func(n int, name, value string) []Header {
		var all []Header
		for i := range n {
			all = append(all, Header{Key: name + strconv.Itoa(i), Value: []byte(value)})
		}
		return all
	}
	return map[string]Record{
		"a tombstone":              with(func(r *Record) { r.Payload, r.Source.Key, r.Source.Headers = nil, nil, nil }),
		"an empty payload and key": with(func(r *Record) { r.Payload, r.Source.Key = []byte{}, []byte{} }),
		"a key that is not UTF-8":  with(func(r *Record) { r.Source.Key = repeat("\xff\x00", 200) }),
		"a huge key":               with(func(r *Record) { r.Source.Key = repeat("\xfe", large) }),
		"much JSON and 100 headers": with(func(r *Record) {
			r.Payload = fmt.Appendf(nil, `{"text":"%s"}`, repeat(`\"é<`, large))
			r.Source.Headers = headers(100, "header-", strings.Repeat("v", 100))
		}),
		"much spaced JSON":        with(func(r *Record) { r.Payload = repeat(" \n", large); r.Payload[0] = '1' }),
		"much bytes":              with(func(r *Record) { r.Payload = repeat("\x00\xff\x80\xc3", large) }),
		"much quotes":             with(func(r *Record) { r.Payload = repeat(`"`, large) }),
		"much control characters": with(func(r *Record) { r.Payload = repeat("\x01", large) }),
		"text that ends in bytes": with(func(r *Record) { r.Payload = append(repeat("é", large), 0xff) }),
		"JSON nested for ever":    with(func(r *Record) { r.Payload = append(repeat("[", large/2), repeat("]", large/2)...) }),
		"numbers that cost":       with(func(r *Record) { r.Payload = fmt.Appendf(nil, "[%s,1e999999999]", repeat("9", large)) }),
		"100 headers that are large": with(func(r *Record) {
			r.Source.Headers = headers(100, strings.Repeat("n", 500), strings.Repeat("\xff", 9000))
		}),
		"100,000 headers":            with(func(r *Record) { r.Source.Headers = headers(100_000, "", "") }),
		"a header that is not UTF-8": with(func(r *Record) { r.Source.Headers = []Header{{Key: "\xff\xfe", Value: repeat("\"", 9000)}} }),
		"a huge list of violations":  with(func(r *Record) { r.Violations, r.ViolationCount = violationsOf(32, 2000), 1_000_000 }),
		"large details": with(func(r *Record) {
			r.Details, _ = json.Marshal(map[string]string{"last_body": string(repeat("<\x01", large))})
		}),
		"details that are none":     with(func(r *Record) { r.Details = repeat("\xff{", large) }),
		"a large message":           with(func(r *Record) { r.Message = string(repeat("\x02é", large)) }),
		"attempts with long errors": with(func(r *Record) { r.Attempts, r.AttemptCount = attemptsOf(1000, 500), 1000 }),
		"a topic of 249 characters": with(func(r *Record) { r.Source.Topic = strings.Repeat("t", 249); r.Source.Offset = math.MaxInt64 }),
		"names without end": with(func(r *Record) {
			r.Action.URL, r.Processor.Host, r.RequestID = string(repeat("u", 9000)), string(repeat("h", 9000)), string(repeat("\x01", 9000))
		}),
		"replays with long ids": with(func(r *Record) {
			r.Replay = &Replay{ID: string(repeat("i", 9000)), Count: 3, Of: string(repeat("o", 9000))}
		}),
		"times beyond the calendar": with(func(r *Record) { r.Source.Timestamp = time.UnixMilli(math.MaxInt64 / 2) }),
	}
}

func violationsOf(n, size int) []Violation {
	var all []Violation
	for i := range n {
		all = append(all, Violation{
			Path: "/" + strings.Repeat("\x01", size) + strconv.Itoa(i), Keyword: "enum", Message: strings.Repeat("m", size), Expected: strings.Repeat("e", size), Got: "string",
		})
	}
	return all
}

func attemptsOf(n, size int) []Attempt {
	var all []Attempt
	for i := range n {
		all = append(all, Attempt{N: i + 1, At: time.Unix(int64(i), 0).UTC(), Status: 503, Error: strings.Repeat("é", size/2), RequestID: strings.Repeat("r", size)})
	}
	return all
}

// requireKept holds what may never be cut.
func requireKept(t tester, want, got Record) {
	t.Helper()
	require.Equal(t, want.Source.ID(), got.Source.ID())
	require.Equal(t, want.Code, got.Code)
	require.Equal(t, want.Class, got.Class)
	require.Equal(t, want.Outcome, got.Outcome)
	require.Equal(t, want.Fingerprint(), got.Fingerprint())
	require.Equal(t, instant(want.FailedAt), got.FailedAt)
	require.Equal(t, instant(want.Source.Timestamp), got.Source.Timestamp)
	wantSize, wantSum := want.SourcePayload()
	size, sum := got.SourcePayload()
	require.Equal(t, wantSize, size)
	require.Equal(t, wantSum, sum)
	if got.keyCut() && !want.keyCut() {
		require.Equal(t, hash(want.Source.Key), got.Cut.KeySHA256)
	} else {
		require.Equal(t, want.Source.Key, got.Source.Key)
	}
	if got.Restorable() && want.Restorable() {
		require.Equal(t, want.Payload, got.Payload)
		require.Equal(t, want.Source, withTime(got.Source, want.Source.Timestamp))
	}
	if !got.payloadCut() {
		require.Equal(t, want.Payload, got.Payload, "what is whole is the source's, byte for byte")
	}
	if n := len(want.Attempts); n > firstAttempts+lastAttempts && len(got.Attempts) > 0 && len(got.Attempts) < n {
		require.Len(t, got.Attempts, firstAttempts+lastAttempts)
		require.Equal(t, want.Attempts[firstAttempts-1].N, got.Attempts[firstAttempts-1].N)
		require.Equal(t, want.Attempts[n-lastAttempts].N, got.Attempts[firstAttempts].N)
	}
}

func withTime(s Source, at time.Time) Source {
	s.Timestamp = at
	return s
}

// topicLimits are the largest records that topics take. Megabytes under the race detector take minutes and race no
// more than kilobytes do.
func topicLimits() []int {
	if testing.Short() {
		return []int{1 << 10, 10 << 10}
	}
	return []int{1 << 10, 10 << 10, 1 << 20, 4 << 20}
}

// Every hostile record is written to a topic of every size, and read back with all that may never be cut.
func TestWriter_HostileRecordsFitEveryTopic(t *testing.T) {
	for _, limit := range topicLimits() {
		t.Run(strconv.Itoa(limit), func(t *testing.T) {
			inBubble(t, map[string]string{"max.message.bytes": strconv.Itoa(limit)}, func(t *testing.T, d *desk) {
				writeHostile(t, d.Writer, d.broker, topic, limit, 256<<10)
			})
		})
	}
}

// The same on a real Kafka where there is one, whose brokers count batches themselves.
func TestReal_HostileRecordsFitEveryTopic(t *testing.T) {
	if testing.Short() {
		t.Skip("in -short form the test above will do")
	}
	b := kafkatest.Real(t)
	for _, limit := range []int{1 << 10, 10 << 10, 1 << 20, 4 << 20} {
		name := fmt.Sprintf("deadletter-hostile-%d", limit)
		b.CreateTopic(t, name, 3, map[string]string{"max.message.bytes": strconv.Itoa(limit)})
		w, err := NewWriter(WriterConfig{Topic: name, Cluster: b.Cluster})
		require.NoError(t, err)
		writeHostile(t, w, b, name, limit, 1<<20)
		require.NoError(t, w.Close())
	}
}

func writeHostile(t *testing.T, w *Writer, b *kafkatest.Broker, topic string, limit, large int) {
	t.Helper()
	records := map[string]Record{}
	for name, r := range hostile(large) {
		r.Source.Offset -= int64(len(records)) // an id of its own
		records[r.Source.ID()] = r
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		require.NoError(t, w.Write(ctx, r), name)
		cancel()
	}
	seen := 0
	for _, m := range b.ReadAll(t, topic) {
		require.LessOrEqual(t, kafka.BatchSize(m), limit)
		requireValid(t, m.Value)
		got, err := Decode(m.Value)
		require.NoError(t, err)
		want, ok := records[got.Source.ID()]
		require.True(t, ok)
		requireKept(t, want, got)
		if got.allCut() {
			require.Empty(t, m.Headers)
		} else {
			require.Equal(t, want.KafkaMessage().Headers, m.Headers)
		}
		seen++
	}
	require.Equal(t, len(records), seen)
}

// Whatever a record holds, redacted or not, and whatever its topic takes.
func TestFit_HostileAnyLimit(t *testing.T) {
	records := hostile(64 << 10)
	var names []string
	for name := range records {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := records[rapid.SampledFrom(names).Draw(t, "one")]
		other := records[rapid.SampledFrom(names).Draw(t, "and its key, headers and details of")]
		r.Source.Key, r.Source.Headers, r.Details, r.Violations = other.Source.Key, other.Source.Headers, other.Details, other.Violations
		r.Code = rapid.SampledFrom(codes).Draw(t, "code")
		rules := rapid.SliceOfN(rapid.SampledFrom([]string{"/text", "/*", "key", "header:*", "payload", "/" + strings.Repeat("long", 500)}), 0, 3).Draw(t, "redact")
		r = redaction(t, rules...).Apply(r)
		limit := rapid.OneOf(rapid.IntRange(1<<10, 4<<10), rapid.IntRange(1<<10, 64<<10), rapid.IntRange(1<<10, 2<<20)).Draw(t, "limit")
		f := fit(r, limit)
		require.LessOrEqual(t, f.size, limit)
		requireValid(t, f.message.Value)
		back, err := Decode(f.message.Value)
		require.NoError(t, err)
		require.Equal(t, string(f.message.Value), string(Encode(back)), "all that is kept is read back")
		if !r.payloadRedacted() {
			requireKept(t, r, back)
		} else {
			require.False(t, back.Restorable())
		}
	})
}

// Where a topic takes not even the smallest form, nothing is given up: the write waits, the log says what to do,
// and once the topic takes it the record is written as large as fits.
func TestWriter_TopicThatTakesNothing(t *testing.T) {
	inBubble(t, map[string]string{"max.message.bytes": "100"}, func(t *testing.T, d *desk) {
		r := numbered(1)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		err := d.Write(ctx, r)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Positive(t, d.failures.Load())
		require.Empty(t, d.broker.ReadAll(t, topic))
		warnings := d.logs.FilterLevelExact(zapcore.WarnLevel).All()
		require.NotEmpty(t, warnings)
		for _, w := range warnings {
			require.Contains(t, w.Message, "dead letters cannot be written")
			require.Contains(t, w.ContextMap()["next"], "raise the topic's max.message.bytes")
		}
		require.LessOrEqual(t, len(warnings), 21, "at most a line every 30 s")
	})
}
