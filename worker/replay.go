package worker

import (
	"strconv"

	"github.com/sluice-kafka/sluice/deadletter"
)

// ReplayLog is told how replayed messages have ended, once that is durable. It must not block: the engine's lock is
// held. What it does not manage to note changes nothing for the message. Safe for concurrent use.
type ReplayLog interface {
	Ended(end deadletter.ReplayEnd)
}

// maxReplayCount bounds what a header may say: whoever can produce can write headers.
const maxReplayCount = 1_000_000

// replay is what the headers say of a message that replays a dead letter.
type replay struct {
	id, of, group string
	count         int
}

// replayed reads the headers of a message that a replay has put onto its topic again; ok is false for one that is
// none. Of a header that is there twice the last one counts. A message counts as replayed only where the dead letter
// that it names is one of this very topic: what mirrors a topic copies headers too, and those replays were for others.
func (m *message) replayed() (r replay, ok bool) {
	for _, h := range m.headers {
		switch h.Key {
		case deadletter.HeaderReplayID:
			r.id = string(h.Value)
		case deadletter.HeaderReplayOf:
			r.of = string(h.Value)
		case deadletter.HeaderReplayGroup:
			r.group = string(h.Value)
		case deadletter.HeaderReplays:
			r.count, _ = strconv.Atoi(string(h.Value)) // what is no number is none
		}
	}
	if r.id == "" {
		return replay{}, false
	}
	topic, _, _, err := deadletter.ParseID(r.of)
	if err != nil || topic != m.part.topic {
		return replay{}, false
	}
	r.count = min(max(r.count, 1), maxReplayCount)
	return r, true
}

// foreign reports whether a message replays a dead letter of another group, which is not ours to send again.
func (w *Worker) foreign(m *message) bool {
	r, ok := m.replayed()
	return ok && r.group != "" && r.group != w.cfg.Group
}

// record returns the replay as a dead letter has it.
func (r replay) record() *deadletter.Replay {
	return &deadletter.Replay{ID: r.id, Count: r.count, Of: r.of}
}

// replayEnded tells of the end of a message that replays another. newID is its dead letter's; empty: delivered.
func (e *engine) replayEnded(m *message, newID string) {
	if e.w.cfg.Replays == nil {
		return
	}
	if r, ok := m.replayed(); ok {
		e.w.cfg.Replays.Ended(deadletter.ReplayEnd{Replay: r.id, Of: r.of, NewID: newID})
	}
}
