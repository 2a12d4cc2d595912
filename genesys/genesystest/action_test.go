package genesystest_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

func TestServer_DescribesActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{ActionID: "action-1"})
		f.token = f.login("/api/v2/oauth/token", form("id", "secret")).body["access_token"].(string)
		ask := func(method, path string) answer {
			a, err := f.do(method, "/api/v2/integrations/actions/"+path, "", "Authorization", "Bearer "+f.token)
			require.NoError(t, err)
			return a
		}
		plain := ask("GET", "action-1")
		require.Equal(t, 200, plain.status)
		require.Equal(t, "action-1", plain.body["id"])
		require.NotContains(t, plain.body, "contract")
		require.NotContains(t, plain.body, "config")
		whole := ask("GET", "action-1?expand=contract&includeConfig=true")
		require.Contains(t, whole.body["contract"], "input")
		require.Equal(t, map[string]any{"timeoutSeconds": 60.0}, whole.body["config"])

		require.Equal(t, 404, ask("GET", "action-2").status)
		require.Equal(t, 404, ask("GET", "").status)
		require.Equal(t, 404, ask("DELETE", "action-1").status)
		require.Empty(t, f.api.Executions())
		f.token = "none"
		require.Equal(t, 401, ask("GET", "action-1").status)
	})
}

func TestServer_TellsOfTheActionWhatItWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{Action: genesystest.Action{Name: "Mine", TimeoutSeconds: -1}})
		f.token = f.login("/api/v2/oauth/token", form("id", "secret")).body["access_token"].(string)
		do := func(method, path, body string) answer {
			a, err := f.do(method, path, body, "Authorization", "Bearer "+f.token)
			require.NoError(t, err)
			return a
		}
		const action = "/api/v2/integrations/actions/a?expand=contract&includeConfig=true"
		got := do("GET", action, "")
		require.Equal(t, "Mine", got.body["name"])
		require.NotContains(t, got.body, "config")

		require.Equal(t, 200, do("PUT", "/_action", `{"version":3,"input_schema":{"type":"object"},"limits":{"actions.concurrent.executions.max":7}}`).status)
		got = do("GET", action, "")
		require.Equal(t, 3.0, got.body["version"])
		require.Equal(t, "Fake action", got.body["name"])
		require.Equal(t, map[string]any{"inputSchema": map[string]any{"type": "object"}}, got.body["contract"].(map[string]any)["input"])
		const limits = "/api/v2/organizations/limits/namespaces/"
		require.Equal(t, map[string]any{"entities": []any{map[string]any{
			"key": "actions.concurrent.executions.max", "namespace": "dataactions", "value": 7.0,
		}}}, do("GET", limits+"dataactions", "").body)
		require.Equal(t, 404, do("GET", limits+"nobody's", "").status)

		require.Equal(t, 200, do("PUT", "/_action", `{"forbidden":true}`).status)
		got = do("GET", action, "")
		require.Equal(t, 403, got.status)
		require.Equal(t, "missing.any.permissions", got.body["code"])
		require.Contains(t, got.body["message"], "integrations:action:view")
		require.Equal(t, 200, do("GET", limits+"platform.api", "").status, "needs no permission")

		for _, wrong := range []string{`{"input_schema":1`, `{"unknown":1}`, `{"limits":{"x":1}}`} {
			require.Equal(t, 400, do("PUT", "/_action", wrong).status, wrong)
		}
		require.Equal(t, 405, do("PATCH", "/_action", "").status)
		require.Equal(t, "Fake action", do("DELETE", "/_action", "").body["name"])
		require.Equal(t, 200, do("GET", action, "").status)
		f.token = "none"
		require.Equal(t, 401, do("GET", limits+"dataactions", "").status)
	})
}
