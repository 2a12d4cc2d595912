package genesys_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
)

func valid() genesys.Config {
	return genesys.Config{ClientID: clientID, ClientSecret: genesys.NewSecret(clientSecret), ActionID: actionID}
}

func TestConfig_Resolve(t *testing.T) {
	const escaped = "custom_-_a%2Fb%20c"
	tests := []struct {
		name          string
		set           func(*genesys.Config)
		invoke, token string
	}{
		{"nothing", func(*genesys.Config) {},
			"https://api.mypurecloud.com/api/v2/processes/data-actions/" + escaped + "/invocations", "https://api.mypurecloud.com/api/v2/oauth/token"},
		{"a base URL", func(c *genesys.Config) { c.BaseURL = "http://localhost:8080/" },
			"http://localhost:8080/api/v2/processes/data-actions/" + escaped + "/invocations", "http://localhost:8080/api/v2/oauth/token"},
		{"a login URL", func(c *genesys.Config) { c.LoginURL = "https://sso.example" },
			"https://api.mypurecloud.com/api/v2/processes/data-actions/" + escaped + "/invocations", "https://sso.example/api/v2/oauth/token"},
		{"integrations", integrations,
			"https://api.mypurecloud.com/api/v2/integrations/actions/" + escaped + "/execute", "https://login.mypurecloud.com/oauth/token"},
		{"a region by AWS' name", func(c *genesys.Config) { integrations(c); c.Region = "eu-central-1" },
			"https://api.mypurecloud.de/api/v2/integrations/actions/" + escaped + "/execute", "https://login.mypurecloud.de/oauth/token"},
		{"a region by domain", func(c *genesys.Config) { integrations(c); c.Region = "usw2.pure.cloud" },
			"https://api.usw2.pure.cloud/api/v2/integrations/actions/" + escaped + "/execute", "https://login.usw2.pure.cloud/oauth/token"},
		{"a base URL over a region", func(c *genesys.Config) {
			integrations(c)
			c.Region, c.BaseURL = "eu-central-1", "https://proxy.example/genesys"
		},
			"https://proxy.example/genesys/api/v2/integrations/actions/" + escaped + "/execute", "https://proxy.example/genesys/oauth/token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := valid()
			tt.set(&cfg)
			require.NoError(t, cfg.Validate())
			assert.Equal(t, tt.invoke, cfg.InvokeURL())
			assert.Equal(t, tt.token, cfg.TokenURL())
			c, err := genesys.New(cfg)
			require.NoError(t, err)
			defer c.Close()
			assert.Equal(t, tt.invoke, c.URL())
		})
	}
}

func TestConfig_DefaultsOfEachStyle(t *testing.T) {
	p := genesys.Defaults().Resolve()
	assert.Equal(t, []any{30 * time.Second, 64, 0, 0}, []any{p.Timeout, p.Concurrency, p.Rate, p.MaxBody})
	i := genesys.Config{API: genesys.APIIntegrations}.Resolve()
	assert.Equal(t, []any{65 * time.Second, 10, 300, 512_000}, []any{i.Timeout, i.Concurrency, i.Rate, i.MaxBody})
}

func TestConfig_ValidateReportsEveryProblem(t *testing.T) {
	err := genesys.Config{
		API: "soap", Region: "moon-1", LoginURL: "ftp://x", ActionID: "..", Timeout: -1, Concurrency: -1,
		Success: genesys.Success{Pointer: "statusCode", Value: 1},
	}.Validate()
	require.Error(t, err)
	var paths []string
	for line := range strings.Lines(err.Error()) {
		path, _, _ := strings.Cut(line, ": ")
		paths = append(paths, path)
	}
	assert.Equal(t, []string{"genesys.api", "genesys.region", "genesys.login_url", "genesys.client_id", "genesys.client_secret",
		"genesys.data_action_id", "genesys.timeout", "genesys.concurrency", "genesys.success"}, paths)
	_, err = genesys.New(genesys.Config{})
	require.ErrorContains(t, err, "genesys.data_action_id: missing; set GENESYS_DATA_ACTION_ID")
}

func TestConfig_BaseURLs(t *testing.T) {
	for base, want := range map[string]string{
		"http://localhost:8080": "", "https://api.example/path": "", "api.example": "want http", "ftp://x": "want http",
		"http://": "want http", "https://x?y=1": "must end", "https://x#y": "must end",
		"https://u:" + clientSecret + "@x": "must not hold a user name", "::" + "@" + clientSecret: "must not hold",
	} {
		cfg := valid()
		cfg.BaseURL = base
		err := cfg.Validate()
		if want == "" {
			require.NoError(t, err, base)
			continue
		}
		require.ErrorContains(t, err, "genesys.base_url: "+want, base)
		assert.NotContains(t, err.Error(), clientSecret)
	}
}

func TestRegions(t *testing.T) {
	assert.Len(t, genesys.Regions(), 18)
	for _, r := range genesys.Regions() {
		for _, name := range []string{r.AWS, r.Domain, strings.ToUpper(r.AWS)} {
			got, ok := genesys.FindRegion(name)
			assert.True(t, ok && got == r, name)
		}
		assert.True(t, genesys.HostedByGenesys(r.APIURL()), r)
	}
	for _, base := range []string{"http://localhost:8080", "https://api.notmypurecloud.com", "https://mypurecloud.com.evil.example", "::"} {
		assert.False(t, genesys.HostedByGenesys(base), base)
	}
	assert.True(t, genesys.HostedByGenesys("https://API.MyPureCloud.com:443/x"))
}
