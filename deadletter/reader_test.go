package deadletter

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

// shelf is a reader with its broker and what it told of its progress.
type shelf struct {
	*Reader
	broker   *kafkatest.Broker
	progress []Progress
}

// onShelf runs a test in virtual time, with a topic of three partitions and a reader of it.
func onShelf(t *testing.T, test func(t *testing.T, s *shelf)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		b.CreateTopic(t, topic, 3, nil)
		test(t, newShelf(t, b, topic))
	})
}

func newShelf(t *testing.T, b *kafkatest.Broker, topic string) *shelf {
	t.Helper()
	s := &shelf{broker: b}
	r, err := NewReader(ReaderConfig{Topic: topic, Cluster: b.Cluster, OnProgress: func(p Progress) { s.progress = append(s.progress, p) }})
	require.NoError(t, err)
	s.Reader = r
	return s
}

// put produces one record to a partition.
func (s *shelf) put(t *testing.T, partition int, records ...Record) {
	t.Helper()
	for _, r := range records {
		m := r.KafkaMessage()
		m.Partition = partition
		s.broker.Produce(t, topic, m)
	}
}

// failed returns a sample of a code that failed a number of minutes after the others' time.
func failed(n int, code Code, minutes int) Record {
	r := sample(code)
	r.Source.Offset, r.FailedAt = int64(n), r.FailedAt.Add(time.Duration(minutes)*time.Minute)
	return r
}

// ids collects the ids of what a scan yields, and fails on an error.
func ids(t *testing.T, entries iter.Seq2[Entry, error]) []string {
	t.Helper()
	var all []string
	for e, err := range entries {
		require.NoError(t, err)
		all = append(all, e.Source.ID())
	}
	return all
}

func TestReader_ScanYieldsWhatWasWritten(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		var want []Record
		for n, code := range codes {
			r := failed(n, code, n)
			want = append(want, r)
			s.put(t, n%3, r)
		}
		got := 0
		for e, err := range s.Scan(t.Context(), Filter{}) {
			require.NoError(t, err)
			require.NoError(t, e.Err)
			n := int(e.Source.Offset)
			same(t, want[n], e.Record)
			require.Equal(t, n%3, e.Partition)
			require.EqualValues(t, n/3, e.Offset)
			require.False(t, e.Time.IsZero())
			if want[n].Payload == nil {
				require.Empty(t, e.PayloadSHA256)
			} else {
				require.Equal(t, hash(want[n].Payload), e.PayloadSHA256)
			}
			got++
		}
		require.Equal(t, len(codes), got)
		require.Equal(t, Progress{Total: 10}, s.progress[0])
		require.Equal(t, Progress{Scanned: 10, Total: 10}, s.progress[len(s.progress)-1])
	})
}

// A message that is no dead letter is shown as what it is, and the scan goes on.
func TestReader_MessageThatCannotBeDecoded(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		broken := failed(7, CodeActionFailed, 3).KafkaMessage()
		broken.Value = broken.Value[:100]
		newer := kafkago.Message{Value: []byte(`{"schema_version":2}`)}
		s.broker.Produce(t, topic, broken, newer, kafkago.Message{Key: []byte("k")})
		s.put(t, 0, failed(8, CodeActionFailed, 0))

		var errs []error
		var entries []Entry
		for e, err := range s.Scan(t.Context(), Filter{}) {
			require.NoError(t, err)
			entries, errs = append(entries, e), append(errs, e.Err)
		}
		require.Len(t, entries, 4)
		var malformed *DecodeError
		var version *VersionError
		require.ErrorAs(t, errs[0], &malformed)
		require.ErrorAs(t, errs[1], &version)
		require.ErrorAs(t, errs[2], &malformed)
		require.NoError(t, errs[3])
		require.Equal(t, "payloads/3/7", entries[0].Source.ID(), "its headers still tell what it is")
		require.Equal(t, CodeActionFailed, entries[0].Code)

		e, err := s.Get(t.Context(), "payloads/3/7")
		require.NoError(t, err)
		require.Error(t, e.Err)
		newest, err := s.Newest(t.Context(), Filter{})
		require.NoError(t, err)
		require.Len(t, newest, 4)
	})
}

// The topic is read as it stands when the scan starts, so that a scan ends while others write.
func TestReader_EndsWhereItStood(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		s.put(t, 0, failed(1, CodeActionFailed, 0), failed(2, CodeActionFailed, 0))
		n := 0
		for _, err := range s.Scan(t.Context(), Filter{}) {
			require.NoError(t, err)
			n++
			s.put(t, 0, failed(10+n, CodeActionFailed, 0))
		}
		require.Equal(t, 2, n)
	})
}

// Compaction leaves gaps inside batches, between them and at their ends; all are stepped over.
func TestReader_GapsOfCompaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		b.CreateTopic(t, topic, 1, map[string]string{"cleanup.policy": "compact"})
		s := newShelf(t, b, topic)
		var batch []kafkago.Message
		for n := range 20 {
			r := failed(n, CodeActionFailed, 0)
			r.Source.Key = []byte(strconv.Itoa(n % 3))
			batch = append(batch, r.KafkaMessage())
			if n%5 == 4 {
				b.Produce(t, topic, batch...)
				batch = nil
			}
		}
		for n, key := range []string{"1", "x"} { // the first leaves a gap at the end of the batch before it
			r := failed(20+n, CodeActionFailed, 0)
			r.Source.Key = []byte(key)
			b.Produce(t, topic, r.KafkaMessage())
		}
		b.Fake.Compact()
		require.Equal(t, []string{"payloads/3/17", "payloads/3/18", "payloads/3/20", "payloads/3/21"}, ids(t, s.Scan(t.Context(), Filter{})))
		require.Equal(t, s.progress[0].Total, s.progress[len(s.progress)-1].Scanned)
	})
}

