package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/schema"
)

// This file is one message's way, and the only one that knows the order of its steps:
//
//	validate ── invalid ──────────────┐
//	   │                              │
//	attempt ─── refused, given up ────┤
//	   │ accepted                     │
//	writeResult                writeDeadLetter
//	   │                              │
//	   └── durable ──► finish ◄───────┘ durable
//
// Where no results are written, what is accepted is finished.
// Each step takes a message and returns a value; what follows from it is decided in settle.go.

// Validator checks a payload and returns it as it is to be sent. An error that is a *schema.Error means the
// payload is invalid. Safe for concurrent use.
type Validator interface {
	Validate(raw []byte) (payload []byte, err error)
}

// Attempter makes one attempt at the API. Its errors are *genesys.Error. Safe for concurrent use.
type Attempter interface {
	// Attempt sends one request and waits for its answer, within a time-out of its own.
	Attempt(ctx context.Context, r genesys.Request) (genesys.Result, error)
	// Reserve returns zero and takes a turn when a request may be sent now, else how long to wait before
	// asking again, and whether that is because the API asked for a pause. It must not block.
	Reserve() (wait time.Duration, paused bool)
}

// DeadLetterWriter makes a record durable. It retries for ever what is not the record's own fault, and
// returns an error only when ctx has ended. Safe for concurrent use.
type DeadLetterWriter interface {
	Write(ctx context.Context, r deadletter.Record) error
}

// Result is what the API answered to a message that it accepted.
type Result struct {
	Data      json.RawMessage // as genesys.Result has it; empty where the answer has no body
	RequestID string
	Source    deadletter.Source
	At        time.Time // when the answer came
}

// ResultWriter makes a result durable. It retries for ever what is not the result's own fault, and returns
// an error only when ctx has ended. Safe for concurrent use.
type ResultWriter interface {
	Write(ctx context.Context, r Result) error
}

// validation is the result of the first step.
type validation struct {
	payload []byte
	failure *failure
	skip    SkipReason // why it is to be passed over; empty: it is not
}

func (w *Worker) validate(m *message) (r validation) {
	defer w.caught(m, func() { r = validation{failure: internalFailure()} })
	if m.value == nil && w.cfg.Tombstones == TombstonesSkip {
		return validation{skip: SkipTombstone}
	}
	if w.foreign(m) {
		return validation{skip: SkipOtherGroup}
	}
	payload, err := w.validator.Validate(m.value)
	var invalid *schema.Error
	switch {
	case err == nil:
		return validation{payload: payload}
	case errors.As(err, &invalid):
		return validation{failure: invalidPayload(violations(invalid), invalid.Count)}
	default:
		w.log.Error("the validator failed", zap.String("id", m.id()), zap.Error(err))
		return validation{failure: internalFailure()}
	}
}

// attempt is the result of the second step.
type attempt struct {
	result   genesys.Result
	err      *genesys.Error // nil: accepted
	started  time.Time
	took     time.Duration
	panicked bool
}

func (w *Worker) attempt(ctx context.Context, m *message) (r attempt) {
	defer w.caught(m, func() { r.panicked = true })
	r.started = time.Now()
	result, err := w.attempter.Attempt(ctx, m.request())
	r.took = time.Since(r.started)
	r.result = result
	if err != nil && !errors.As(err, &r.err) {
		panic(fmt.Sprintf("genesys returned a %T", err))
	}
	r.err = w.redacted(r.err)
	return r
}

func (r attempt) status() int {
	if r.err != nil {
		return r.err.Status
	}
	return r.result.Status
}

func (r attempt) kind() string {
	if r.err != nil {
		return r.err.Kind.String()
	}
	return ""
}

// record describes a failed attempt for the dead letter.
func (r attempt) record() deadletter.Attempt {
	return deadletter.Attempt{At: r.started.UTC(), Status: r.err.Status, RequestID: r.err.RequestID, Error: r.err.Error()}
}

// store is the result of writing a result.
type store struct {
	err      error // we are leaving; not durable
	panicked bool
}

func (w *Worker) writeResult(ctx context.Context, m *message) (r store) {
	defer w.caught(m, func() { r.panicked = true })
	return store{err: w.cfg.Results.Write(ctx, *m.result)}
}

// write is the result of writing a dead letter.
type write struct {
	err         error // we are leaving; not durable
	code        deadletter.Code
	class       deadletter.Class
	fingerprint string
	requestID   string
	fields      []zap.Field
	panicked    bool
	again       bool // after a panic: whether to try with a plainer record
}

func (w *Worker) writeDeadLetter(ctx context.Context, m *message) (r write) {
	defer w.caught(m, func() {
		// The record of the fault itself is plain; if even that one fails, the message stays unmarked
		// rather than lost, and its partition's lag shows it.
		r = write{panicked: true, again: m.failure.verdict.code != deadletter.CodeInternalError, err: errPanicked}
	})
	rec := w.record(m, time.Now())
	if err := w.deadLetters.Write(ctx, rec); err != nil {
		return write{err: err}
	}
	return write{
		code: rec.Code, class: rec.Class, fingerprint: rec.Fingerprint(), requestID: rec.RequestID,
		fields: []zap.Field{
			zap.String("id", rec.Source.ID()), zap.String("code", string(rec.Code)), zap.String("fingerprint", rec.Fingerprint()),
			zap.String("request_id", rec.RequestID), zap.Int("attempts", rec.AttemptCount),
		},
	}
}

var errPanicked = errors.New("panicked")

// caught turns a panic of a step into a result, so that one message cannot take the process down.
func (w *Worker) caught(m *message, result func()) {
	if p := recover(); p != nil {
		// The panic's value may quote the payload; its type and the stack do not.
		w.log.Error("a step panicked", zap.String("id", m.id()), zap.String("panic", fmt.Sprintf("%T", p)), zap.ByteString("stack", debug.Stack()))
		result()
	}
}
