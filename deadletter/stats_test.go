package deadletter

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// keyed returns a record of a code about a key.
func keyed(n int, code Code, key string) Record {
	r := failed(n, code, n)
	r.Source.Partition, r.Source.Key = n%2, []byte(key)
	return r
}

func TestStats_GroupsByCause(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		other := keyed(4, CodeValidationFailed, "c")
		other.Violations = other.Violations[:1]
		doubtful := keyed(5, CodePermissionDenied, "d")
		doubtful.Outcome = OutcomeUnknown
		s.put(t, 0, keyed(1, CodeValidationFailed, "a"), keyed(2, CodeValidationFailed, "a"), keyed(3, CodeValidationFailed, "b"))
		s.put(t, 1, other, keyed(2, CodeValidationFailed, "a"), keyed(6, CodePermissionDenied, "d"), doubtful)
		s.broker.Produce(t, topic, kafkago.Message{Value: []byte("garbage")})

		stats, err := s.Stats(t.Context(), Filter{})
		require.NoError(t, err)
		require.Len(t, stats.Causes, 4)
		require.Zero(t, stats.Others)
		require.EqualValues(t, 8, stats.Scanned.Records)
		require.EqualValues(t, 7, stats.Scanned.Matched)
		require.EqualValues(t, 1, stats.Scanned.Repeats)
		require.EqualValues(t, 1, stats.Scanned.Unreadable)
		require.Len(t, stats.Scanned.Partitions, 3)

		top := stats.Causes[0]
		require.Equal(t, CodeValidationFailed, top.Code)
		require.EqualValues(t, 3, top.Count)
		require.Equal(t, keyed(1, CodeValidationFailed, "").Fingerprint(), top.Fingerprint)
		require.Equal(t, "/contact required, /priority maximum", top.What)
		require.Equal(t, 2, top.Keys)
		require.False(t, top.MoreKeys)
		require.Equal(t, []int{0, 1}, top.Partitions)
		require.True(t, top.First.Equal(failed(1, CodeValidationFailed, 1).FailedAt))
		require.True(t, top.Last.Equal(failed(3, CodeValidationFailed, 3).FailedAt))
		require.Equal(t, "payloads/1/3", top.Example)
		require.Equal(t, []Actor{Producer}, top.Moves[0].Who)

		denied := stats.Causes[1]
		require.Equal(t, CodePermissionDenied, denied.Code)
		require.Len(t, denied.Moves, 2, "of one of them nobody knows whether it ran")
		for _, m := range denied.Moves {
			require.Equal(t, Record{Code: CodePermissionDenied, Class: m.Class, Outcome: m.Outcome}.Move(), m.Move)
			require.EqualValues(t, 1, m.Count)
		}
		require.ElementsMatch(t, []Code{CodeValidationFailed, ""}, []Code{stats.Causes[2].Code, stats.Causes[3].Code})
	})
}

// Who has to act on a cause is what `sluice explain` says of its code, and for every combination of code, class
// and outcome what the record itself says.
func TestStats_SaysWhoHasToActAsExplainDoes(t *testing.T) {
	for _, code := range append(constants(t, "Code"), "GENESYS_API_302", "GENESYS_API_400", "GENESYS_API_422", "GENESYS_API_500", "NEW") {
		e, known := Explain(Code(code))
		for _, class := range constants(t, "Class") {
			for _, outcome := range append(constants(t, "Outcome"), "") {
				r := Record{Code: Code(code), Class: Class(class), Outcome: Outcome(outcome)}
				tt := tally{hashes: newHashes(), causes: make(map[causeKey]*tallied), keysLeft: keysInAll}
				tt.add(&letter{facts: recordFacts(r), glance: glance{outcome: r.Outcome}, parsed: &Entry{Record: r}})
				moves := tt.sorted()[0].Moves
				require.Len(t, moves, 1)
				require.Equal(t, r.Move(), moves[0].Move)
				if known && e.class == r.Class && r.Outcome != OutcomeUnknown {
					require.Equal(t, e.Move, moves[0].Move)
				}
			}
		}
	}
}

// A recreated topic gives the same ids to other messages: their payloads tell them apart.
func TestStats_CountsEqualIDsWithOtherPayloads(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		anew := failed(1, CodeActionFailed, 5)
		anew.Payload = []byte(`{"another":"message"}`)
		s.put(t, 0, failed(1, CodeActionFailed, 0), anew, failed(1, CodeActionFailed, 1))
		l, err := s.List(t.Context(), Filter{})
		require.NoError(t, err)
		require.Len(t, l.Entries, 2)
		require.EqualValues(t, 2, l.Scanned.Matched)
		require.EqualValues(t, 1, l.Scanned.Repeats)
		e, err := s.Get(t.Context(), "payloads/3/1")
		require.NoError(t, err)
		require.Equal(t, anew.Payload, e.Payload, "the newest of both")
	})
}