// A control batch has an offset and no record, and the last one ends the partition.
func TestReader_ControlBatches(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		s.put(t, 0, failed(1, CodeActionFailed, 0))
		endTransaction(t, s.broker)
		endTransaction(t, s.broker)
		s.put(t, 0, failed(2, CodeActionFailed, 0))
		endTransaction(t, s.broker)
		start := time.Now()
		require.Equal(t, []string{"payloads/3/1", "payloads/3/2"}, ids(t, s.Scan(t.Context(), Filter{})))
		require.Equal(t, Progress{Scanned: 5, Total: 5}, s.progress[len(s.progress)-1])
		require.Zero(t, time.Since(start), "no request waits for data that is not there")
	})
}

// endTransaction writes a transaction marker, and nothing else, to partition 0.
func endTransaction(t *testing.T, b *kafkatest.Broker) {
	t.Helper()
	const id = "txn"
	c := b.Client()
	p, err := c.InitProducerID(t.Context(), &kafkago.InitProducerIDRequest{TransactionalID: id, TransactionTimeoutMs: 10_000, ProducerID: -1, ProducerEpoch: -1})
	require.NoError(t, errors.Join(err, p.Error))
	add, err := c.AddPartitionsToTxn(t.Context(), &kafkago.AddPartitionsToTxnRequest{
		TransactionalID: id, ProducerID: p.Producer.ProducerID, ProducerEpoch: p.Producer.ProducerEpoch,
		Topics: map[string][]kafkago.AddPartitionToTxn{topic: {{Partition: 0}}},
	})
	require.NoError(t, err)
	require.NoError(t, add.Topics[topic][0].Error)
	end, err := c.EndTxn(t.Context(), &kafkago.EndTxnRequest{
		TransactionalID: id, ProducerID: p.Producer.ProducerID, ProducerEpoch: p.Producer.ProducerEpoch, Committed: true,
	})
	require.NoError(t, errors.Join(err, end.Error))
}

// What retention removes under a scan is passed over.
func TestReader_RetentionDuringAScan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := kafkatest.Virtual(t)
		b.CreateTopic(t, topic, 1, map[string]string{"retention.ms": "3600000"})
		s := newShelf(t, b, topic)
		s.put(t, 0, failed(0, CodeActionFailed, 0), failed(1, CodeActionFailed, 0))
		time.Sleep(2 * time.Hour)
		s.put(t, 0, failed(2, CodeActionFailed, 0))
		b.Fake.ApplyRetention()

		var got []int64
		passed := int64(0)
		told := func(n int64) { passed += n }
		more, err := s.read(t.Context(), span{start: 0, end: 3}, told, func(rec *kafkago.Record) (bool, error) {
			got = append(got, rec.Offset)
			return true, nil
		})
		require.NoError(t, err)
		require.True(t, more)
		require.Equal(t, []int64{2}, got)
		require.EqualValues(t, 3, passed)

		_, err = s.read(t.Context(), span{start: 90, end: 99}, told, nil)
		require.NoError(t, err, "a topic that was made anew has nothing there")
	})
}

func TestReader_ChangeOfLeaders(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		s.put(t, 0, failed(1, CodeActionFailed, 0))
		s.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch, kmsg.ListOffsets}, Err: kerr.NotLeaderForPartition, Count: 4})
		require.Len(t, ids(t, s.Scan(t.Context(), Filter{})), 1)
	})
}

func TestReader_Errors(t *testing.T) {
	fails := func(ctx context.Context, t *testing.T, s *shelf, want error) error {
		t.Helper()
		var got []error
		for _, err := range s.Scan(ctx, Filter{}) {
			got = append(got, err)
		}
		require.Len(t, got, 1, "an error ends a scan")
		require.ErrorIs(t, got[0], want)
		_, err := s.Newest(ctx, Filter{})
		require.ErrorIs(t, err, want)
		return got[0]
	}
	onShelf(t, func(t *testing.T, s *shelf) {
		_ = fails(t.Context(), t, newShelf(t, s.broker, "none"), kafka.ErrNoTopic)

		s.put(t, 0, failed(1, CodeActionFailed, 0))
		fault := s.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.TopicAuthorizationFailed, Count: -1})
		start := time.Now()
		_ = fails(t.Context(), t, s, kafkago.TopicAuthorizationFailed)
		require.Zero(t, time.Since(start), "an error for good is not repeated")
		fault.Remove()

		fault = s.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.LeaderNotAvailable, Count: -1})
		err := fails(t.Context(), t, s, kafkago.LeaderNotAvailable)
		require.ErrorContains(t, err, `topic "payloads.dlq", partition 0: offset 0`)
		fault.Remove()

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_ = fails(ctx, t, s, context.Canceled)
	})
}

func TestNewReader_Refuses(t *testing.T) {
	_, err := NewReader(ReaderConfig{Topic: topic})
	require.ErrorContains(t, err, "needs a topic and a cluster")
}

func BenchmarkScan(b *testing.B) {
	broker := kafkatest.TCP(b)
	broker.CreateTopic(b, topic, 1, nil)
	const records = 20_000
	msgs := make([]kafkago.Message, records)
	for n := range msgs {
		msgs[n] = numbered(n).KafkaMessage()
	}
	for batch := range slices.Chunk(msgs, 500) {
		broker.Produce(b, topic, batch...)
	}
	r, err := NewReader(ReaderConfig{Topic: topic, Cluster: broker.Cluster})
	require.NoError(b, err)
	for name, f := range map[string]Filter{"parsed": {}, "excluded by header": {Codes: []Code{CodeActionFailed}}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				for _, err := range r.Scan(b.Context(), f) {
					require.NoError(b, err)
				}
			}
			b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
