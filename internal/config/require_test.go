package config_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/config"
)

// credentials are what a run cannot do without.
var credentials = []string{"GENESYS_CLIENT_ID=id", "GENESYS_CLIENT_SECRET=" + hunter, "GENESYS_DATA_ACTION_ID=action"}

func TestConfig_RequireNamesWhatIsMissing(t *testing.T) {
	cfg := load(t, setup{})
	require.NoError(t, cfg.Require(config.ForDemo))
	require.NoError(t, cfg.Require(config.ForValidate))
	require.NoError(t, cfg.Require(config.ForDeadLetters))
	assert.Equal(t, []string{
		"GENESYS_CLIENT_ID: not set: set it, or genesys.client_id in sluice.yaml",
		"GENESYS_CLIENT_SECRET: not set: set it, or GENESYS_CLIENT_SECRET_FILE to a file that holds it",
		"GENESYS_DATA_ACTION_ID: not set: set it, or genesys.data_action_id in sluice.yaml",
	}, problems(t, cfg, config.ForRun))

	require.NoError(t, load(t, setup{env: credentials}).Require(config.ForRun))
}

func TestConfig_RequireIgnoresWhatACommandDoesNotNeed(t *testing.T) {
	cfg := load(t, setup{env: []string{"SLUICE_CONCURRENCY=0", "SLUICE_TOPIC=a b", "GENESYS_RATE=-1"}})
	require.NoError(t, cfg.Require(config.ForValidate))
	assert.Len(t, problems(t, cfg, config.ForDeadLetters), 1)
	assert.Len(t, problems(t, cfg, config.ForDemo), 2)
	assert.Len(t, problems(t, cfg, config.ForRun), 6)
}

