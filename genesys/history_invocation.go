package genesys

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Invocation is one entity of the history. What the API tells beyond the fields here is in Raw: nobody has
// published what an entity holds, so the fields are read from the names that APIs of this kind use, and are
// zero where there is none of them.
type Invocation struct {
	ID      string
	Status  string // in the API's own words
	Started time.Time
	Ended   time.Time
	Raw     json.RawMessage // the entity as it came
}

// State says whether an invocation has ended, and how.
type State int

const (
	// StateRunning is that of an invocation that has not ended, as far as can be told.
	StateRunning State = iota
	// StateSucceeded is that of one that has ended, and not as a failure.
	StateSucceeded
	// StateFailed is that of one that has failed, or was ended before it was done.
	StateFailed
)

// String returns the state in a word.
func (s State) String() string {
	switch s {
	case StateRunning:
		return "running"
	case StateSucceeded:
		return "succeeded"
	case StateFailed:
		return "failed"
	default:
		return "unknown"
	}
}

// endings are the statuses of invocations that have ended, in lower case with letters only.
var endings = map[string]State{
	"completed": StateSucceeded, "complete": StateSucceeded, "succeeded": StateSucceeded, "success": StateSucceeded,
	"successful": StateSucceeded, "done": StateSucceeded, "finished": StateSucceeded, "ok": StateSucceeded,
	"failed": StateFailed, "failure": StateFailed, "error": StateFailed, "errored": StateFailed,
	"cancelled": StateFailed, "canceled": StateFailed, "aborted": StateFailed, "terminated": StateFailed,
	"timeout": StateFailed, "timedout": StateFailed, "expired": StateFailed, "rejected": StateFailed,
}

// State tells by the status, or where that says nothing, by whether there is an end.
func (i Invocation) State() State {
	letters := strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(i.Status))
	switch state, known := endings[letters]; {
	case known:
		return state
	case !i.Ended.IsZero():
		return StateSucceeded
	}
	return StateRunning
}

// newInvocation reads an entity; one that is no object has Raw alone.
func newInvocation(raw json.RawMessage) Invocation {
	i := Invocation{Raw: raw}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return i
	}
	i.ID = scalar(fields, "invocationId", "id")
	i.Status = scalar(fields, "status", "state")
	i.Started = moment(fields, "startTime", "startedAt", "startDate", "dateStarted", "dateCreated", "createdAt", "createdDate")
	i.Ended = moment(fields, "endTime", "endedAt", "endDate", "dateEnded", "dateCompleted", "completedAt", "completedDate")
	return i
}

// scalar returns the first of these properties that is a string or a number, as text.
func scalar(fields map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		var text string
		var number json.Number
		switch raw := fields[name]; {
		case json.Unmarshal(raw, &text) == nil && text != "":
			return text
		case json.Unmarshal(raw, &number) == nil && number != "":
			return number.String()
		}
	}
	return ""
}

// moment returns the first of these properties that is a time: RFC 3339, the same with a zone without colon,
// or a number of milliseconds since 1970, as Genesys' APIs send them.
func moment(fields map[string]json.RawMessage, names ...string) time.Time {
	for _, name := range names {
		text := scalar(fields, name)
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
			if at, err := time.Parse(layout, text); err == nil {
				return at.UTC()
			}
		}
		if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 {
			return time.UnixMilli(ms).UTC()
		}
	}
	return time.Time{}
}
