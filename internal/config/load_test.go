package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/config"
)

func TestLoad_DefaultsAreWhatIsDocumented(t *testing.T) {
	cfg := load(t, setup{})
	assert.Equal(t, config.Kafka{
		Brokers: []string{"localhost:9092"}, Topic: "payloads", Group: "sluice", Start: "earliest",
		DeadLetterTopic: "payloads.dlq", CreateTopics: true,
	}, cfg.Kafka)
	assert.Equal(t, config.Schema{MaxBytes: 1 << 20}, cfg.Schema)
	assert.Equal(t, config.Worker{
		Order: "key", Concurrency: 64, MaxInFlight: 5000, MaxInFlightBytes: 64 << 20, MaxAhead: 20000, MaxAttempts: 4,
		GiveUpAfter: 24 * time.Hour, RetryUnknown: "retry", Drain: 35 * time.Second, Tombstones: "dead-letter", Refusals: 1000,
	}, cfg.Worker)
	assert.Equal(t, config.Genesys{
		BaseURL: "https://api.mypurecloud.com", API: "processes", Input: config.Input{Mode: "payload"}, Timeout: 30 * time.Second,
	}, cfg.Genesys)
	assert.Equal(t, config.Admin{Addr: "127.0.0.1:8080"}, cfg.Admin)
	assert.Equal(t, config.Log{Level: "info", Format: "auto"}, cfg.Log)
	assert.Empty(t, cfg.Warnings())
}

func TestLoad_DefaultsFollowTheAPIStyle(t *testing.T) {
	cfg := load(t, setup{env: []string{"GENESYS_API=integrations"}})
	assert.Equal(t, 65*time.Second, cfg.Genesys.Timeout)
	assert.Equal(t, config.Rate(300), cfg.Genesys.Rate)
	assert.Equal(t, 10, cfg.Worker.Concurrency)
	assert.Equal(t, 70*time.Second, cfg.Worker.Drain)

	cfg = load(t, setup{env: []string{"GENESYS_API=integrations", "GENESYS_RATE=none", "SLUICE_CONCURRENCY=3"}})
	assert.Zero(t, cfg.Genesys.Rate)
	assert.Equal(t, 3, cfg.Worker.Concurrency)
}

func TestLoad_RegionLeavesTheHostsToTheClient(t *testing.T) {
	cfg := load(t, setup{env: []string{"GENESYS_REGION=eu-central-1"}})
	assert.Empty(t, cfg.Genesys.BaseURL)
	cfg = load(t, setup{env: []string{"GENESYS_REGION=eu-central-1", "GENESYS_BASE_URL=https://gateway.example"}})
	assert.Equal(t, "https://gateway.example", cfg.Genesys.BaseURL)
}

func TestLoad_LaterSourcesWin(t *testing.T) {
	var sources setup
	steps := []struct {
		name   string
		add    func()
		want   string
		origin string
	}{
		{"default", func() {}, "payloads", "default"},
		{"file", func() { sources.yaml = "kafka:\n  topic: from-file\n" }, "from-file", "sluice.yaml:2"},
		{"dotenv", func() { sources.dotenv = "SLUICE_TOPIC=from-dotenv\n" }, "from-dotenv", ".env SLUICE_TOPIC"},
		{"environment", func() { sources.env = []string{"SLUICE_TOPIC=from-env"} }, "from-env", "environment SLUICE_TOPIC"},
		{"flag", func() { sources.flags = map[string]string{"topic": "from-flag"} }, "from-flag", "flag --topic"},
	}
	for _, step := range steps {
		step.add()
		cfg := load(t, sources)
		assert.Equal(t, step.want, cfg.Kafka.Topic, step.name)
		assert.Equal(t, step.origin, cfg.Origin("kafka.topic").String())
		assert.Equal(t, step.name != "default", cfg.Origin("kafka.topic").ByHand())
		assert.Equal(t, step.want+".dlq", cfg.Kafka.DeadLetterTopic)
	}
}

func TestLoad_EmptyVariableIsNotSetButHidesDotEnv(t *testing.T) {
	cfg := load(t, setup{
		yaml: "kafka: {topic: from-file}", dotenv: "SLUICE_TOPIC=from-dotenv", env: []string{"SLUICE_TOPIC="},
	})
	assert.Equal(t, "from-file", cfg.Kafka.Topic)
}

