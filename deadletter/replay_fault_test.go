package deadletter

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	kafkago "github.com/segmentio/kafka-go"
)

// A write of which nobody knows whether it was done stops the replay. It is not made again before the source topic
// has told, whether the brokers did it or not.
func TestReplay_AWriteWithoutAnAnswer(t *testing.T) {
	for name, write := range map[string]bool{"was done": true, "was not done": false} {
		t.Run(name, func(t *testing.T) {
			onScene(t, 40, func(t *testing.T, s *scene) {
				k := &knife{}
				s.loseAnswer(t, k, 3, write)
				r := s.mortal(t, k)
				p, err := r.Plan(t.Context(), ReplayOptions{Rate: 20})
				require.NoError(t, err)
				report, err := r.Run(t.Context(), p)
				var stop *StopError
				require.ErrorAs(t, err, &stop)
				require.Equal(t, StopUnsure, stop.Stop)
				require.ErrorContains(t, err, "nobody can tell whether the records were written")
				require.Positive(t, report.Left)

				// Whoever begins anew is not fooled either: what the broken one wrote is found.
				p, err = s.replayer(t).Plan(t.Context(), ReplayOptions{})
				require.NoError(t, err)
				require.Equal(t, 40, p.Replays+p.NotOpen+p.Settled)
				require.Equal(t, write, p.Settled > 0)
				require.Len(t, p.BrokenOff, map[bool]int{true: 1}[write])

				report, err = r.Resume(t.Context(), report.Replay, ReplayOptions{})
				require.NoError(t, err)
				require.Equal(t, 40, report.Replayed)
				s.audit(t, s.letters)
			})
		})
	}
}

// loseAnswer has the answer to the n-th write to the source topic get lost where the write is done, and else be one
// that does not tell.
func (s *scene) loseAnswer(t *testing.T, k *knife, n int, write bool) {
	t.Helper()
	writes := 0
	s.broker.Fake.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		s.broker.Fake.KeepControl()
		p := req.(*kmsg.ProduceRequest)
		if p.Topics[0].Topic != sourceTopic {
			return nil, nil, false
		}
		if writes++; writes != n {
			return nil, nil, false
		}
		if write {
			k.deaf.Store(true)
			return nil, nil, false
		}
		res := p.ResponseKind().(*kmsg.ProduceResponse)
		res.Topics = []kmsg.ProduceResponseTopic{{Topic: sourceTopic, Partitions: []kmsg.ProduceResponseTopicPartition{{
			Partition: p.Topics[0].Partitions[0].Partition, ErrorCode: kerr.RequestTimedOut.Code,
		}}}}
		return res, nil, true
	})
}

// What a broker refuses for good is told; what it refuses for now is tried again, since nothing was written.
func TestReplay_RefusedWrites(t *testing.T) {
	onScene(t, 20, func(t *testing.T, s *scene) {
		s.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: sourceTopic, Err: kerr.NotEnoughReplicas, Count: 3})
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		_, err = r.Run(t.Context(), p)
		require.NoError(t, err)
		s.audit(t, s.letters)
	})
	onScene(t, 20, func(t *testing.T, s *scene) {
		fault := s.broker.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: sourceTopic, Err: kerr.TopicAuthorizationFailed, Count: -1})
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		report, err := r.Run(t.Context(), p)
		var stop *StopError
		require.ErrorAs(t, err, &stop)
		require.Equal(t, StopFailed, stop.Stop)
		require.Equal(t, 20, report.Left)
		require.Empty(t, s.replayed(t))
		fault.Remove()
		_, err = r.Resume(t.Context(), report.Replay, ReplayOptions{})
		require.NoError(t, err)
		s.audit(t, s.letters)
	})
}

