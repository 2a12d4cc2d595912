package genesys_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

func TestToken_TellsWhenItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{TokenLife: time.Hour})
		expires, err := n.client.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, time.Hour, time.Until(expires).Round(time.Second))
		_, err = n.client.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, requests(n, genesystest.PathToken))
	})
}

func TestDescribe_TellsOfTheActionAndDoesNotRunIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{}, integrations)
		a, err := n.client.Describe(t.Context())
		require.NoError(t, err)
		require.JSONEq(t, string(genesystest.DefaultAction().InputSchema), string(a.Input))
		a.Input = nil
		require.Equal(t, genesys.Action{Name: "Fake action", Category: "sluice", Version: 1, Timeout: time.Minute}, a)
		require.Empty(t, n.api.Executions())
	})
}

func TestDescribe_TakesWhatApisSend(t *testing.T) {
	for body, want := range map[string]genesys.Action{
		`{"id":"a"}`: {},
		`{"id":"a","name":"N","version":"3","config":{"timeoutSeconds":"12"}}`: {Name: "N", Version: 3, Timeout: 12 * time.Second},
		`{"name":"N","config":null,"contract":null}`:                           {Name: "N"},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := setup(t, answering(genesystest.Answer{Body: []byte(body)}), integrations)
			got, err := n.client.Describe(t.Context())
			require.NoError(t, err, body)
			require.Equal(t, want, got, body)
		})
	}
}

func TestDescribe_TellsFailuresApart(t *testing.T) {
	for name, row := range map[string]struct {
		answer genesystest.Answer
		want   genesys.Kind
	}{
		"not there":    {genesystest.Answer{Status: 404}, genesys.KindNotFound},
		"forbidden":    {genesystest.Answer{Status: 403}, genesys.KindForbidden},
		"not allowed":  {genesystest.Answer{Status: 405}, genesys.KindNotFound},
		"unauthorized": {genesystest.Answer{Status: 401}, genesys.KindUnauthorized},
		"limited":      {genesystest.Answer{Status: 429, RetryAfter: 3}, genesys.KindRateLimited},
		"failing":      {genesystest.Answer{Status: 500}, genesys.KindServer},
		"redirect":     {genesystest.Answer{Status: 302}, genesys.KindNotFound},
		"web page":     {genesystest.Answer{Body: []byte("<html>"), ContentType: "text/html"}, genesys.KindUnreadable},
		"not JSON":     {genesystest.Answer{Body: []byte("{")}, genesys.KindUnreadable},
		"another one":  {genesystest.Answer{Body: []byte(`{"entities":[]}`)}, genesys.KindUnreadable},
		"broken off":   {genesystest.Answer{Cut: true}, genesys.KindBroken},
		"silent":       {genesystest.Answer{Hang: true}, genesys.KindBroken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, answering(row.answer), integrations)
				_, err := n.client.Describe(t.Context())
				e, ok := errors.AsType[*genesys.Error](err)
				require.True(t, ok, "%v", err)
				requireKind(t, row.want, e)
				require.Equal(t, genesys.OpDescribe, e.Op)
				require.NotContains(t, fmt.Sprint(err), clientSecret)
				require.Empty(t, n.api.Executions())
			})
		})
	}
}

func TestDescribe_IsOfOneStyleOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := setup(t, genesystest.Options{})
		_, err := n.client.Describe(t.Context())
		require.ErrorIs(t, err, genesys.ErrNoDescription)
		require.Zero(t, requests(n, genesystest.PathToken))
	})
}

func TestOtherStyle_FindsTheOneThatAnswers(t *testing.T) {
	for api, other := range map[genesys.API]struct {
		style genesys.API
		path  genesystest.Path
	}{
		genesys.APIProcesses:    {genesys.APIIntegrations, genesystest.PathAction},
		genesys.APIIntegrations: {genesys.APIProcesses, genesystest.PathHistory},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := setup(t, genesystest.Options{}, func(c *genesys.Config) { c.API = api })
			require.Equal(t, other.style, n.client.OtherStyle(t.Context()))
			require.Equal(t, 1, requests(n, other.path))
			require.Empty(t, n.api.Executions())
			n.api.SetFault(genesystest.Fault{Status: 404, Paths: other.path})
			require.Empty(t, n.client.OtherStyle(t.Context()))
		})
	}
}

func TestLimits_AreTheOrganisations(t *testing.T) {
	for name, row := range map[string]struct {
		opts genesystest.Options
		want genesys.Limits
	}{
		"the platform's own": {genesystest.Options{}, genesys.Limits{Concurrent: 50, Executions: 2500, Requests: 300}},
		"some are not told": {genesystest.Options{Action: genesystest.Action{Limits: map[string]int{genesystest.LimitTokenRate: 600}}},
			genesys.Limits{Requests: 600}},
		"nonsense": {genesystest.Options{Behaviour: genesystest.Always(genesystest.PathLimits, genesystest.Answer{
			Body: []byte(`{"entities":[{"key":"requests.volume.max","value":1e40},{"key":"actions.concurrent.executions.max","value":-1}]}`)})}, genesys.Limits{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := setup(t, row.opts, integrations)
				got, err := n.client.Limits(t.Context())
				require.NoError(t, err)
				require.Equal(t, row.want, got)
				n.api.SetFault(genesystest.Fault{Status: 403, Paths: genesystest.PathLimits})
				_, err = n.client.Limits(t.Context())
				e, ok := errors.AsType[*genesys.Error](err)
				require.True(t, ok, "%v", err)
				requireKind(t, genesys.KindForbidden, e)
				require.Equal(t, genesys.OpDescribe, e.Op)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		_, err := setup(t, genesystest.Options{}).client.Limits(t.Context())
		require.ErrorIs(t, err, genesys.ErrNoDescription)
	})
}

// answering answers the question for the action so.
func answering(a genesystest.Answer) genesystest.Options {
	return genesystest.Options{Behaviour: genesystest.Always(genesystest.PathAction, a)}
}
