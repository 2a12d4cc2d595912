package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
)

// A message that ends with an answer gets the same from the worker and from Outcome.
func TestOutcome_IsThatOfTheDeadLetter(t *testing.T) {
	for _, kind := range genesys.Kinds() {
		for _, op := range []genesys.Op{genesys.OpInvoke, genesys.OpToken} {
			e := &genesys.Error{
				Kind: kind, Op: op, Status: 418, Code: "teapot", ActionCode: "ACTION.X", Pointer: "/a", RequestID: "req-1",
				Message: "short and stout", Body: []byte(`{"a":1}`),
			}
			m := &message{part: &partition{topic: "t"}, failure: &failure{verdict: judgeAnswer(e, UnknownRetry), err: e}}
			written := (&Worker{}).record(m, time.Time{})
			got := Outcome(e)
			require.Equal(t, e.Error(), got.Message)
			// The worker says in its message how often it tried, and tells of a source.
			written.Message, written.Source, written.FailedAt = got.Message, deadletter.Source{}, time.Time{}
			require.Equal(t, written, got, "%v of %v", kind, op)
			require.Equal(t, written.Fingerprint(), got.Fingerprint())
		}
	}
}