// What retention has removed from the source topic is taken from the record, if that has all of it.
func TestReplay_FromTheRecord(t *testing.T) {
	onScene(t, 30, func(t *testing.T, s *scene) {
		cut := sample(CodeActionFailed)
		cut.Source.Topic, cut.Source.Partition, cut.Source.Offset = sourceTopic, 0, 0
		cut.Cut = &Cut{Parts: []Part{PartPayload}, PayloadSize: 99, PayloadSHA256: strings.Repeat("ab", 32)}
		s.bury(t, cut)
		s.broker.DeleteRecords(t, sourceTopic, 0, 4)
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 4, p.FromRecord)
		require.Equal(t, []Skipped{{Reason: SkipGone, Count: 1, Examples: []Skip{{cut.Source.ID(), goneText}}}}, p.Skipped)
		_, err = r.Run(t.Context(), p)
		require.NoError(t, err)
		s.audit(t, s.letters)
	})
}

// A topic that was created anew holds other messages at the old places; then the record counts, and what was noted of
// the old dead letters says nothing of the new.
func TestReplay_ATopicCreatedAnew(t *testing.T) {
	onScene(t, 3, func(t *testing.T, s *scene) {
		other := s.letters[0]
		other.Payload = []byte(`{"of":"another life"}`)
		s.bury(t, other)
		log, err := NewStateLog(topic, s.broker.Connect(t))
		require.NoError(t, err)
		_, err = log.Ensure(t.Context(), true)
		require.NoError(t, err)
		require.NoError(t, log.Record(t.Context(), Note{Kind: StateResolved, By: "ann", Text: "old"}, Entry{Record: s.letters[0], PayloadSHA256: hash(s.letters[0].Payload)}))
		p, err := s.replayer(t).Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 3, p.Replays)
		require.Equal(t, 1, p.NotOpen)
		_, err = s.replayer(t).Run(t.Context(), p)
		require.NoError(t, err)
		s.audit(t, []Record{other, s.letters[1], s.letters[2]})
	})
}

func TestReplay_PlanTellsWhatItLeavesOut(t *testing.T) {
	onScene(t, 9, func(t *testing.T, s *scene) {
		bad, unknown, often := s.letters[0], s.letters[1], s.letters[2]
		for i, r := range []*Record{&bad, &unknown, &often} {
			r.Source.Offset = int64(100 + i)
			r.Payload = []byte(`{"word":"fine"}`)
		}
		bad.Payload = []byte(`{"word":"bad"}`)
		unknown.Outcome = OutcomeUnknown
		often.Replay = &Replay{ID: "x", Count: 3, Of: "payloads/0/1"}
		s.bury(t, bad, unknown, often)
		s.broker.Produce(t, sourceTopic, kafkago.Message{Key: []byte("key-0"), Value: []byte("newer")})
		plan := func(o ReplayOptions) *Plan {
			p, err := s.replayer(t).Plan(t.Context(), o)
			require.NoError(t, err)
			return p
		}
		p := plan(ReplayOptions{})
		require.Equal(t, 12, p.Selected)
		require.Equal(t, 9, p.Replays)
		reasons := map[SkipReason]string{}
		for _, k := range p.Skipped {
			reasons[k.Reason] = k.Examples[0].Text
		}
		require.Equal(t, map[SkipReason]string{
			SkipInvalid: "/word: must not be bad", SkipUnknown: "nobody knows whether the action ran: find out first", SkipReplays: "it was replayed 3 times already",
		}, reasons)
		require.Equal(t, 3, p.Newer.Count)
		require.Empty(t, p.Newer.NotLookedAt)
		require.Equal(t, map[string]int{"sluice": 9}, p.For)

		require.Equal(t, 6, plan(ReplayOptions{SkipNewer: true}).Replays)
		require.Equal(t, 10, plan(ReplayOptions{IncludeUnknown: true}).Replays)
		require.Equal(t, 11, plan(ReplayOptions{Force: true}).Replays)
		require.Equal(t, 4, plan(ReplayOptions{Filter: Filter{Limit: 4}}).Replays)
		edited := plan(ReplayOptions{Filter: Filter{IDs: []string{bad.Source.ID(), "payloads/0/777"}}, Edits: []string{"bad=good"}})
		require.Equal(t, 1, edited.Replays)
		require.Equal(t, 1, edited.Edited)
		require.Equal(t, []string{"payloads/0/777"}, edited.Missing)
		few := s.replayer(t, func(c *ReplayConfig) { c.LookAhead = 1 })
		p, err := few.Plan(t.Context(), ReplayOptions{})
		require.NoError(t, err)
		require.Contains(t, p.Newer.NotLookedAt, "3 of 3 partitions")
	})
}

