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
