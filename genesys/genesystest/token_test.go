package genesystest_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// refused invokes with the token at hand and returns the status and code of the refusal.
func (f *fixture) refused() (status int, code any) {
	f.t.Helper()
	a, err := f.invoke(processes, "m")
	require.NoError(f.t, err)
	return a.status, a.body["code"]
}

func TestToken_Dies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{TokenLife: time.Hour, TokenIdle: 15 * time.Minute})
		for range 5 {
			require.Equal(t, 202, f.status(processes, "m"))
			time.Sleep(12 * time.Minute)
		}
		status, code := f.refused()
		assert.Equal(t, 401, status, "an hour has passed")
		assert.Equal(t, "credentials.expired", code)

		f.token = ""
		require.Equal(t, 202, f.status(processes, "m"))
		time.Sleep(15 * time.Minute)
		_, code = f.refused()
		assert.Equal(t, "credentials.expired", code, "idle for too long")

		f.token = ""
		require.Equal(t, 202, f.status(processes, "m"))
		f.api.RevokeTokens()
		status, code = f.refused()
		assert.Equal(t, 401, status)
		assert.Equal(t, "bad.credentials", code)
		f.token = ""
		require.Equal(t, 202, f.status(processes, "m"))
	})
}

func TestFault_Revokes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, genesystest.Options{})
		require.Equal(t, 202, f.status(processes, "m"))
		a, err := f.do("PUT", "/_faults", `{"revoke":true,"for":"1s","every":"1m"}`)
		require.NoError(t, err)
		require.Equal(t, 200, a.status)
		for range 3 {
			require.Equal(t, 401, f.status(processes, "m"))
			f.token = ""
			require.Equal(t, 202, f.status(processes, "m"), "once each time, not with every request")
			time.Sleep(30 * time.Second)
			require.Equal(t, 202, f.status(processes, "m"))
			time.Sleep(30 * time.Second)
		}
	})
}

func TestFault_TokensThatLie(t *testing.T) {
	for says, want := range map[string]any{
		"none": nil, "0": 0.0, "-1": -1.0, `"3600"`: "3600", "null": nil, "1e9": 1e9, "": 30.0,
	} {
		synctest.Test(t, func(t *testing.T) {
			f := setup(t, genesystest.Options{})
			fault, err := json.Marshal(map[string]string{"token_life": "30s", "expires_in": says})
			require.NoError(t, err)
			a, err := f.do("PUT", "/_faults", string(fault))
			require.NoError(t, err)
			require.Equal(t, 200, a.status, a.body)
			a = f.login("/api/v2/oauth/token", form("id", "secret"))
			require.Equal(t, 200, a.status)
			assert.Equal(t, want, a.body["expires_in"], says)
			_, said := a.body["expires_in"]
			assert.Equal(t, says != "none", said, says)
			f.token = a.body["access_token"].(string)
			time.Sleep(29 * time.Second)
			assert.Equal(t, 202, f.status(processes, "m"))
			time.Sleep(time.Second)
			assert.Equal(t, 401, f.status(processes, "m"), "whatever it says, it lives for so long")
		})
	}
}
