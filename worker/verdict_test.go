package worker

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
)

// rows is the table of docs/architecture.md, one row a kind: a kind without a row fails the test.
var rows = map[genesys.Kind]struct {
	invoke, token verdict
}{
	genesys.KindCanceled:     {verdict{action: actAbandon}, verdict{action: actAbandon}},
	genesys.KindInput:        {invoke: verdict{actDeadLetter, "VALIDATION_FAILED", "contract", "not_sent", effectNone}},
	genesys.KindTooLarge:     {invoke: verdict{actDeadLetter, "PAYLOAD_TOO_LARGE", "contract", "not_sent", effectNone}},
	genesys.KindActionFailed: {invoke: verdict{actDeadLetter, "ACTION_FAILED", "permanent", "executed", effectSuccess}},
	genesys.KindUnreadable:   {invoke: verdict{actRetry, "NETWORK_ERROR", "unknown", "unknown", effectSuccess}},
	genesys.KindProcessing:   {invoke: verdict{actDeadLetter, "GENESYS_API_418", "permanent", "rejected", effectSuccess}},
	genesys.KindRemote:       {invoke: verdict{actRetry, "GENESYS_API_418", "transient", "answered", effectFailure}},
	genesys.KindUnauthorized: {
		verdict{actWait, "GENESYS_API_418", "transient", "not_sent", effectFailure},
		verdict{actWait, "TOKEN_FAILED", "transient", "not_sent", effectFailure},
	},
	genesys.KindForbidden: {
		verdict{actProvisional, "PERMISSION_DENIED", "permanent", "rejected", effectFailure},
		verdict{actProvisional, "TOKEN_FAILED", "transient", "not_sent", effectFailure},
	},
	genesys.KindNotFound: {
		verdict{actProvisional, "GENESYS_API_418", "permanent", "rejected", effectFailure},
		verdict{actProvisional, "TOKEN_FAILED", "transient", "not_sent", effectFailure},
	},
	genesys.KindRefused: {
		verdict{actDeadLetter, "GENESYS_API_418", "permanent", "rejected", effectSuccess},
		verdict{actWait, "TOKEN_FAILED", "transient", "not_sent", effectFailure},
	},
	genesys.KindRateLimited: {
		verdict{actPause, "GENESYS_API_418", "transient", "rejected", effectNone},
		verdict{actPause, "GENESYS_API_418", "transient", "rejected", effectNone},
	},
	genesys.KindServer: {
		verdict{actRetry, "MAX_RETRIES_EXCEEDED", "transient", "answered", effectFailure},
		verdict{actRetry, "TOKEN_FAILED", "transient", "not_sent", effectFailure},
	},
	genesys.KindGateway: {
		verdict{actRetry, "MAX_RETRIES_EXCEEDED", "unknown", "unknown", effectFailure},
		verdict{actRetry, "TOKEN_FAILED", "transient", "not_sent", effectFailure},
	},
	genesys.KindNotSent: {
		verdict{actRetry, "NETWORK_ERROR", "transient", "not_sent", effectFailure},
		verdict{actWait, "TOKEN_FAILED", "transient", "not_sent", effectFailure},
	},
	genesys.KindBroken: {
		verdict{actRetry, "NETWORK_ERROR", "unknown", "unknown", effectFailure},
		verdict{actRetry, "TOKEN_FAILED", "transient", "not_sent", effectFailure},
	},
}

func TestVerdict_EveryKind(t *testing.T) {
	for _, kind := range genesys.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			row, ok := rows[kind]
			require.True(t, ok, "no row for this kind")
			e := &genesys.Error{Kind: kind, Op: genesys.OpInvoke, Status: 418}
			require.Equal(t, row.invoke, judgeAnswer(e, UnknownRetry))

			e.Op = genesys.OpToken
			if row.token != (verdict{}) {
				require.Equal(t, row.token, judgeAnswer(e, UnknownRetry))
			}
			v := judgeAnswer(e, UnknownDeadLetter)
			require.NotEqual(t, deadletter.OutcomeUnknown, v.outcome, "a token request never leaves the outcome unknown")
			require.Equal(t, judgeAnswer(e, UnknownRetry), v)

			e.Op = genesys.OpInvoke
			if row.invoke.outcome == deadletter.OutcomeUnknown {
				require.Equal(t, actDeadLetter, judgeAnswer(e, UnknownDeadLetter).action)
			}
		})
	}
}

// A third party that was not heard of in time may have done what it was asked.
func TestVerdict_RemoteWithoutAnAnswer(t *testing.T) {
	for status := 400; status < 600; status++ {
		want := deadletter.OutcomeAnswered
		if status == 502 || status == 504 {
			want = deadletter.OutcomeUnknown
		}
		v := judgeAnswer(&genesys.Error{Kind: genesys.KindRemote, Op: genesys.OpInvoke, Status: status}, UnknownRetry)
		require.Equal(t, want, v.outcome, status)
		require.Equal(t, want == deadletter.OutcomeUnknown, v.class == deadletter.ClassUnknown, status)
		require.Equal(t, actRetry, v.action)
	}
}

func TestVerdict_UnknownKindIsOurFault(t *testing.T) {
	v := judgeAnswer(&genesys.Error{Kind: 99, Op: genesys.OpInvoke}, UnknownRetry)
	require.Equal(t, deadletter.CodeInternalError, v.code)
}
