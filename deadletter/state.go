package deadletter

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// StateVersion is the version of the state log's entries that this package writes. Readers accept every
// version up to it, and refuse to go on past a newer one: a claim that they cannot read may be in it.
const StateVersion = 1

// StateTopic returns the name of the state log of a dead-letter topic.
func StateTopic(deadLetterTopic string) string { return deadLetterTopic + ".state" }

// StateKind says what happened to a dead letter, or to a replay as a whole.
type StateKind string

// What happens to a dead letter. StateNone is that of one that nothing has happened to: it is open.
const (
	StateNone        StateKind = ""
	StateClaimed     StateKind = "claimed"      // a replay is about to send it, and nobody else may
	StateReplayed    StateKind = "replayed"     // its message stands on the source topic again
	StateSucceeded   StateKind = "succeeded"    // the worker says: the replayed message was delivered
	StateFailedAgain StateKind = "failed_again" // the worker says: the replayed message has a new dead letter
	StateResolved    StateKind = "resolved"     // a person says: nothing more is to be done
	StateReopened    StateKind = "reopened"     // a person says: there is, after all
)

// What happens to a replay.
const (
	replayStarted StateKind = "replay_started" // all is claimed; sending begins, from these ends of the partitions on
	replayRenewed StateKind = "replay_renewed" // its claims last longer
	replayResumed StateKind = "replay_resumed" // another run of it goes on from here, and every earlier one must stop
	replayEnded   StateKind = "replay_ended"   // its claims are given back
)

// StateEntry is one entry of the state log. Which fields it has depends on its kind.
type StateEntry struct {
	Version int       `json:"state_version"`
	Kind    StateKind `json:"kind"`
	At      time.Time `json:"at"`
	// ID and PayloadSHA256 name the dead letter: both, since a topic that was created anew has other messages
	// at the same places. The hash is empty for a tombstone; and in what a worker writes, which names the
	// letter by ID and Replay.
	ID            string `json:"id,omitempty"`
	PayloadSHA256 string `json:"payload_sha256,omitempty"`
	// Replay is the replay's id, and Run the process that carries it out.
	Replay string `json:"replay_id,omitempty"`
	Run    string `json:"run,omitempty"`
	By     string `json:"by,omitempty"`
	// Until ends a claim, and with a renewal all claims of a replay.
	Until time.Time `json:"until,omitzero"`
	// Seen is how far, as an offset, a claimant had read the log when it chose the dead letter. Its claim does not count
	// where something has happened to the letter from there on: others have sent it meanwhile, or resolved it. If
	// missing, that is not looked at.
	Seen *int64 `json:"seen,omitempty"`
	// NewID is the id of the new dead letter of a message that failed again.
	NewID string `json:"new_id,omitempty"`
	Note  string `json:"note,omitempty"`

	Started *startedReplay `json:"started,omitempty"`
	Ended   *endedReplay   `json:"ended,omitempty"`
}

// startedReplay is what a later run of a replay has to know.
type startedReplay struct {
	Topic string   `json:"topic"` // that is written to
	Ends  []int64  `json:"ends"`  // of its partitions, before the first write
	Count int      `json:"count"` // of dead letters
	Edits []string `json:"edits,omitempty"`
	Group string   `json:"for_group,omitempty"` // that all of them are for; empty: each for that which wrote it
	Force bool     `json:"force,omitempty"`     // whether what fails validation is sent too
}

// endedReplay says how a run ended.
type endedReplay struct {
	// Clean says that everything that was sent is also noted. Where it is not, the topic has to be read.
	Clean bool   `json:"clean"`
	Why   string `json:"why,omitempty"`
}

// maxNote bounds a note, in bytes.
const maxNote = 1000

// key returns the entry's key on the topic. Compaction keeps the last entry of each key. So what must not be
// lost has a key of its own: every claim, since the first one that counts decides; every replay of a letter,
// which are counted; every renewal, on which it depends which claims counted.
func (e StateEntry) key() string {
	if e.ofReplay() {
		return strings.Join([]string{"replay", e.Replay, string(e.Kind), e.Run, strconv.FormatInt(e.At.UnixMilli(), 36)}, "|")
	}
	return strings.Join([]string{"letter", e.ID, e.PayloadSHA256, string(e.Kind), e.Replay, e.Run}, "|")
}

// ofReplay reports whether the entry is about a replay as a whole.
func (e StateEntry) ofReplay() bool {
	switch e.Kind {
	case replayStarted, replayRenewed, replayResumed, replayEnded:
		return true
	case StateNone, StateClaimed, StateReplayed, StateSucceeded, StateFailedAgain, StateResolved, StateReopened:
	}
	return false
}

// isEnd reports whether the entry says how a message ended that a replay had sent, as the worker does.
func (e StateEntry) isEnd() bool { return e.Kind == StateSucceeded || e.Kind == StateFailedAgain }

// bytes returns the entry as it stands on the topic.
func (e StateEntry) bytes() (key, value []byte) {
	e.Version = StateVersion
	e.At, e.Until = instant(e.At), instant(e.Until)
	if len(e.Note) > maxNote {
		e.Note = string(textBeginning([]byte(strings.ToValidUTF8(e.Note, "\ufffd")), maxNote))
	}
	value, err := marshal(e)
	if err != nil {
		panic(fmt.Sprintf("deadletter: encode a state entry: %v", err)) // its fields are text, numbers and times that encode
	}
	return []byte(e.key()), value
}

// decodeState reads an entry. ok is false for what is none; the error is a [*StateVersionError].
func decodeState(value []byte) (e StateEntry, ok bool, err error) {
	if json.Unmarshal(value, &e) != nil {
		var head struct {
			Version int `json:"state_version"`
		}
		if json.Unmarshal(value, &head) == nil && head.Version > StateVersion {
			return StateEntry{}, false, &StateVersionError{Version: head.Version}
		}
		return StateEntry{}, false, nil
	}
	switch {
	case e.Version > StateVersion:
		return StateEntry{}, false, &StateVersionError{Version: e.Version}
	case e.Version < 1, e.ofReplay() && e.Replay == "", !e.ofReplay() && e.ID == "":
		return StateEntry{}, false, nil
	}
	return e, true, nil
}

// StateVersionError is returned for a state log in which a newer version of sluice has written.
type StateVersionError struct {
	Version int // the entry's
}

// Error says which versions are read and what to do.
func (e *StateVersionError) Error() string {
	return fmt.Sprintf("the state log has an entry of state_version %d, this sluice reads 1 to %d: use a newer sluice", e.Version, StateVersion)
}