func TestFilter_SkipLeavesOutWhatIsDealtWith(t *testing.T) {
	onShelf(t, func(t *testing.T, s *shelf) {
		done := failed(1, CodeActionFailed, 0)
		s.put(t, 0, done, failed(2, CodeActionFailed, 1))
		var asked []string
		f := Filter{Skip: func(id, sha256 string) bool {
			asked = append(asked, id)
			return id == done.Source.ID() && sha256 == hash(done.Payload)
		}}
		l, err := s.List(t.Context(), f)
		require.NoError(t, err)
		require.Len(t, l.Entries, 1)
		require.Equal(t, "payloads/3/2", l.Entries[0].Source.ID())
		require.Equal(t, []string{"payloads/3/1", "payloads/3/2"}, asked)
		stats, err := s.Stats(t.Context(), f)
		require.NoError(t, err)
		require.EqualValues(t, 1, stats.Scanned.Matched)
	})
}

func TestTally_IsBounded(t *testing.T) {
	tt := tally{hashes: newHashes(), causes: make(map[causeKey]*tallied), keysLeft: keysInAll}
	for i := range mostCauses + 5 {
		tt.add(&letter{facts: facts{fingerprint: fmt.Sprint(i), class: ClassPermanent, failedAt: time.Unix(1, 0)}, repeat: true})
	}
	require.Len(t, tt.causes, mostCauses)
	require.EqualValues(t, 5, tt.others)
	for i := range MostKeys + 1 {
		tt.add(&letter{facts: facts{fingerprint: "1"}, key: fmt.Append(nil, i)})
		tt.add(&letter{facts: facts{fingerprint: "2"}, key: fmt.Append(nil, i%MostKeys)})
	}
	require.Equal(t, MostKeys, tt.causes[causeKey{fingerprint: "1"}].keys.n)
	require.True(t, tt.causes[causeKey{fingerprint: "1"}].MoreKeys)
	require.Equal(t, MostKeys, tt.causes[causeKey{fingerprint: "2"}].keys.n)
	require.False(t, tt.causes[causeKey{fingerprint: "2"}].MoreKeys, "there are exactly so many")

	tt.keysLeft = 1
	tt.add(&letter{facts: facts{fingerprint: "3"}, key: []byte("a")})
	tt.add(&letter{facts: facts{fingerprint: "3"}, key: []byte("b")})
	require.Equal(t, 1, tt.causes[causeKey{fingerprint: "3"}].keys.n)
	require.True(t, tt.causes[causeKey{fingerprint: "3"}].MoreKeys)
	tt.add(&letter{facts: facts{fingerprint: "4"}, key: []byte("a")})
	require.True(t, tt.causes[causeKey{fingerprint: "4"}].MoreKeys, "the bound for all holds for those that come later too")
}

// hashSet agrees with a map, and holds no more than it may.
func TestHashSet_AgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := hashSet{most: rapid.IntRange(0, 40).Draw(t, "most")}
		model := make(map[uint64]bool)
		for _, h := range rapid.SliceOf(rapid.Uint64Range(1, 60)).Draw(t, "hashes") {
			require.Equal(t, !model[h], s.add(h))
			if len(model) < s.most {
				model[h] = true
			}
			require.Equal(t, len(model), s.n)
			require.Equal(t, len(model) == s.most, s.full())
		}
		require.LessOrEqual(t, len(s.slots), max(8, 3*s.most))
	})
}

func TestWhat_TellsTheCauseAndNoValues(t *testing.T) {
	details := func(raw string) Record { return Record{Details: json.RawMessage(raw)} }
	at := func(paths ...string) Record {
		var r Record
		for _, p := range paths {
			r.Violations = append(r.Violations, Violation{Path: p, Keyword: "type", Message: "value 4711"})
		}
		return r
	}
	for want, r := range map[string]Record{
		"/tags/* type":                         at("/tags/0", "/tags/7"),
		"payload: type":                        at(""),
		"/a type, /b type, /c type and 2 more": at("/a", "/b", "/c", "/d", "/e"),
		"HTTP 422 Unprocessable Entity, bad.request": details(
			`{"operation":"invoke","kind":"refused","last_status":422,"api_code":"bad.request","api_message":"no queue 4711"}`),
		"HTTP 500 Internal Server Error, ACTION.REMOTE_ENDPOINT": details(`{"last_status":500,"api_code":"x","action_code":"ACTION.REMOTE_ENDPOINT"}`),
		"HTTP 599":       details(`{"last_status":599}`),
		"invoke timeout": details(`{"operation":"invoke","kind":"timeout"}`),
		"":               details(`{"raw":"4711"}`),
	} {
		require.Equal(t, want, r.What())
	}
	require.Less(t, len(at("/"+string(slices.Repeat([]byte("ü"), 500))).What()), 2*longWord)
	require.Empty(t, details(`nonsense`).What())
	require.Empty(t, Record{}.What())
}
