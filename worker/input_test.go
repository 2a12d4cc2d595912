package worker

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
)

// TestOutcome_OfAPayloadThatCannotBeMapped holds what its dead letter says: whose fault, that nothing was sent, and
// which field.
func TestOutcome_OfAPayloadThatCannotBeMapped(t *testing.T) {
	e := &genesys.Error{Kind: genesys.KindInput, Op: genesys.OpInvoke, Pointer: "/a_b", Err: errors.New("becomes another's property")}
	r := Outcome(e)
	require.Equal(t, deadletter.CodeValidationFailed, r.Code)
	require.Equal(t, deadletter.ClassContract, r.Class)
	require.Equal(t, deadletter.OutcomeNotSent, r.Outcome)
	require.Equal(t, []deadletter.Violation{{Path: "/a_b", Keyword: "input", Message: "becomes another's property"}}, r.Violations)
	require.Equal(t, 1, r.ViolationCount)
}