func TestConfig_RequireReportsABadValue(t *testing.T) {
	tests := map[string]struct{ env, want string }{
		"not a number":       {"SLUICE_CONCURRENCY=many", "SLUICE_CONCURRENCY: not a whole number (got many): use digits only"},
		"too small":          {"SLUICE_CONCURRENCY=0", "SLUICE_CONCURRENCY: out of range (got 0): use a value from 1 to 10000"},
		"overflow":           {"SLUICE_CONCURRENCY=99999999999999999999", "SLUICE_CONCURRENCY: not a whole number (got 99999999999999999999): use digits only"},
		"no unit":            {"SLUICE_GIVE_UP_AFTER=5", "SLUICE_GIVE_UP_AFTER: not a duration (got 5): use a number with a unit, such as 500ms, 5s or 24h"},
		"never":              {"SLUICE_GIVE_UP_AFTER=0", "SLUICE_GIVE_UP_AFTER: out of range (got 0): use a value from 1s to 8760h"},
		"negative drain":     {"SLUICE_DRAIN=-1s", "SLUICE_DRAIN: out of range (got \"-1s\"): use a value from 0s to 10m: while one worker drains, the others of its group wait"},
		"drain over a group": {"SLUICE_DRAIN=11m", "SLUICE_DRAIN: out of range (got 11m): use a value from 0s to 10m: while one worker drains, the others of its group wait"},
		"not a size":         {"SLUICE_SCHEMA_MAX_BYTES=1Mo", "SLUICE_SCHEMA_MAX_BYTES: not a size (got 1Mo): use a whole number with B, KiB, MiB or GiB, such as 1MiB"},
		"size overflow":      {"SLUICE_SCHEMA_MAX_BYTES=9999999999GiB", "SLUICE_SCHEMA_MAX_BYTES: not a size (got 9999999999GiB): use a whole number with B, KiB, MiB or GiB, such as 1MiB"},
		"size out of range":  {"SLUICE_SCHEMA_MAX_BYTES=1GiB", "SLUICE_SCHEMA_MAX_BYTES: out of range (got 1GiB): use a value from 1 to 64MiB"},
		"not a boolean":      {"SLUICE_CREATE_TOPICS=ja", "SLUICE_CREATE_TOPICS: not a boolean (got ja): use true or false"},
		"not a rate":         {"GENESYS_RATE=fast", "GENESYS_RATE: not a rate (got fast): use a whole number of requests a minute, or none"},
		"unknown word":       {"SLUICE_ORDER=keys", "SLUICE_ORDER: unknown value (got keys): use key, partition or none"},
		"unknown input":      {"GENESYS_INPUT=nested", "GENESYS_INPUT: unknown value (got nested): use payload or flat"},
		"no topic name":      {"SLUICE_TOPIC=pay loads", "SLUICE_TOPIC: not a topic name (got \"pay loads\"): use 1 to 249 letters, digits, dots, underscores and dashes"},
		"dots":               {"SLUICE_TOPIC=..", "SLUICE_TOPIC: not a topic name (got \"..\"): use 1 to 249 letters, digits, dots, underscores and dashes"},
		"no port":            {"SLUICE_KAFKA_BROKERS=kafka", "SLUICE_KAFKA_BROKERS: not a broker's address (got kafka): use host:port[,host:port…]"},
		"credentials":        {"SLUICE_KAFKA_BROKERS=me:" + hunter + "@kafka", "SLUICE_KAFKA_BROKERS: not a broker's address (got \"***@kafka\"): use host:port[,host:port…]"},
		"no brokers":         {"SLUICE_KAFKA_BROKERS=,", "SLUICE_KAFKA_BROKERS: no brokers (got \",\"): use host:port[,host:port…]"},
		"no scheme":          {"GENESYS_BASE_URL=api.mypurecloud.de", "GENESYS_BASE_URL: not a URL (got api.mypurecloud.de): begin it with https://, as in https://api.mypurecloud.com"},
		"user in a URL":      {"GENESYS_BASE_URL=https://me:" + hunter + "@host", "GENESYS_BASE_URL: credentials in a URL (got \"***@host\"): leave them out; the client's id and secret have settings of their own"},
		"query":              {"GENESYS_LOGIN_URL=https://host?x=1", "GENESYS_LOGIN_URL: query or fragment in a base URL (got \"https://host?x=1\"): leave it out"},
		"no pointer":         {"SLUICE_GENESYS_SUCCESS=status=ok", "SLUICE_GENESYS_SUCCESS: not a rule (got status=ok): use POINTER=VALUE, such as /status=ok"},
		"no address":         {"SLUICE_ADMIN_ADDR=8080", "SLUICE_ADMIN_ADDR: not an address to listen at (got 8080): use host:port, such as 127.0.0.1:8080; port 0 takes a free one"},
		"level":              {"SLUICE_LOG_LEVEL=trace", "SLUICE_LOG_LEVEL: unknown value (got trace): use debug, info, warn or error"},
		"control characters": {"SLUICE_GROUP=a\x07b", "SLUICE_GROUP: not a name (got \"a\\ab\"): use at most 255 printable characters without spaces around them"},
		"the mask":           {"GENESYS_CLIENT_SECRET=***", "GENESYS_CLIENT_SECRET: this is the mask that stands for a secret: set the secret itself"},
		"CA without TLS":     {"SLUICE_KAFKA_TLS_CA=ca.pem", "SLUICE_KAFKA_TLS_CA: has no effect while kafka.tls is false (got ca.pem): set SLUICE_KAFKA_TLS=true, or leave it out"},
		"SASL, nobody":       {"SLUICE_KAFKA_SASL_MECHANISM=PLAIN", "SLUICE_KAFKA_SASL_MECHANISM: goes with a user name and a password (got PLAIN): set SLUICE_KAFKA_SASL_USERNAME and SLUICE_KAFKA_SASL_PASSWORD"},
		"SASL, wrong":        {"SLUICE_KAFKA_SASL_MECHANISM=LOGIN", "SLUICE_KAFKA_SASL_MECHANISM: unknown value (got LOGIN): use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
		"password":           {"SLUICE_KAFKA_SASL_PASSWORD=" + hunter, "SLUICE_KAFKA_SASL_PASSWORD: has no effect without kafka.sasl.mechanism: set SLUICE_KAFKA_SASL_MECHANISM"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			env := append([]string{test.env}, credentials...)
			if name == "the mask" {
				env = []string{test.env, credentials[0], credentials[2]}
			}
			assert.Equal(t, []string{test.want}, problems(t, load(t, setup{env: env}), config.ForRun))
		})
	}
	require.NoError(t, load(t, setup{env: append([]string{"SLUICE_KAFKA_TLS=false"}, credentials...)}).Require(config.ForRun))
}

