package deadletter

import (
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A run whose writes take long looks at the log between them: one that somebody has taken over from meanwhile stops
// before the next partition.
func TestReplay_LooksBeforeEachPartition(t *testing.T) {
	onScene(t, 30, func(t *testing.T, s *scene) {
		writes := 0
		s.broker.Fake.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
			s.broker.Fake.KeepControl()
			if req.(*kmsg.ProduceRequest).Topics[0].Topic != sourceTopic {
				return nil, nil, false
			}
			if writes++; writes <= 2 {
				s.broker.Fake.SleepControl(func() { time.Sleep(15 * time.Second) })
			}
			return nil, nil, false
		})
		ann := s.replayer(t)
		p, err := ann.Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		begun, ended := make(chan string, 1), make(chan error, 1)
		ann.cfg.OnBegin = func(id string) { begun <- id }
		go func() {
			_, err := ann.Run(t.Context(), p)
			ended <- err
		}()
		id := <-begun
		time.Sleep(2 * time.Second)
		report, err := s.replayer(t, func(c *ReplayConfig) { c.By = "bob@home" }).Resume(t.Context(), id, ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 30, report.Replayed)
		var stop *StopError
		require.ErrorAs(t, <-ended, &stop)
		require.Equal(t, StopTaken, stop.Stop)
		s.audit(t, s.letters)
	})
}

// Where the source topic does not hold any more what a broken replay may have written, its dead letters are left out
// of a plan, not all; --include-unknown takes them in.
func TestReplay_NobodyCanTell(t *testing.T) {
	onScene(t, 20, func(t *testing.T, s *scene) {
		k := &knife{}
		s.loseAnswer(t, k, 2, false)
		r := s.mortal(t, k)
		p, err := r.Plan(t.Context(), ReplayOptions{Filter: Filter{IDs: []string{s.letters[0].Source.ID(), s.letters[1].Source.ID()}}, Rate: 4})
		require.NoError(t, err)
		report, err := r.Run(t.Context(), p)
		require.Error(t, err)
		require.Equal(t, 1, report.Replayed)
		s.broker.Produce(t, sourceTopic, kafkago.Message{Partition: 0, Value: []byte("{}")})
		s.broker.DeleteRecords(t, sourceTopic, 0, 9)

		_, err = s.replayer(t).Resume(t.Context(), report.Replay, ReplayOptions{})
		require.ErrorContains(t, err, "nobody can tell what that has sent")
		p, err = s.replayer(t).Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 18, p.Replays)
		require.Equal(t, SkipUnknown, p.Skipped[0].Reason)
		require.Contains(t, p.Skipped[0].Examples[0].Text, "nobody can tell whether replay "+report.Replay+" has sent it")

		r = s.replayer(t)
		p, err = r.Plan(t.Context(), ReplayOptions{IncludeUnknown: true})
		require.NoError(t, err)
		require.Equal(t, 19, p.Replays)
		require.Equal(t, 1, p.Unknown)
		report, err = r.Run(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, 19, report.Replayed)
	})
}

// What is passed over proves nothing: the canary is as many as are sent, and does not wait for others.
func TestReplay_TheCanaryIsWhatWasSent(t *testing.T) {
	onScene(t, 20, func(t *testing.T, s *scene) {
		s.worker(t, func(m kafkago.Message) string { return "payloads/0/99" })
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{Canary: 2, CanaryWait: time.Minute})
		require.NoError(t, err)
		log, err := NewStateLog(topic, s.broker.Connect(t))
		require.NoError(t, err)
		r.cfg.OnBegin = func(string) { // the first two are resolved after they were claimed
			require.NoError(t, log.Record(t.Context(), Note{StateResolved, "cat@night", "sent by hand"}, entryOf(s.letters[0]), entryOf(s.letters[1])))
		}
		report, err := r.Run(t.Context(), p)
		require.ErrorContains(t, err, "of the first 2 messages, 2 failed again")
		require.Equal(t, 2, report.Replayed)
		require.Equal(t, 16, report.Left)
	})
}

// Of dead letters that share an ID, as in a topic that was created anew, one at a time is replayed.
func TestReplay_TwoOfOneID(t *testing.T) {
	onScene(t, 10, func(t *testing.T, s *scene) {
		newer := s.letters[0]
		newer.Payload, newer.FailedAt = []byte(`{"n":100}`), newer.FailedAt.Add(time.Hour)
		s.bury(t, newer)
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 10, p.Replays)
		require.Len(t, p.Skipped, 1)
		require.Equal(t, SkipSameID, p.Skipped[0].Reason)
		_, err = r.Run(t.Context(), p)
		require.NoError(t, err)
		p, err = r.Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 1, p.Replays)
		require.Equal(t, s.letters[0].Source.ID(), p.items[0].id)
		require.Equal(t, payloadHash(s.letters[0].Payload), p.items[0].sha256)
	})
}

// Large payloads are held a few at a time.
func TestReplay_BatchesAreBoundedInBytes(t *testing.T) {
	onScene(t, 0, func(t *testing.T, s *scene) {
		var items []*planned
		for range 40 {
			r := sample(CodeActionFailed)
			r.Payload = []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
			items = append(items, s.replayer(t).planned(&Plan{state: newState()}, letterID{}, Entry{Record: r}))
		}
		require.Equal(t, 7, batchOf(items, 500))
		require.Equal(t, 3, batchOf(items, 3))
		items[0].size = 1 << 30
		require.Equal(t, 1, batchOf(items, 500))
	})
}
