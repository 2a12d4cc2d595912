package genesys_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// runs makes every invocation run for a while, and fail where failed says so.
func runs(takes time.Duration, failed bool) genesystest.Options {
	return genesystest.Options{Run: func([]byte) genesystest.Run { return genesystest.Run{Takes: takes, Failed: failed} }}
}

func TestAwait_LooksUntilItHasEnded(t *testing.T) {
	for name, failed := range map[string]bool{"well": false, "as a failure": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, runs(90*time.Second, failed))
				id := invokeN(t, n.client, 3)[1]
				start, seen := time.Now(), 0
				got, err := n.client.Await(t.Context(), id, genesys.HistoryQuery{PageSize: 1}, func(i genesys.Invocation) {
					assert.Equal(t, id, i.ID)
					seen++
				})
				require.NoError(t, err)
				assert.Equal(t, failed, got.State() == genesys.StateFailed)
				assert.NotEqual(t, genesys.StateRunning, got.State())
				took := time.Since(start)
				assert.GreaterOrEqual(t, took, 88*time.Second)
				assert.LessOrEqual(t, took, 88*time.Second+10*time.Second)
				assert.Greater(t, seen, 10)
				assert.Less(t, seen, 20)
			})
		})
	}
}

func TestAwait_EndsThatOfOneThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{})
		invokeN(t, n.client, 1)
		start := time.Now()
		got, err := n.client.Await(t.Context(), "absent", genesys.HistoryQuery{}, nil)
		require.ErrorIs(t, err, genesys.ErrNoInvocation)
		assert.Nil(t, got.Raw)
		assert.Less(t, time.Since(start), 5*time.Second)
	})
}

func TestAwait_FindsWhatIsListedALittleLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, pages(`{"entities":[]}`, `{"entities":[{"id":"late","status":"DONE"}]}`))
		got, err := n.client.Await(t.Context(), "late", genesys.HistoryQuery{}, nil)
		require.NoError(t, err)
		assert.Equal(t, "DONE", got.Status)
	})
}

func TestAwait_OutlastsWhatPassesAndNothingElse(t *testing.T) {
	for name, tt := range map[string]struct {
		answer genesystest.Answer
		passes bool
	}{
		"503":      {genesystest.Answer{Status: 503}, true},
		"429":      {genesystest.Answer{Status: 429}, true},
		"reset":    {genesystest.Answer{Reset: true}, true},
		"time-out": {genesystest.Answer{Hang: true}, true},
		"400":      {genesystest.Answer{Status: 400}, false},
		"403":      {genesystest.Answer{Status: 403}, false},
		"404":      {genesystest.Answer{Status: 404}, false},
		"HTML":     {genesystest.Answer{Status: 200, Body: []byte("<p>"), ContentType: "text/html"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, genesystest.Options{Behaviour: genesystest.Script(genesystest.PathHistory, tt.answer, tt.answer)})
				id := invokeN(t, n.client, 1)[0]
				got, err := n.client.Await(t.Context(), id, genesys.HistoryQuery{}, nil)
				if tt.passes {
					require.NoError(t, err)
					assert.Equal(t, id, got.ID)
					return
				}
				_, ok := errors.AsType[*genesys.Error](err)
				assert.True(t, ok, err)
				assert.Equal(t, 1, requests(n, genesystest.PathHistory))
			})
		})
	}
}

func TestAwait_EndsWithItsCaller(t *testing.T) {
	late := errors.New("late")
	for name, tt := range map[string]struct {
		fault *genesystest.Fault
		text  string
	}{
		"while it runs":           {nil, "late"},
		"while the API fails":     {&genesystest.Fault{Status: 503}, "late; the last look: page 1: "},
		"while the API is silent": {&genesystest.Fault{Hang: true}, "late"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, runs(time.Hour, false))
				id := invokeN(t, n.client, 1)[0]
				ctx, cancel := context.WithTimeoutCause(t.Context(), 40*time.Second, late)
				defer cancel()
				start := time.Now()
				got, err := n.client.Await(ctx, id, genesys.HistoryQuery{}, func(genesys.Invocation) {
					if tt.fault != nil {
						n.api.SetFault(*tt.fault)
					}
				})
				require.ErrorIs(t, err, late)
				assert.Contains(t, err.Error(), tt.text)
				assert.Equal(t, 40*time.Second, time.Since(start))
				assert.Equal(t, id, got.ID, "as it was seen last")
			})
		})
	}
}