func TestConfig_RequireReportsContradictions(t *testing.T) {
	tests := map[string]struct {
		env  []string
		want string
	}{
		"dead letters into the source": {
			[]string{"SLUICE_DEAD_LETTER_TOPIC=payloads"},
			"SLUICE_DEAD_LETTER_TOPIC: the dead-letter topic is the source topic (got payloads): dead letters would be consumed as messages; name another topic"},
		"source from the dead letters": {
			[]string{"SLUICE_TOPIC=x", "SLUICE_DEAD_LETTER_TOPIC={topic}"},
			"SLUICE_DEAD_LETTER_TOPIC: the dead-letter topic is the source topic (got x): dead letters would be consumed as messages; name another topic"},
		"results into the source": {
			[]string{"SLUICE_RESULTS_TOPIC=payloads"},
			"SLUICE_RESULTS_TOPIC: the results topic is the source topic (got payloads): results would be consumed as messages; name another topic"},
		"results into the dead letters": {
			[]string{"SLUICE_RESULTS_TOPIC={topic}.dlq"},
			"SLUICE_RESULTS_TOPIC: the results topic is the dead-letter topic (got payloads.dlq): name another topic"},
		"concurrency out of reach": {
			[]string{"SLUICE_WORKER_MAX_IN_FLIGHT=10"},
			"SLUICE_WORKER_MAX_IN_FLIGHT: smaller than worker.concurrency (got 10): use at least 64, or lower worker.concurrency"},
		"the same, by the other setting": {
			[]string{"SLUICE_CONCURRENCY=6000"},
			"SLUICE_CONCURRENCY: worker.max_in_flight: smaller than worker.concurrency (got 5000): use at least 6000, or lower worker.concurrency"},
		"a message that never fits": {
			[]string{"SLUICE_WORKER_MAX_IN_FLIGHT_BYTES=64KiB"},
			"SLUICE_WORKER_MAX_IN_FLIGHT_BYTES: smaller than schema.max_bytes (got 64KiB): use at least 1MiB, or lower schema.max_bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := load(t, setup{env: append(test.env, credentials...)})
			assert.Equal(t, []string{test.want}, problems(t, cfg, config.ForRun))
		})
	}
}

func TestConfig_RequireReportsEverythingAtOnce(t *testing.T) {
	cfg := load(t, setup{
		yaml:   "kafka:\n  topic: 'no topic'\nworker:\n  concurency: 3\n",
		dotenv: "SLUICE_ORDER=random\n",
		env:    []string{"GENESYS_TIMEOUT=1"},
		flags:  map[string]string{"max-attempts": "0", "no-such": "1"},
	})
	assert.Equal(t, []string{
		"sluice.yaml:4 worker.concurency: unknown key: did you mean worker.concurrency?",
		"--no-such: not the flag of a setting",
		"sluice.yaml:2 kafka.topic: not a topic name (got \"no topic\"): use 1 to 249 letters, digits, dots, underscores and dashes",
		"SLUICE_ORDER in .env: unknown value (got random): use key, partition or none",
		"--max-attempts: out of range (got 0): use a value from 1 to 1000",
		"GENESYS_TIMEOUT: not a duration (got 1): use a number with a unit, such as 500ms, 5s or 24h",
		"GENESYS_CLIENT_ID: not set: set it, or genesys.client_id in sluice.yaml",
		"GENESYS_CLIENT_SECRET: not set: set it, or GENESYS_CLIENT_SECRET_FILE to a file that holds it",
		"GENESYS_DATA_ACTION_ID: not set: set it, or genesys.data_action_id in sluice.yaml",
	}, problems(t, cfg, config.ForRun))
}

