package genesystest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// list asks for a page of the history.
func (f *fixture) list(query string) answer {
	f.t.Helper()
	a, err := f.do("GET", processes+query, "", "Authorization", "Bearer "+f.token)
	require.NoError(f.t, err)
	return a
}

// field returns a property of every entity of a page.
func (a answer) field(name string) []any {
	var all []any
	for _, e := range a.body["entities"].([]any) {
		all = append(all, e.(map[string]any)[name])
	}
	return all
}

func TestServer_ListsInvocations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{})
		var want []any // newest first
		for i := range 5 {
			a, err := f.invoke(processes, fmt.Sprint(i))
			require.NoError(t, err)
			want = append([]any{a.body["invocationId"]}, want...)
		}
		_, err := f.invoke(integrations, "not in the history")
		require.NoError(t, err)
		_, err = f.invoke("/api/v2/processes/data-actions/other/invocations", "not of this action")
		require.NoError(t, err)

		all := f.list("")
		assert.Equal(t, 200, all.status)
		assert.Equal(t, want, all.field("invocationId"))
		assert.NotContains(t, all.body, "nextPage")
		first := f.list("?pageSize=2")
		assert.Equal(t, want[:2], first.field("invocationId"))
		_, err = f.invoke(processes, "after the first page was read")
		require.NoError(t, err)
		second := f.list("?pageSize=2&nextPage=" + first.body["nextPage"].(string))
		assert.Equal(t, want[2:4], second.field("invocationId"), "what comes later shifts nothing")
		last := f.list("?pageSize=2&nextPage=" + second.body["nextPage"].(string))
		assert.Equal(t, want[4:], last.field("invocationId"))
		assert.NotContains(t, last.body, "nextPage")

		for _, query := range []string{"?pageSize=0", "?pageSize=501", "?pageSize=x", "?nextPage=", "?nextPage=-1", "?nextPage=x"} {
			assert.Equal(t, 400, f.list(query).status, query)
		}
		f.token = "wrong"
		assert.Equal(t, 401, f.list("").status)
		assert.Len(t, f.api.Executions(), 8, "reading executes nothing")
	})
}

func TestServer_ShowsHowInvocationsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{Run: func(p []byte) genesystest.Run {
			return genesystest.Run{Takes: time.Minute, Failed: string(p) == payload("bad")}
		}})
		for _, id := range []string{"good", "bad"} {
			_, err := f.invoke(processes, id)
			require.NoError(t, err)
		}
		assert.Equal(t, []any{"RUNNING", "RUNNING"}, f.list("").field("status"))
		assert.Equal(t, []any{nil, nil}, f.list("").field("endTime"))
		time.Sleep(time.Minute)
		assert.Equal(t, []any{"FAILED", "COMPLETED"}, f.list("").field("status"))
		assert.NotContains(t, f.list("").field("endTime"), nil)
	})
}

func TestServer_RemembersWhatWasExecutedThoughNobodyWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{Behaviour: genesystest.Script(genesystest.PathInvoke,
			genesystest.Answer{Reset: true, Execute: true}, genesystest.Answer{Status: 500})})
		for range 2 {
			_, _ = f.invoke(processes, "m")
		}
		assert.Len(t, f.list("").field("status"), 1)
	})
}

func TestServer_HistoryForgetsTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{Keep: -1})
		var last string
		for i := range 10_010 {
			a, err := f.invoke(processes, fmt.Sprint(i))
			require.NoError(t, err)
			last = a.body["invocationId"].(string)
		}
		n, next := 0, "?pageSize=500"
		for next != "" {
			p := f.list(next)
			if n == 0 {
				assert.Equal(t, last, p.field("invocationId")[0])
			}
			n += len(p.field("invocationId"))
			next = ""
			if token, ok := p.body["nextPage"].(string); ok {
				next = "?pageSize=500&nextPage=" + token
			}
		}
		assert.Equal(t, 10_000, n)
	})
}