func TestLoad_ReadsEveryKeyFromEverySource(t *testing.T) {
	samples := map[string]string{ // a valid value that is not the default, for every setting
		"kafka.brokers": "a:1,b:2", "kafka.tls": "true", "kafka.tls_ca": "ca.pem", "kafka.tls_cert": "cert.pem", "kafka.tls_key": "key.pem",
		"kafka.tls_server_name": "n", "kafka.sasl.mechanism": "PLAIN", "kafka.sasl.username": "u",
		"kafka.sasl.password": "p", "kafka.topic": "t", "kafka.group": "g", "kafka.start": "latest",
		"kafka.dead_letter_topic": "d", "kafka.results_topic": "r", "kafka.create_topics": "false",
		"schema.file": "s.json", "schema.max_bytes": "2KiB", "worker.order": "none", "worker.concurrency": "7",
		"worker.max_in_flight": "70", "worker.max_in_flight_bytes": "3MiB", "worker.max_ahead": "9", "worker.max_attempts": "2",
		"worker.give_up_after": "2m", "worker.retry_unknown": "dead-letter", "worker.drain": "50s",
		"worker.tombstones": "skip", "worker.refusals": "0", "dead_letter.redact": "/a/*/b,key,header:x", "genesys.base_url": "http://h:1/x",
		"genesys.login_url": "http://l", "genesys.region": "mypurecloud.de", "genesys.api": "integrations",
		"genesys.input": "flat", "genesys.rate": "120", "genesys.timeout": "9s", "genesys.client_id": "0123",
		"genesys.client_secret": "cs", "genesys.data_action_id": "custom_-_1", "genesys.success": "/ok=true",
		"admin.addr": ":9", "admin.pprof": "true", "log.level": "debug", "log.format": "json",
	}
	defaults := load(t, setup{})
	for _, k := range config.Keys() {
		t.Run(k.Path, func(t *testing.T) {
			value, ok := samples[k.Path]
			require.True(t, ok, "no sample: add one")
			sources := map[string]setup{
				"file":        {yaml: nested(k.Path, value)},
				".env":        {dotenv: k.Variable + "=" + value},
				"environment": {env: []string{k.Variable + "=" + value}},
				"flag":        {flags: map[string]string{k.Flag: value}},
			}
			if k.Secret {
				delete(sources, "flag")
			}
			var first *config.Config
			for name, s := range sources {
				cfg := load(t, s)
				assert.True(t, cfg.Origin(k.Path).ByHand(), name)
				if first == nil {
					first = cfg
				}
				assert.Equal(t, plain(first), plain(cfg), "%s differs", name)
			}
			if first == nil {
				return
			}
			assert.NotEqual(t, plain(defaults), plain(first), "the sample changed nothing")
		})
	}
}

func TestLoad_ReadsSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	for name, content := range map[string]string{"bare": hunter, "newline": hunter + "\n", "windows": hunter + "\r\n"} {
		t.Run(name, func(t *testing.T) {
			write(t, path, content)
			for _, s := range []setup{
				{env: []string{"GENESYS_CLIENT_SECRET_FILE=" + path}},
				{dotenv: "GENESYS_CLIENT_SECRET_FILE=" + path},
				{yaml: "genesys: {client_secret_file: " + path + "}"},
				{yaml: "genesys: {client_secret: other}", env: []string{"GENESYS_CLIENT_SECRET_FILE=" + path}},
			} {
				cfg := load(t, s)
				assert.Equal(t, hunter, cfg.Genesys.ClientSecret.Reveal())
				require.NoError(t, cfg.Require(config.ForDemo))
			}
		})
	}
	write(t, path, hunter+"\r\n\n")
	cfg := load(t, setup{env: []string{"GENESYS_CLIENT_SECRET_FILE=" + path}})
	assert.Equal(t, hunter, cfg.Genesys.ClientSecret.Reveal(), "line ends are not the secret's")
}