func TestConfig_RequireReportsSecretFiles(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	write(t, empty, "\n")
	full := filepath.Join(dir, "full")
	write(t, full, hunter)
	rest := []string{credentials[0], credentials[2]}
	tests := map[string]struct {
		setup
		want string
	}{
		"missing": {setup{env: []string{"GENESYS_CLIENT_SECRET_FILE=/no/such/" + hunter}},
			"GENESYS_CLIENT_SECRET_FILE: the file it names cannot be read, no such file or directory: check the path and its permissions"},
		"directory": {setup{env: []string{"GENESYS_CLIENT_SECRET_FILE=" + dir}},
			"GENESYS_CLIENT_SECRET_FILE: the file it names cannot be read, is a directory: check the path and its permissions"},
		"empty": {setup{env: []string{"GENESYS_CLIENT_SECRET_FILE=" + empty}},
			"GENESYS_CLIENT_SECRET_FILE: the file it names is empty: write the secret into it"},
		"both": {setup{env: []string{"GENESYS_CLIENT_SECRET=" + hunter, "GENESYS_CLIENT_SECRET_FILE=" + full}},
			"GENESYS_CLIENT_SECRET_FILE: set both as a value and as a file: keep one of them"},
		"both in YAML": {setup{yaml: "genesys:\n  client_secret_file: " + full + "\n  client_secret: " + hunter + "\n"},
			"sluice.yaml:3 genesys.client_secret: set both as a value and as a file: keep one of them"},
		"list in YAML": {setup{yaml: "genesys:\n  client_secret_file: [" + hunter + "]\n"},
			"sluice.yaml:2 genesys.client_secret: not a path: name one file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.env = append(test.env, rest...)
			assert.Equal(t, []string{test.want}, problems(t, load(t, test.setup), config.ForRun))
		})
	}
}

func TestConfig_WarningsNameTheNearestVariable(t *testing.T) {
	cfg := load(t, setup{
		env: []string{
			"SLUICE_CONCURENCY=3", "SLUICE_MAX_IN_FLIGHT=9", "SLUICE_BASE_URL=x", "GENESYS_SECRET=" + hunter, "SLUICE_QQQ=1",
			"SLUICE_TEST_BROKERS=x", "SLUICE_DEMO_SEED=1", "SLUICE_UNUSED=", "PATH=/bin",
			"SLUICE_PORT=tcp://10.0.0.1:8080", "SLUICE_SERVICE_HOST=10.0.0.1", "SLUICE_PORT_8080_TCP_ADDR=10.0.0.1",
			"GENESYS_MOCK_SERVICE_PORT_HTTP=80", "SLUICE_ADMIN_PORT=8080",
		},
		dotenv: "GENESYS_REGIONS=x\n",
	})
	require.NoError(t, cfg.Require(config.ForDemo))
	var got []string
	for _, w := range cfg.Warnings() {
		got = append(got, w.String())
	}
	assert.Equal(t, []string{
		"GENESYS_REGIONS in .env: unknown variable, ignored: did you mean GENESYS_REGION?",
		"GENESYS_SECRET: unknown variable, ignored: did you mean GENESYS_CLIENT_SECRET?",
		"SLUICE_ADMIN_PORT: unknown variable, ignored: did you mean SLUICE_ADMIN_PPROF?",
		"SLUICE_BASE_URL: unknown variable, ignored: did you mean GENESYS_BASE_URL?",
		"SLUICE_CONCURENCY: unknown variable, ignored: did you mean SLUICE_CONCURRENCY?",
		"SLUICE_MAX_IN_FLIGHT: unknown variable, ignored: did you mean SLUICE_WORKER_MAX_IN_FLIGHT?",
		"SLUICE_QQQ: unknown variable, ignored: remove it",
	}, got)
}

func TestConfig_WarnsOfADrainThatCutsRequests(t *testing.T) {
	cfg := load(t, setup{env: []string{"SLUICE_DRAIN=3s"}})
	require.Len(t, cfg.Warnings(), 1)
	assert.Equal(t, "SLUICE_DRAIN: shorter than genesys.timeout (got 3s): requests cut at a stop or rebalance are sent again; use 35s",
		cfg.Warnings()[0].String())
}

func TestConfig_KeepsTheDefaultOfAnUnusableValue(t *testing.T) {
	cfg := load(t, setup{env: []string{"SLUICE_MAX_ATTEMPTS=x", "SLUICE_TOPIC=ok"}})
	assert.Equal(t, 4, cfg.Worker.MaxAttempts)
	assert.False(t, cfg.Origin("worker.max_attempts").ByHand())
}

func problems(t *testing.T, cfg *config.Config, need config.Need) []string {
	t.Helper()
	err := cfg.Require(need)
	var all *config.Error
	require.ErrorAs(t, err, &all)
	var lines []string
	for _, p := range all.Problems {
		lines = append(lines, p.String())
	}
	assertHidden(t, err.Error())
	return lines
}
