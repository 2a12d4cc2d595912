package deadletter

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// following is a Follow under way in virtual time.
type following struct {
	ids     []string
	values  []string
	trouble []error
	done    chan error
	cancel  context.CancelFunc
}

func (s *shelf) follow(t *testing.T, f Following) *following {
	t.Helper()
	x := &following{done: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	x.cancel = cancel
	f.OnTrouble = func(err error) { x.trouble = append(x.trouble, err) }
	go func() {
		x.done <- s.Follow(ctx, f, func(e Entry, stored []byte) error {
			x.ids, x.values = append(x.ids, e.Source.ID()), append(x.values, string(stored))
			return nil
		})
	}()
	time.Sleep(3 * time.Second) // virtual: it stands at the end by now
	return x
}

// end stops following and returns its error.
func (x *following) end() error {
	time.Sleep(3 * followEvery) // virtual: what was written is read by now
	x.cancel()
	return <-x.done
}

func TestFollow_BringsWhatIsNew(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		s.put(t, 0, failed(1, CodeActionFailed, 1), failed(2, CodeTokenFailed, 2))
		x := s.follow(t, Following{})
		r := failed(3, CodeActionFailed, 3)
		s.put(t, 1, r)
		s.put(t, 2, r) // a repeat
		s.put(t, 2, failed(4, CodeTokenFailed, 4))
		require.NoError(t, x.end())
		require.Equal(t, []string{"payloads/3/3", "payloads/3/4"}, x.ids)
		require.Equal(t, string(Encode(r)), x.values[0])
		require.Empty(t, x.trouble)
	})
}

func TestFollow_BeginsWithThoseThatAreThere(t *testing.T) {
	for name, tt := range map[string]struct {
		last int
		want []string
	}{
		"the newest two": {2, []string{"payloads/3/3", "payloads/3/2", "payloads/3/9"}},
		"all":            {FollowAll, []string{"payloads/3/1", "payloads/3/2", "payloads/3/3", "payloads/3/9"}},
		"more than all":  {50, []string{"payloads/3/1", "payloads/3/3", "payloads/3/2", "payloads/3/9"}},
	} {
		t.Run(name, func(t *testing.T) {
			onShelf(t, func(t *testing.T, s *shelf) {
				s.put(t, 0, failed(1, CodeActionFailed, 1), failed(2, CodeTokenFailed, 3))
				s.put(t, 1, failed(3, CodeTokenFailed, 2), failed(1, CodeActionFailed, 0), failed(8, CodeInternalError, 9))
				x := s.follow(t, Following{Last: tt.last, Filter: Filter{Codes: []Code{CodeActionFailed, CodeTokenFailed}}})
				s.put(t, 2, failed(9, CodeActionFailed, 4), failed(2, CodeTokenFailed, 5), failed(7, CodeInternalError, 6))
				require.NoError(t, x.end())
				require.Equal(t, tt.want, x.ids)
			})
		})
	}
}

// Whatever becomes of brokers, it goes on where it was, and says so once.
func TestFollow_SurvivesTroubleOfTheBrokers(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		x := s.follow(t, Following{})
		var out atomic.Bool
		out.Store(true)
		s.broker.Fake.ControlKey(int16(kmsg.ListOffsets), func(req kmsg.Request) (kmsg.Response, error, bool) {
			if !out.Load() {
				return nil, nil, false
			}
			s.broker.Fake.KeepControl()
			return nil, errors.New("down"), true
		})
		s.put(t, 1, failed(1, CodeActionFailed, 0))
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.Empty(t, x.ids)
		require.Len(t, x.trouble, 1)
		require.Error(t, x.trouble[0])
		out.Store(false)
		time.Sleep(time.Minute)
		require.NoError(t, x.end())
		require.Equal(t, []string{"payloads/3/1"}, x.ids)
		require.Len(t, x.trouble, 2)
		require.NoError(t, x.trouble[1])
	})
}

func TestFollow_ReadsPartitionsThatAreAdded(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		s.put(t, 0, failed(1, CodeActionFailed, 0))
		x := s.follow(t, Following{})
		res, err := s.broker.Client().CreatePartitions(t.Context(), &kafkago.CreatePartitionsRequest{
			Topics: []kafkago.TopicPartitionsConfig{{Name: topic, Count: 4}},
		})
		require.NoError(t, err)
		require.NoError(t, res.Errors[topic])
		time.Sleep(5 * time.Second) // virtual: until our own view of the topic has it, so that put may write to it
		s.put(t, 3, failed(2, CodeActionFailed, 0))
		require.NoError(t, x.end())
		require.Equal(t, []string{"payloads/3/2"}, x.ids)
	})
}

func TestFollow_ReadsATopicThatIsMadeAnewFromItsStart(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		s.put(t, 0, failed(1, CodeActionFailed, 0), failed(2, CodeActionFailed, 0))
		x := s.follow(t, Following{})
		res, err := s.broker.Client().DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{topic}})
		require.NoError(t, err)
		require.NoError(t, res.Errors[topic])
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, x.trouble, 1)
		require.Error(t, x.trouble[0])
		s.broker.CreateTopic(t, topic, 1, nil)
		time.Sleep(5 * time.Second)
		s.put(t, 0, failed(5, CodeActionFailed, 0), failed(6, CodeActionFailed, 0), failed(7, CodeActionFailed, 0))
		require.NoError(t, x.end())
		require.Equal(t, []string{"payloads/3/5", "payloads/3/6", "payloads/3/7"}, x.ids)
	})
}

func TestFollow_Ends(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		r, err := NewReader(ReaderConfig{Topic: "none", Cluster: s.broker.Cluster})
		require.NoError(t, err)
		require.ErrorIs(t, r.Follow(t.Context(), Following{}, nil), kafka.ErrNoTopic)

		s.put(t, 0, failed(1, CodeActionFailed, 0))
		full := errors.New("the disk is full")
		for _, last := range []int{1, FollowAll} {
			err = s.Follow(t.Context(), Following{Last: last}, func(Entry, []byte) error { return full })
			require.ErrorIs(t, err, full)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, s.Follow(ctx, Following{}, nil))
	})
}