func TestLoad_ReadsInputAndSuccess(t *testing.T) {
	cfg := load(t, setup{yaml: "genesys:\n  input:\n    external_id: /contact/external_id\n    ref: $id\n"})
	assert.Equal(t, config.Input{Map: map[string]string{"external_id": "/contact/external_id", "ref": "$id"}}, cfg.Genesys.Input)
	require.NoError(t, cfg.Require(config.NeedGenesys))

	for text, want := range map[string]config.Success{
		"/status=ok":         {Pointer: "/status", Value: []byte(`"ok"`)},
		"/statusCode=200":    {Pointer: "/statusCode", Value: []byte(`200`)},
		`/statusCode="200"`:  {Pointer: "/statusCode", Value: []byte(`"200"`)},
		"/a~1b/c=x=y":        {Pointer: "/a~1b/c", Value: []byte(`"x=y"`)},
		"/done=true":         {Pointer: "/done", Value: []byte(`true`)},
		"/nothing=":          {Pointer: "/nothing", Value: []byte(`""`)},
		`/text=with <b> & "`: {Pointer: "/text", Value: []byte(`"with \u003cb\u003e \u0026 \""`)},
	} {
		cfg := load(t, setup{env: []string{"SLUICE_GENESYS_SUCCESS=" + text}})
		assert.Equal(t, want, cfg.Genesys.Success, text)
	}
}

func TestLoad_ReadsSizes(t *testing.T) {
	for text, want := range map[string]config.Bytes{
		"1024": 1 << 10, "1KiB": 1 << 10, "2 MiB": 2 << 20, "1GiB": 1 << 30, "3kB": 3000, "3KB": 3000, "4MB": 4e6, "5GB": 5e9, "6000B": 6000,
	} {
		cfg := load(t, setup{env: []string{"SLUICE_WORKER_MAX_IN_FLIGHT_BYTES=" + text}})
		require.True(t, cfg.Origin("worker.max_in_flight_bytes").ByHand(), text)
		assert.Equal(t, want, cfg.Worker.MaxInFlightBytes, text)
	}
	assert.Equal(t, []string{"0", "1000", "1KiB", "1536KiB", "3GiB"}, []string{
		config.Bytes(0).String(), config.Bytes(1000).String(), config.Bytes(1024).String(),
		config.Bytes(3 << 19).String(), config.Bytes(3 << 30).String(),
	})
}

func TestLoad_ReadsTheFileThatIsNamed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "other.yaml")
	write(t, path, "kafka: {topic: other}")
	write(t, filepath.Join(dir, "sluice.yaml"), "kafka: {topic: standard}")
	cfg := config.Load(config.Options{File: path, Dir: dir, Environ: []string{}})
	assert.Equal(t, "other", cfg.Kafka.Topic)
	assert.Equal(t, path+":1", cfg.Origin("kafka.topic").String())
}

func TestLoad_ReadsTheProcessByDefault(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("SLUICE_GROUP", "from-process")
	write(t, filepath.Join(dir, "sluice.yaml"), "kafka: {topic: here}")
	cfg := config.Load(config.Options{})
	assert.Equal(t, "here", cfg.Kafka.Topic)
	assert.Equal(t, "from-process", cfg.Kafka.Group)
}

// setup is what the sources hold.
type setup struct {
	yaml, dotenv string
	env          []string
	flags        map[string]string
}

func load(t *testing.T, s setup) *config.Config {
	t.Helper()
	dir := t.TempDir()
	if s.yaml != "" {
		write(t, filepath.Join(dir, "sluice.yaml"), s.yaml)
	}
	if s.dotenv != "" {
		write(t, filepath.Join(dir, ".env"), s.dotenv)
	}
	if s.env == nil {
		s.env = []string{}
	}
	return config.Load(config.Options{Dir: dir, Environ: s.env, Flags: s.flags})
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

// nested writes one setting as YAML.
func nested(path, value string) string {
	var b strings.Builder
	segments := strings.Split(path, ".")
	for depth, s := range segments {
		b.WriteString(strings.Repeat("  ", depth) + s + ":")
		if depth < len(segments)-1 {
			b.WriteString("\n")
		}
	}
	if strings.Contains(value, ",") {
		return b.String() + " [" + value + "]\n"
	}
	return b.String() + " " + value + "\n"
}

// values are the settings without where they came from.
type values struct {
	Kafka   config.Kafka
	Schema  config.Schema
	Worker  config.Worker
	Genesys config.Genesys
	Admin   config.Admin
	Log     config.Log

	DeadLetter config.DeadLetter
}

func plain(c *config.Config) values {
	return values{c.Kafka, c.Schema, c.Worker, c.Genesys, c.Admin, c.Log, c.DeadLetter}
}
