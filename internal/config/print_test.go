package config_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/config"
)

var update = flag.Bool("update", false, "write the golden files")

func TestConfig_PrintShowsValuesAndTheirOrigin(t *testing.T) {
	cfg := load(t, setup{
		yaml:   "genesys:\n  region: eu-central-1\n  input: {external_id: /contact/external_id, ref: $id}\n  success: /status=ok\nworker: {max_ahead: 500}\n",
		dotenv: "GENESYS_CLIENT_SECRET=" + hunter + "\n",
		env:    []string{"SLUICE_KAFKA_BROKERS=a:9092,b:9092", "GENESYS_RATE=120", "GENESYS_DATA_ACTION_ID=custom_-_1"},
		flags:  map[string]string{"group": "blue team", "give-up-after": "90m"},
	})
	golden(t, "print.golden", printed(t, cfg))
}

func TestConfig_PrintCanBeReadBack(t *testing.T) {
	for name, s := range map[string]setup{
		"defaults": {},
		"odd values": {env: []string{
			"SLUICE_TOPIC=null", "SLUICE_GROUP=a: b # c", "GENESYS_CLIENT_ID={x}", "SLUICE_SCHEMA=C:\\dir\\\"x\".json", "GENESYS_DATA_ACTION_ID=*ü\u2028",
			"SLUICE_GENESYS_SUCCESS=/a b=\"it's\"", "SLUICE_DRAIN=1h2m0s", "SLUICE_GIVE_UP_AFTER=36h",
		}},
		"map": {yaml: "genesys: {input: {a: $header.x-y, 'b c': '/x: y'}}"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := load(t, s)
			again := load(t, setup{yaml: printed(t, cfg)})
			assert.Equal(t, plain(cfg), plain(again))
		})
	}
}

// The page ends with the table; what stands before it is written by hand.
func TestWriteDocs_IsWhatTheDocumentationSays(t *testing.T) {
	const page, marker = "../../docs/configuration.md", "<!-- generated below this line: go test ./internal/config -update -->\n"
	var table bytes.Buffer
	require.NoError(t, config.WriteDocs(&table))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	byHand, generated, ok := strings.Cut(string(text), marker)
	require.True(t, ok, "no marker in %s", page)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(byHand+marker+table.String()), 0o600))
		return
	}
	assert.Equal(t, table.String(), generated, "run with -update if this is meant")
}

func printed(t *testing.T, cfg *config.Config) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, cfg.Print(&out))
	assertHidden(t, out.String())
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run with -update if this is meant")
}
