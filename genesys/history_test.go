package genesys_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// read reads the history to its end.
func read(ctx context.Context, c *genesys.Client, q genesys.HistoryQuery) (ids []string, err error) {
	for i, err := range c.History(ctx, q) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, i.ID)
	}
	return ids, nil
}

// invokeN invokes the action n times, a second apart, and returns the ids, newest first.
func invokeN(t *testing.T, c *genesys.Client, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range n {
		res, err := attempt(t.Context(), c)
		require.Nil(t, err)
		var data struct{ InvocationID string }
		require.NoError(t, json.Unmarshal(res.Data, &data))
		ids[n-1-i] = data.InvocationID
		time.Sleep(time.Second)
	}
	return ids
}

// pages answers the history's requests with these bodies, one after the other, and then as the last one.
func pages(bodies ...string) genesystest.Options {
	n := 0
	return genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
		if c.Path != genesystest.PathHistory {
			return genesystest.Answer{}
		}
		n++
		return genesystest.Answer{Status: 200, Body: []byte(bodies[min(n, len(bodies))-1])}
	}}
}

func TestHistory_ReadsAllPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{})
		began := time.Now()
		want := invokeN(t, n.client, 7)
		var told []string
		q := genesys.HistoryQuery{PageSize: 3, OnPage: func(p, i int) { told = append(told, fmt.Sprintf("%d/%d", p, i)) }}
		got, err := read(t.Context(), n.client, q)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, []string{"1/3", "2/6", "3/7"}, told)
		assert.Equal(t, 3, requests(n, genesystest.PathHistory))

		got, err = read(t.Context(), n.client, genesys.HistoryQuery{PageSize: 7, MaxPages: 1})
		require.NoError(t, err, "the last page may be the last that was to be read")
		assert.Equal(t, want, got)

		got, err = read(t.Context(), n.client, genesys.HistoryQuery{PageSize: 3, MaxPages: 2})
		require.ErrorIs(t, err, genesys.ErrMorePages)
		assert.Equal(t, want[:6], got)

		for i, err := range n.client.History(t.Context(), genesys.HistoryQuery{PageSize: 3}) {
			require.NoError(t, err)
			assert.Equal(t, "COMPLETED", i.Status)
			assert.True(t, began.Add(6*time.Second).Equal(i.Started))
			assert.Equal(t, genesys.StateSucceeded, i.State())
			assert.Contains(t, string(i.Raw), `"actionId"`)
			break
		}
		assert.Equal(t, 7, requests(n, genesystest.PathHistory), "whoever stops reading asks for no more pages")
	})
}

func TestHistory_EmptyHasOnePage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{})
		got, err := read(t.Context(), n.client, genesys.HistoryQuery{})
		require.NoError(t, err)
		assert.Empty(t, got)
		assert.Equal(t, 1, requests(n, genesystest.PathHistory))
	})
}

func TestHistory_EveryAnswer(t *testing.T) {
	ok := []byte(`{"entities":[{"id":"a"}]}`)
	tests := map[string]struct {
		answer genesystest.Answer
		kind   genesys.Kind // 0: a page
	}{
		"a page":              {genesystest.Answer{Status: 200, Body: ok}, 0},
		"another 2xx":         {genesystest.Answer{Status: 206, Body: ok}, 0},
		"entities of null":    {genesystest.Answer{Status: 200, Body: []byte(`{"entities":null}`)}, 0},
		"HTML with 200":       {genesystest.Answer{Status: 200, Body: []byte("<html>"), ContentType: "text/html"}, genesys.KindUnreadable},
		"JSON that denies it": {genesystest.Answer{Status: 200, Body: ok, ContentType: "text/html"}, genesys.KindUnreadable},
		"broken JSON":         {genesystest.Answer{Status: 200, Body: ok[:10]}, genesys.KindUnreadable},
		"no entities":         {genesystest.Answer{Status: 200, Body: []byte(`{}`)}, genesys.KindUnreadable},
		"entities no list":    {genesystest.Answer{Status: 200, Body: []byte(`{"entities":{}}`)}, genesys.KindUnreadable},
		"a next page of null": {genesystest.Answer{Status: 200, Body: []byte(`{"entities":[],"nextPage":null}`)}, 0},
		"a next page unnamed": {genesystest.Answer{Status: 200, Body: []byte(`{"entities":[],"nextPage":{"page":2}}`)}, genesys.KindUnreadable},
		"a next page of true": {genesystest.Answer{Status: 200, Body: []byte(`{"entities":[],"nextPage":true}`)}, genesys.KindUnreadable},
		"a name without end":  {genesystest.Answer{Status: 200, Body: []byte(`{"entities":[],"nextPage":"` + strings.Repeat("x", 5000) + `"}`)}, genesys.KindUnreadable},
		"no object":           {genesystest.Answer{Status: 200, Body: []byte(`[]`)}, genesys.KindUnreadable},
		"nothing":             {genesystest.Answer{Status: 204}, genesys.KindUnreadable},
		"endless":             {genesystest.Answer{Status: 200, Body: []byte(`{"entities":["` + strings.Repeat("x", 17<<20) + `"]}`)}, genesys.KindUnreadable},
		"cut short":           {genesystest.Answer{Status: 200, Body: ok, Cut: true}, genesys.KindBroken},
		"hang":                {genesystest.Answer{Hang: true}, genesys.KindBroken},
		"reset":               {genesystest.Answer{Reset: true}, genesys.KindBroken},
		"redirect":            {genesystest.Answer{Status: 302, Header: http.Header{"Location": {"/"}}}, genesys.KindNotFound},
		"400":                 {genesystest.Answer{Status: 400}, genesys.KindRefused},
		"401":                 {genesystest.Answer{Status: 401}, genesys.KindUnauthorized},
		"403":                 {genesystest.Answer{Status: 403}, genesys.KindForbidden},
		"404":                 {genesystest.Answer{Status: 404}, genesys.KindNotFound},
		"500":                 {genesystest.Answer{Status: 500}, genesys.KindServer},
		"502":                 {genesystest.Answer{Status: 502}, genesys.KindGateway},
		"503":                 {genesystest.Answer{Status: 503}, genesys.KindServer},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathHistory, tt.answer)})
				_, err := read(t.Context(), n.client, genesys.HistoryQuery{})
				if tt.kind == 0 {
					require.NoError(t, err)
					return
				}
				e, ok := errors.AsType[*genesys.Error](err)
				require.True(t, ok, err)
				requireKind(t, tt.kind, e)
				assert.Equal(t, genesys.OpHistory, e.Op)
				assert.Contains(t, err.Error(), "page 1: history request: ")
				assert.NotContains(t, err.Error(), clientSecret)
			})
		})
	}
}

