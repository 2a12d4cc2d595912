package config_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/sluice-kafka/sluice/internal/config"
)

func FuzzLoad_YAML(f *testing.F) {
	for _, seed := range []string{
		"", "kafka: {topic: x}", "kafka: &k\n  sasl: *k\n", "a: *b", "[", "{", "\x00", "\xff\xfe", "%YAML 9", "--- a\n--- b",
		"? [a]\n: b", "<<: {kafka: {topic: x}}", "genesys: {input: {<<: *x}}", "worker:\n  drain: !!binary aGk=\n", "!!map [1]",
		"genesys:\n  client_secret: |\n    multi\n    line\n", "&a [*a]", "kafka: !!null ''",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "sluice.yaml")
		write(t, path, string(data))
		exercise(t, config.Options{Dir: dir, Environ: []string{}})
	})
}

func FuzzLoad_DotEnv(f *testing.F) {
	for _, seed := range []string{"", "A=1", "export A='1", "=", ":", "A", "#", "A=${A}${B}", "\xff=\xff", "A=\"\\", "A=1\r\nB:2", "SLUICE_X=$(ls)", "\n\n="} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		write(t, filepath.Join(dir, ".env"), string(data))
		exercise(t, config.Options{Dir: dir, Environ: []string{}})
	})
}

// exercise does with a configuration all that a command may.
func exercise(t *testing.T, o config.Options) string {
	cfg := config.Load(o)
	var out strings.Builder
	if err := cfg.Require(config.ForRun); err != nil {
		out.WriteString(err.Error())
	}
	for _, w := range cfg.Warnings() {
		out.WriteString(w.String())
	}
	assert.NoError(t, cfg.Print(&out))
	fmt.Fprintf(&out, "%v %+v %#v", *cfg, cfg, cfg)
	return out.String()
}

// Whatever else is wrong, and however a secret is given, no text holds it.
func TestConfig_NeverShowsASecret(t *testing.T) {
	dir := t.TempDir()
	breakage := []string{
		"", "kafka: [", "worker: {concurrency: x}", "genesys: {client_secret: again}", "log: {level: *z}", "x: 'y", "kafka: {topic: }\n\tz: 1", "? ",
	}
	rapid.Check(t, func(r *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9_-]{12,40}`).Draw(r, "secret")
		quoted := rapid.SampledFrom([]string{"%s", "'%s'", `"%s"`, "*%s", "[%s]", "{a: %s}", "'%s", `"%s`, "&%s", "!%s x", "|\n  %s", "%s: x", "@%s", "`%s`"}).Draw(r, "quoting")
		value := fmt.Sprintf(quoted, secret)
		yaml := "genesys:\n  client_secret: " + value + "\n" + rapid.SampledFrom(breakage).Draw(r, "breakage")
		if rapid.Bool().Draw(r, "as a file") {
			yaml = strings.Replace(yaml, "client_secret", "client_secret_file", 1)
		}
		name := rapid.SampledFrom([]string{
			"GENESYS_CLIENT_SECRET", "GENESYS_CLIENT_SECRET_FILE", "SLUICE_KAFKA_SASL_PASSWORD", "SLUICE_KAFKA_SASL_PASSWORD_FILE", "GENESYS_SECRET",
		}).Draw(r, "variable")
		dotenv := rapid.SampledFrom([]string{"=", " ", ": ", "=\"", "='", "\n"}).Draw(r, "separator")
		write(t, filepath.Join(dir, "sluice.yaml"), yaml)
		write(t, filepath.Join(dir, ".env"), "A=1\n"+name+dotenv+secret+"\nB=2\n")
		env := []string{}
		if rapid.Bool().Draw(r, "in the environment") {
			env = append(env, name+"="+secret, "GENESYS_BASE_URL=https://u:"+secret+"@host", "SLUICE_KAFKA_BROKERS=u:"+secret+"@h:1")
		}
		if text := exercise(t, config.Options{Dir: dir, Environ: env}); strings.Contains(text, secret) {
			r.Fatalf("the secret %q is in:\n%s", secret, text)
		}
	})
}