// An edit is made to what is sent, and remembered by a replay that is resumed.
func TestReplay_EditsAreSentAndRemembered(t *testing.T) {
	onScene(t, 5, func(t *testing.T, s *scene) {
		ctx, cancel := context.WithCancel(t.Context())
		r := s.replayer(t)
		p, err := r.Plan(ctx, ReplayOptions{Edits: []string{"good=better"}, Rate: 1})
		require.NoError(t, err)
		time.AfterFunc(2*time.Second, cancel)
		report, err := r.Run(ctx, p)
		require.Error(t, err)
		_, err = r.Resume(t.Context(), report.Replay, ReplayOptions{})
		require.NoError(t, err)
		sent := s.replayed(t)
		require.Len(t, sent, 5)
		for _, m := range sent {
			require.Contains(t, string(m.Value), `,"word":"better"}`)
		}
	})
}

// A log in which a newer version has written is not guessed at; what is no entry is passed over.
func TestState_OfOthers(t *testing.T) {
	onScene(t, 1, func(t *testing.T, s *scene) {
		log, err := NewStateLog(topic, s.broker.Cluster)
		require.NoError(t, err)
		_, err = log.Ensure(t.Context(), true)
		require.NoError(t, err)
		s.broker.Produce(t, StateTopic(topic), kafkago.Message{Value: []byte("garbage")}, kafkago.Message{Key: []byte("k")},
			kafkago.Message{Value: []byte(`{"state_version":1,"kind":"succeeded","id":"payloads/0/0","replay_id":"never-was"}`)})
		require.Equal(t, 2, s.state(t).Unreadable)
		require.True(t, s.state(t).Of("payloads/0/0", hash(s.letters[0].Payload)).Open())
		s.broker.Produce(t, StateTopic(topic), kafkago.Message{Value: []byte(`{"state_version":2,"kind":["new"]}`)})
		_, err = log.Load(t.Context())
		var newer *StateVersionError
		require.ErrorAs(t, err, &newer)
		_, err = s.replayer(t).Plan(t.Context(), ReplayOptions{})
		require.ErrorContains(t, err, "use a newer sluice")
	})
}

// A redacted record lacks what its message had, so only the source topic will do: then all of it is sent.
func TestReplay_RedactedRecords(t *testing.T) {
	onScene(t, 0, func(t *testing.T, s *scene) {
		redaction, err := NewRedaction([]string{"/word", "key", "header:h"})
		require.NoError(t, err)
		var letters []Record
		for i := range int64(4) {
			r := sample(CodeMaxRetriesExceeded)
			r.Source = Source{Topic: sourceTopic, Offset: i, Key: []byte("key"), Headers: []Header{{Key: "h", Value: []byte("private")}, {Key: "null"}}}
			r.Payload = []byte(`{"word":"good"}`)
			letters = append(letters, r)
			s.broker.Produce(t, sourceTopic, kafkago.Message{Key: r.Source.Key, Value: r.Payload, Headers: []kafkago.Header{{Key: "h", Value: []byte("private")}, {Key: "null"}}})
			s.bury(t, redaction.Apply(r))
		}
		s.broker.DeleteRecords(t, sourceTopic, 0, 1)
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{Edits: []string{"good=good"}})
		require.NoError(t, err)
		require.Equal(t, 3, p.Replays)
		require.Equal(t, SkipGone, p.Skipped[0].Reason)
		_, err = r.Run(t.Context(), p)
		require.NoError(t, err)
		s.audit(t, letters[1:])
	})
}
