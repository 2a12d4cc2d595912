package genesys_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
)

func TestInvocation_ReadsEntitiesOfManyShapes(t *testing.T) {
	nine := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		entity string
		want   genesys.Invocation
		state  genesys.State
	}{
		"ours": {
			`{"invocationId":"i","id":"x","status":"COMPLETED","startTime":"2026-11-23T09:00:00Z","endTime":"2026-11-23T10:00:00+01:00"}`,
			genesys.Invocation{ID: "i", Status: "COMPLETED", Started: nine, Ended: nine}, genesys.StateSucceeded,
		},
		"other names":      {`{"id":7,"state":"In_Progress","dateCreated":1795424400000}`, genesys.Invocation{ID: "7", Status: "In_Progress", Started: nine}, genesys.StateRunning},
		"a bare zone":      {`{"startedAt":"2026-11-23T10:00:00.000+0100"}`, genesys.Invocation{Started: nine}, genesys.StateRunning},
		"timed out":        {`{"status":"TIMED_OUT"}`, genesys.Invocation{Status: "TIMED_OUT"}, genesys.StateFailed},
		"canceled":         {`{"status":"Canceled"}`, genesys.Invocation{Status: "Canceled"}, genesys.StateFailed},
		"unknown, running": {`{"status":"BLUE"}`, genesys.Invocation{Status: "BLUE"}, genesys.StateRunning},
		"unknown, ended":   {`{"status":"BLUE","endedAt":"2026-11-23T09:00:00Z"}`, genesys.Invocation{Status: "BLUE", Ended: nine}, genesys.StateSucceeded},
		"of other types":   {`{"id":{},"status":[1],"startTime":true,"endTime":"soon"}`, genesys.Invocation{}, genesys.StateRunning},
		"null":             {`null`, genesys.Invocation{}, genesys.StateRunning},
		"no object":        {`"text"`, genesys.Invocation{}, genesys.StateRunning},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, pages(`{"entities":[`+tt.entity+`]}`))
				for got, err := range n.client.History(t.Context(), genesys.HistoryQuery{}) {
					require.NoError(t, err)
					assert.Equal(t, tt.entity, string(got.Raw))
					assert.Equal(t, tt.state.String(), got.State().String())
					got.Raw = nil
					assert.Equal(t, tt.want, got)
				}
			})
		})
	}
}
