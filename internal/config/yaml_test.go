package config_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/config"
)

func TestLoad_ReportsFaultsOfTheFileWithTheirLine(t *testing.T) {
	tests := map[string]struct{ yaml, want string }{
		"unknown key":      {"\n\nworker:\n  ordre: key\n", "sluice.yaml:4 worker.ordre: unknown key: did you mean worker.order?"},
		"group left out":   {"topic: x\n", "sluice.yaml:1 topic: unknown key: did you mean kafka.topic?"},
		"wrong group":      {"kafka: {concurrency: 1}\n", "sluice.yaml:1 kafka.concurrency: unknown key: did you mean worker.concurrency?"},
		"nothing near":     {"qqqqqqqq: x\n", "sluice.yaml:1 qqqqqqqq: unknown key: remove it; `sluice check --print-config` lists the keys there are"},
		"unknown group":    {"zzz: {topic: x}\n", "sluice.yaml:1 zzz: unknown key: remove it; `sluice check --print-config` lists the keys there are"},
		"twice":            {"kafka:\n  topic: a\n  topic: b\n", "sluice.yaml:3 kafka.topic: set twice, first in line 2: keep one"},
		"group twice":      {"kafka: {topic: a}\nlog: {}\nkafka: {group: b}\n", "sluice.yaml:3 kafka: set twice, first in line 1: keep one"},
		"value as a group": {"kafka: here\n", "sluice.yaml:1 kafka: not a group of settings: write its settings below it, indented"},
		"document":         {"- a\n- b\n", "sluice.yaml:1: not a group of settings: write its settings below it, indented"},
		"group as a value": {"kafka:\n  topic: {a: b}\n", "sluice.yaml:2 kafka.topic: a group where one value is expected: write the value after the colon"},
		"list as a value":  {"kafka:\n  topic: [a]\n", "sluice.yaml:2 kafka.topic: a list where one value is expected: write it without dashes or brackets"},
		"nested list":      {"kafka:\n  brokers: [[a]]\n", "sluice.yaml:2 kafka.brokers: neither a value nor a list nor a map of values: write plain values"},
		"nested map":       {"genesys:\n  input: {a: {b: c}}\n", "sluice.yaml:2 genesys.input: neither a value nor a list nor a map of values: write plain values"},
		"empty map":        {"genesys:\n  input: {}\n", "sluice.yaml:2 genesys.input: empty: use payload, flat, or in sluice.yaml a map of property name to source"},
		"no source":        {"genesys:\n  input: {a: ''}\n", "sluice.yaml:2 genesys.input: a property without a name or a source: give each a JSON pointer, $id, $key, $timestamp or $header.NAME"},
		"two documents":    {"kafka: {}\n---\nlog: {}\n", "sluice.yaml: more than one document: keep one, without --- between"},
		"unknown anchor":   {"genesys: {client_secret: *" + hunter + "}\n", "sluice.yaml: not YAML, unknown anchor … referenced: mend it, and quote values that hold a colon, *, &, or #"},
		"syntax":           {"kafka:\n  topic: [\n", "sluice.yaml:2: not YAML, did not find expected node content: mend it, and quote values that hold a colon, *, &, or #"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := problems(t, load(t, setup{yaml: test.yaml}), config.ForDemo|config.NeedKafka)
			assert.Equal(t, []string{test.want}, got)
		})
	}
}

func TestLoad_AcceptsWhatYAMLAllows(t *testing.T) {
	tests := map[string]struct {
		yaml string
		want func(*config.Config) bool
	}{
		"empty file":        {"# nothing\n", func(c *config.Config) bool { return c.Kafka.Topic == "payloads" }},
		"empty group":       {"kafka:\n", func(c *config.Config) bool { return c.Kafka.Topic == "payloads" }},
		"null value":        {"kafka: {topic: null}\n", func(c *config.Config) bool { return c.Kafka.Topic == "payloads" }},
		"quoted null":       {"kafka: {topic: 'null'}\n", func(c *config.Config) bool { return c.Kafka.Topic == "null" }},
		"brokers as a list": {"kafka:\n  brokers:\n  - a:1\n  - b:2\n", func(c *config.Config) bool { return len(c.Kafka.Brokers) == 2 }},
		"brokers as text":   {"kafka: {brokers: 'a:1, b:2'}\n", func(c *config.Config) bool { return len(c.Kafka.Brokers) == 2 }},
		"alias":             {"kafka: {topic: &t x, group: *t}\n", func(c *config.Config) bool { return c.Kafka.Group == "x" }},
		"number as text":    {"genesys: {client_id: 0123}\n", func(c *config.Config) bool { return c.Genesys.ClientID == "0123" }},
		"numeric secret":    {"genesys: {client_secret: 1e3}\n", func(c *config.Config) bool { return c.Genesys.ClientSecret.Reveal() == "1e3" }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := load(t, setup{yaml: test.yaml})
			require.NoError(t, cfg.Require(config.ForDemo|config.NeedKafka))
			assert.True(t, test.want(cfg))
		})
	}
}

func TestLoad_SurvivesAnAnchorThatHoldsItself(t *testing.T) {
	cfg := load(t, setup{yaml: "kafka: &k\n  sasl: *k\n"})
	assert.Equal(t, []string{
		"sluice.yaml:2 kafka.sasl.sasl: unknown key: remove it; `sluice check --print-config` lists the keys there are",
	}, problems(t, cfg, config.NeedKafka))
}

func TestLoad_SaysLittleOfAFileThatIsNotOurs(t *testing.T) {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, "someones_setting_%d: 1\n", i)
	}
	assert.Len(t, problems(t, load(t, setup{yaml: b.String()}), config.ForValidate), 32)
}

func TestLoad_ReportsFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	cfg := config.Load(config.Options{File: filepath.Join(dir, "none.yaml"), Dir: dir, Environ: []string{}})
	assert.Equal(t, []string{
		filepath.Join(dir, "none.yaml") + ": cannot be read, no such file or directory: check the path and its permissions",
	}, problems(t, cfg, config.ForValidate))

	write(t, filepath.Join(dir, "big.yaml"), strings.Repeat("#\n", 1<<20))
	cfg = config.Load(config.Options{File: filepath.Join(dir, "big.yaml"), Dir: dir, Environ: []string{}})
	assert.Contains(t, problems(t, cfg, config.ForValidate)[0], "cannot be read, larger than 1MiB")
}

func TestLoad_ReportsFaultsOfDotEnvWithoutQuotingIt(t *testing.T) {
	tests := map[string]struct{ dotenv, want string }{
		"no equals sign":     {"A=1\nGENESYS_CLIENT_SECRET " + hunter + "\nB=2\n", ".env:2: a line that is not NAME=value: mend it, and close what is quoted"},
		"the same, at end":   {"A=1\nGENESYS_CLIENT_SECRET " + hunter, ".env:2: a line that is not NAME=value: mend it, and close what is quoted"},
		"space in a name":    {"GENESYS_CLIENT_SECRET " + hunter + "=x\n", ".env:1: a line that is not NAME=value: mend it, and close what is quoted"},
		"two words":          {"A=1\nB C=1\n", ".env: a line that is not NAME=value: mend it, and close what is quoted"},
		"unterminated quote": {"A=1\n\nGENESYS_CLIENT_SECRET=\"" + hunter + "\nB=2\n", ".env:3: a line that is not NAME=value: mend it, and close what is quoted"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{test.want}, problems(t, load(t, setup{dotenv: test.dotenv}), config.ForValidate))
		})
	}
}