func TestHistory_EndsWhatHasNoEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		bodies []string
		read   int
		want   error
	}{
		"the same page for ever": {[]string{`{"entities":[1],"nextPage":"b"}`}, 2, genesys.ErrPageRepeated},
		"a circle of three": {[]string{
			`{"entities":[1],"nextPage":"b"}`, `{"entities":[2],"nextPage":"c"}`, `{"entities":[3],"nextPage":"b"}`,
		}, 3, genesys.ErrPageRepeated},
		"numbers":  {[]string{`{"entities":[1],"nextPage":2}`, `{"entities":[2],"nextPage":2}`}, 2, genesys.ErrPageRepeated},
		"no more":  {[]string{`{"entities":[1],"nextPage":2}`, `{"entities":[2],"nextPage":null}`}, 2, nil},
		"an empty": {[]string{`{"entities":[],"nextPage":"b"}`, `{"entities":[2],"nextPage":""}`}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, pages(tt.bodies...))
				got, err := read(t.Context(), n.client, genesys.HistoryQuery{})
				require.ErrorIs(t, err, tt.want)
				assert.Len(t, got, tt.read)
			})
		})
	}
	t.Run("ever new pages", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			count := 0
			n := setup(t, genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
				if c.Path != genesystest.PathHistory {
					return genesystest.Answer{}
				}
				count++
				return genesystest.Answer{Status: 200, Body: fmt.Appendf(nil, `{"entities":[],"nextPage":"%d"}`, count)}
			}})
			_, err := read(t.Context(), n.client, genesys.HistoryQuery{MaxPages: 50})
			require.ErrorIs(t, err, genesys.ErrMorePages)
			assert.Equal(t, 50, count)
		})
	})
}

func TestHistory_TakesNoLongerThanItsCallerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathHistory,
			genesystest.Answer{Status: 200, Body: []byte(`{"entities":[1]}`), Delay: 20 * time.Second})})
		late := errors.New("late")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, late)
		defer cancel()
		start := time.Now()
		_, err := read(ctx, n.client, genesys.HistoryQuery{})
		require.ErrorIs(t, err, late)
		assert.Equal(t, 5*time.Second, time.Since(start))

		got, err := read(t.Context(), n.client, genesys.HistoryQuery{})
		require.NoError(t, err, "slow, but within the time-out of a request")
		assert.Len(t, got, 1)
	})
}

func TestHistory_WaitsOutTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := genesystest.Answer{Status: 429, RetryAfter: 10}
		n := setup(t, genesystest.Options{Behaviour: genesystest.Script(genesystest.PathHistory, limited, limited)})
		want := invokeN(t, n.client, 2)
		start := time.Now()
		got, err := read(t.Context(), n.client, genesys.HistoryQuery{})
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.GreaterOrEqual(t, time.Since(start), 20*time.Second)

		n.api.SetFault(genesystest.AnswerEverything(429))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = read(ctx, n.client, genesys.HistoryQuery{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestHistory_RenewsTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{})
		want := invokeN(t, n.client, 2)
		n.api.RevokeTokens()
		got, err := read(t.Context(), n.client, genesys.HistoryQuery{})
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, 2, requests(n, genesystest.PathToken))
	})
}

func TestHistory_IsNotOfEveryStyle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{}, integrations)
		_, err := read(t.Context(), n.client, genesys.HistoryQuery{})
		require.ErrorIs(t, err, genesys.ErrNoHistory)
		assert.Empty(t, n.api.Stats().Requests)
	})
}

func TestHistory_KeepsTheTokenFromWhatItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var token string
		n := setup(t, genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
			if c.Path != genesystest.PathHistory {
				return genesystest.Answer{}
			}
			token = strings.TrimPrefix(c.Header.Get("Authorization"), "Bearer ")
			return genesystest.Answer{Status: 200, Body: fmt.Appendf(nil, `{"entities":[{"id":"%s"}]}`, token)}
		}})
		got, err := read(t.Context(), n.client, genesys.HistoryQuery{})
		require.NoError(t, err)
		require.NotEmpty(t, token)
		assert.Equal(t, []string{"***"}, got)
	})
}
