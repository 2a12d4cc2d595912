package deadletter

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// Whatever a record holds and however small the limit, what is left is valid, fits where anything can, keeps
// its identity and holds the beginning of the payload.
func TestFit_AnyRecordAnyLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecord(t)
		for range rapid.IntRange(0, 3).Draw(t, "repeat") {
			r.Payload, r.Source.Key = append(r.Payload, r.Payload...), append(r.Source.Key, r.Source.Key...)
		}
		before := Encode(r)
		limit := rapid.IntRange(1024, 4096).Draw(t, "limit")
		f := fit(r, limit)
		require.LessOrEqual(t, f.size, limit)
		require.Equal(t, kafka.BatchSize(f.message), f.size)
		requireValid(t, f.message.Value)
		require.Equal(t, string(before), string(Encode(r)), "the caller's record is unchanged")

		back, err := Decode(f.message.Value)
		require.NoError(t, err)
		same(t, f.record, back)
		require.Equal(t, r.Source.ID(), back.Source.ID())
		require.Equal(t, r.Fingerprint(), back.Fingerprint())
		require.True(t, strings.HasPrefix(string(r.Payload), string(back.Payload)))
		if back.payloadCut() {
			require.Equal(t, hash(r.Payload), back.Cut.PayloadSHA256)
		} else {
			require.Equal(t, r.Payload, back.Payload)
		}
		again := fit(back, limit)
		require.Equal(t, string(f.message.Value), string(again.message.Value), "what fits is not cut again")
	})
}

func TestFit_LeavesFirstAndLastAttempts(t *testing.T) {
	r := sample(CodeMaxRetriesExceeded)
	r.Attempts, r.AttemptCount = nil, 0
	for n := range 40 {
		r.Attempts = append(r.Attempts, Attempt{N: n + 1, At: r.FailedAt, Error: "server (HTTP 503)"})
	}
	f := fit(r, 2700)
	require.Equal(t, []Part{PartHeaders, PartDetails}, f.record.Cut.Parts)
	var left []int
	for _, a := range f.record.Attempts {
		left = append(left, a.N)
	}
	require.Equal(t, []int{1, 2, 3, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40}, left)
	require.Equal(t, 40, f.record.AttemptCount)
	require.Len(t, r.Attempts, 40)
}

// Of a record whose headers are what is too large, the payload stays whole.
func TestFit_CutsWhatIsLarge(t *testing.T) {
	r := sample(CodeMaxRetriesExceeded)
	r.Source.Headers = []Header{{Key: "h", Value: []byte(strings.Repeat("v", 1<<20))}}
	f := fit(r, 4096)
	require.Equal(t, []Part{PartHeaders}, f.record.Cut.Parts)
	require.Equal(t, r.Payload, f.record.Payload)
	require.Equal(t, []Header{{Key: "h", Size: 1 << 20}}, f.record.Source.Headers)
	back, err := Decode(f.message.Value)
	require.NoError(t, err)
	same(t, f.record, back)
}

// What we count is what brokers count.
func TestBatchSize_IsWhatTheBrokerSees(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, d *desk) {
		var sizes []int
		d.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Observe: true, Count: -1, When: func(req kmsg.Request) bool {
			sizes = append(sizes, len(req.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records))
			return true
		}})
		for _, code := range codes {
			for _, n := range []int{0, 200, 20_000} {
				r := sample(code)
				r.Message = strings.Repeat("m", n)
				sizes = nil
				require.NoError(t, d.Write(t.Context(), r))
				require.NotEmpty(t, sizes)
				require.Equal(t, kafka.BatchSize(r.KafkaMessage()), sizes[0], code)
			}
		}
	})
}

// The smallest form of the largest record that Kafka's own limits allow must fit a topic of 1 KiB.
func TestFit_WorstCaseIn1KiB(t *testing.T) {
	r := sample(CodeMaxRetriesExceeded)
	r.Outcome, r.Class = OutcomeNotSent, ClassPermanent
	r.Message = strings.Repeat("\x01", 5000)
	r.Source.Topic = strings.Repeat("t", 249)
	r.Source.Partition, r.Source.Offset = math.MaxInt32, math.MaxInt64
	r.Replay = &Replay{ID: strings.Repeat("i", 1000), Count: math.MaxInt32, Of: strings.Repeat("o", 1000)}
	for _, n := range []int{0, 1, 8, 9, 32, 33, 1 << 20} {
		for _, c := range []string{"\x01", "a", "\xff", "\""} {
			r.Payload, r.Source.Key = []byte(strings.Repeat(c, n)), []byte(strings.Repeat(c, n))
			f := fit(r, 1024)
			require.LessOrEqual(t, f.size, 1024, "%d × %q", n, c)
			require.Equal(t, []Part{PartAll}, f.record.Cut.Parts)
			requireValid(t, f.message.Value)
			back, err := Decode(f.message.Value)
			require.NoError(t, err)
			require.Equal(t, r.Source.ID(), back.Source.ID())
			require.Equal(t, r.Fingerprint(), back.Fingerprint())
		}
	}
}
