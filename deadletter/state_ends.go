package deadletter

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// ReplayEnd says how a replayed message ended.
type ReplayEnd struct {
	Replay string // the replay's id
	Of     string // the id of the dead letter that was replayed
	NewID  string // of the message's new dead letter; empty: it was delivered
}

const (
	// maxEnds is how many ends wait to be written; those that come when there are so many are not noted.
	maxEnds = 10_000
	// endsLinger is how long closing waits for the last of them.
	endsLinger = 3 * time.Second
)

// EndLog notes in the state log how replayed messages end. It is the worker's side of the log: as good as it
// gets, and in nobody's way. What it cannot write is not noted, and its dead letter stays "replayed". It is safe
// for concurrent use. Idle, it has no goroutine.
type EndLog struct {
	log    *StateLog
	logger *zap.Logger

	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	queue  []StateEntry
	busy   bool
	closed bool
	runs   sync.WaitGroup
	lost   int
}

// NewEndLog returns an EndLog that writes to a state log. logger may be nil.
func NewEndLog(log *StateLog, logger *zap.Logger) *EndLog {
	if logger == nil {
		logger = zap.NewNop()
	}
	e := &EndLog{log: log, logger: logger}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e
}

// Ended notes an end. It never blocks.
func (e *EndLog) Ended(end ReplayEnd) {
	entry := StateEntry{Kind: StateSucceeded, At: time.Now(), ID: end.Of, Replay: end.Replay}
	if end.NewID != "" {
		entry.Kind, entry.NewID = StateFailedAgain, end.NewID
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || len(e.queue) >= maxEnds {
		e.lost++
		return
	}
	e.queue = append(e.queue, entry)
	if !e.busy {
		e.busy = true
		e.runs.Go(e.run)
	}
}

// run writes until nothing waits.
func (e *EndLog) run() {
	for {
		e.mu.Lock()
		batch := e.queue
		e.queue = nil
		lost := e.lost
		e.lost = 0
		e.busy = len(batch) > 0
		e.mu.Unlock()
		if lost > 0 {
			e.tell(lost, nil)
		}
		if len(batch) == 0 {
			return
		}
		if err := e.log.append(e.ctx, batch...); err != nil {
			e.tell(len(batch), err)
		}
	}
}

func (e *EndLog) tell(lost int, err error) {
	e.logger.Warn("the ends of replayed messages could not be noted: they show as replayed, their end not known",
		zap.Int("messages", lost), zap.String("topic", e.log.topic), zap.Error(err))
}

// Close notes what waits, for three seconds at most, and refuses what comes later.
func (e *EndLog) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	stop := time.AfterFunc(endsLinger, e.cancel)
	e.runs.Wait()
	stop.Stop()
	e.cancel()
}
