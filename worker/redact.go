package worker

import (
	"errors"

	"github.com/sluice-kafka/sluice/genesys"
)

// errRedactedInput stands for what is wrong with a property that must not be told of.
var errRedactedInput = errors.New("a redacted field does not fit the action's input")

// redacted returns a failed attempt without the free text that may quote the message, where dead letters are
// redacted: the API's own words and its answer's body. Kind, status, codes and request id stay. It is done before
// anything is made of the attempt, so that no dead letter, log or view can have it.
func (w *Worker) redacted(e *genesys.Error) *genesys.Error {
	if e == nil || w.cfg.Redact == nil {
		return e
	}
	bare := *e
	bare.Message, bare.Body = "", nil
	if e.Kind == genesys.KindInput && w.cfg.Redact.Covers(e.Pointer) {
		bare.Err = errRedactedInput
	}
	return &bare
}
