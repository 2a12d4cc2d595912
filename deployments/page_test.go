package deployments_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/config"
)

// Every command on the page is one that docker-compose.yml and the binary know.
func TestPage_CommandsExist(t *testing.T) {
	project := compose(t)
	lines := blocks(t, "sh")
	require.Greater(t, len(lines), 10)
	for _, line := range lines {
		line, _, _ = strings.Cut(line, " < ")
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "docker compose run "):
			words = slices.DeleteFunc(words[3:], func(w string) bool { return w == "--rm" || w == "-T" })
			assert.Contains(t, project.ServiceNames(), words[0], line)
			if len(words) > 1 {
				assertCommandExists(t, words[1:])
			}
		case strings.HasPrefix(line, "docker compose logs "):
			assert.Contains(t, project.ServiceNames(), words[len(words)-1], line)
		case strings.HasPrefix(line, "docker compose exec "):
			assert.Contains(t, project.ServiceNames(), words[3], line)
			assert.Contains(t, line, " --bootstrap-server kafka:19092 ", "the listener inside")
			assert.Contains(t, line, " --topic "+*project.Services["worker"].Environment["SLUICE_RESULTS_TOPIC"]+" ", line)
		case strings.HasPrefix(line, "docker run "):
			const image = " sluice " // the last: a container has that name, too
			assertCommandExists(t, strings.Fields(line[strings.LastIndex(line, image)+len(image):]))
		case strings.HasPrefix(line, "docker build "):
			assert.Contains(t, line, "-f deployments/Dockerfile", line)
		case words[0] == "curl":
			assertServed(t, line)
		default:
			assert.Regexp(t, `^docker compose (up --build --detach|ps --all|stop|down)$`, line)
		}
	}
}

// assertServed checks that a curl goes to a port that is published, and to a path that is served there.
func assertServed(t *testing.T, line string) {
	t.Helper()
	paths := map[string][]string{
		"8080": {"/status", "/livez", "/readyz", "/metrics"},
		"8090": {"/_faults", "/_executions"},
	}
	target := regexp.MustCompile(`localhost:(\d+)(/\w+)`).FindStringSubmatch(line)
	require.Len(t, target, 3, line)
	assert.Contains(t, paths[target[1]], target[2], line)
}

func TestPage_FaultsAreUnderstood(t *testing.T) {
	faults := regexp.MustCompile("[`']({\"[^`']+})[`']").FindAllStringSubmatch(page(t), -1)
	require.Greater(t, len(faults), 3)
	for _, m := range faults {
		in := json.NewDecoder(bytes.NewReader([]byte(m[1])))
		in.DisallowUnknownFields()
		var f genesystest.Fault
		assert.NoError(t, in.Decode(&f), m[1])
	}
}

// The page's own sluice.env starts a worker.
func TestPage_VariablesAreSettings(t *testing.T) {
	env := blocks(t, "ini")
	require.NotEmpty(t, env)
	cfg := config.Load(config.Options{Dir: t.TempDir(), Environ: env})
	require.NoError(t, cfg.Require(config.ForRun))
	assert.Empty(t, cfg.Warnings())

	known := map[string]bool{}
	for _, k := range config.Keys() {
		known[k.Variable] = true
		known[k.Variable+"_FILE"] = k.Secret
	}
	for _, name := range regexp.MustCompile(`\b(SLUICE|GENESYS)_[A-Z_]+`).FindAllString(page(t), -1) {
		assert.True(t, known[name], name)
	}
}

func TestPage_NamesEveryService(t *testing.T) {
	for _, name := range compose(t).ServiceNames() {
		assert.Contains(t, page(t), "| `"+name+"` |")
	}
}

// blocks returns the lines of the page's fenced blocks in one language.
func blocks(t *testing.T, language string) (lines []string) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(page(t), -1) {
		lines = append(lines, strings.FieldsFunc(m[1], func(r rune) bool { return r == '\n' })...)
	}
	return lines
}
