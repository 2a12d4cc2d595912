package config

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTable_EveryRowIsWhole(t *testing.T) {
	seen := map[string]string{}
	fields := map[any]string{}
	c := &Config{}
	for i := range table {
		r := &table[i]
		t.Run(r.path, func(t *testing.T) {
			assert.Regexp(t, `^[a-z_]+(\.[a-z_]+)+$`, r.path)
			assert.Regexp(t, `^(SLUICE|GENESYS)_[A-Z_]+$`, r.env)
			assert.Regexp(t, `^[a-z-]+$`, r.flag())
			assert.Regexp(t, `^[A-Za-z].*\.$`, r.doc, "a sentence")
			assert.NotZero(t, r.need())
			if r.def != "" {
				assert.Nil(t, decode(r.field(&Config{}), r.def))
			}
			assert.NotContains(t, encode(r.field(&Config{})), "no encoder")
			for _, name := range []string{r.path, r.env, "--" + r.flag()} {
				assert.Empty(t, seen[name], "%s is taken", name)
				seen[name] = r.path
			}
			assert.Empty(t, fields[r.field(c)], "two rows share a field")
			fields[r.field(c)] = r.path
		})
	}
}

// The names are a contract: this list is that of the design, by hand.
func TestTable_KeepsTheContractOfNames(t *testing.T) {
	for _, name := range []string{
		"GENESYS_BASE_URL", "GENESYS_LOGIN_URL", "GENESYS_REGION", "GENESYS_API", "GENESYS_INPUT", "GENESYS_RATE",
		"GENESYS_TIMEOUT", "GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", "GENESYS_CLIENT_SECRET_FILE", "GENESYS_DATA_ACTION_ID",
		"SLUICE_KAFKA_BROKERS", "SLUICE_KAFKA_TLS", "SLUICE_KAFKA_SASL_MECHANISM", "SLUICE_KAFKA_SASL_USERNAME",
		"SLUICE_KAFKA_SASL_PASSWORD", "SLUICE_KAFKA_SASL_PASSWORD_FILE", "SLUICE_TOPIC", "SLUICE_GROUP", "SLUICE_START",
		"SLUICE_DEAD_LETTER_TOPIC", "SLUICE_RESULTS_TOPIC", "SLUICE_CREATE_TOPICS", "SLUICE_SCHEMA", "SLUICE_ORDER",
		"SLUICE_CONCURRENCY", "SLUICE_MAX_AHEAD", "SLUICE_MAX_ATTEMPTS", "SLUICE_GIVE_UP_AFTER", "SLUICE_RETRY_UNKNOWN",
		"SLUICE_DEAD_LETTER_REDACT", "SLUICE_DRAIN", "SLUICE_ADMIN_ADDR", "SLUICE_LOG_LEVEL", "SLUICE_LOG_FORMAT",
	} {
		assert.Contains(t, variables, name)
	}
	for _, path := range []string{"worker.max_in_flight", "worker.tombstones", "worker.refusals", "genesys.success", "dead_letter.redact"} {
		assert.Contains(t, paths, path)
	}
}

func TestForeign_IsNoSetting(t *testing.T) {
	for name := range variables {
		assert.False(t, isForeign(name, "x"), name)
	}
	require.Regexp(t, regexp.MustCompile(foreign.String()), "SLUICE_TEST_BROKERS")
}

func TestNearest_TellsWhatWasMeant(t *testing.T) {
	for name, want := range map[string]string{
		"worker.concurency": "worker.concurrency", "kafka.brokres": "kafka.brokers", "genesys.clientid": "genesys.client_id",
		"Kafka.Topic": "kafka.topic", "timeout": "genesys.timeout", "worker.addr": "admin.addr", "file": "schema.file", "": "", "xyz": "",
	} {
		assert.Equal(t, want, nearestOf(name, paths), name)
	}
	assert.Equal(t, 1, distance("ab", "ba"))
	assert.Equal(t, 3, distance("kitten", "sitting"))
}
