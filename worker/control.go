package worker

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/genesys"
)

// ErrNotHeld is returned by [Worker.DeadLetterHeld] for a message that the worker does not hold.
var ErrNotHeld = errors.New("no message with this id is held or retried by this worker")

// Halt says why and since when nothing is sent. Fetching and validation go on.
type Halt struct {
	Why   string    `json:"why"`
	Since time.Time `json:"since"`
}

// Pause stops sending until Resume. Requests at the API finish. It is safe for concurrent use.
func (w *Worker) Pause() { w.control(func(*engine) { w.halt("paused by hand") }) }

// Resume ends a pause, one by hand as well as the refusal brake's. It is safe for concurrent use.
func (w *Worker) Resume() {
	w.control(func(*engine) {
		if w.halted != nil {
			w.log.Info("sending resumes", zap.String("was", w.halted.Why))
		}
		w.halted, w.refusals = nil, 0
	})
}

// DeadLetterHeld ends a held or retried message now, as if it had been given up. One that is at the API ends
// when its answer comes, unless that is a success. The error is ErrNotHeld. It is safe for concurrent use.
func (w *Worker) DeadLetterHeld(id string) error {
	err := ErrNotHeld
	w.control(func(e *engine) {
		if e == nil {
			return
		}
		for el := e.troubled.Front(); el != nil; el = el.Next() {
			if m := troubledMessage(el); m.id() == id && m.state < stateEnding {
				err = nil
				m.byHand = true
				e.expire(m)
				return
			}
		}
	})
	return err
}

// control changes the worker's state and lets the engine, if there is one, act on it.
func (w *Worker) control(change func(*engine)) {
	w.mu.Lock()
	e := w.engine
	change(e)
	if e != nil {
		e.unlock()
	} else {
		w.mu.Unlock()
	}
}

// halt stops sending; the lock is held.
func (w *Worker) halt(why string) {
	if w.halted != nil {
		return
	}
	w.halted = &Halt{Why: why, Since: time.Now()}
	w.log.Warn("nothing is sent until 'sluice resume'", zap.String("because", why))
}

// refused counts an answer that refused a message, and brakes when there were too many in a row: that is what
// a wrong mapping or a changed contract looks like, and every further message would be dead-lettered for it.
func (w *Worker) refused(kind genesys.Kind) {
	if kind != genesys.KindRefused && kind != genesys.KindActionFailed {
		return
	}
	w.refusals++
	if w.cfg.Refusals > 0 && w.refusals >= w.cfg.Refusals {
		w.halt(fmt.Sprintf("the API refused %d messages in a row: look at the latest dead letters; a mapping or the action's contract may be wrong (worker.refusals: 0 turns this brake off)", w.refusals))
	}
}
