package deployments_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// instruction is one of a Dockerfile, its continued lines joined.
type instruction struct {
	name, args string
	stage      int // 0 is the first FROM's
}

type dockerfile []instruction

func TestDockerfile_BuildsAStaticBinary(t *testing.T) {
	d := readDockerfile(t)
	build := d.find(t, 0, "RUN", "go build")
	for _, want := range []string{
		"CGO_ENABLED=0", "GOOS=$TARGETOS", "GOARCH=$TARGETARCH", "-trimpath", `-ldflags "-s -w -X main.release=${RELEASE}"`, "./cmd/sluice",
		"--mount=type=cache,target=/go/pkg/mod", "--mount=type=cache,target=/root/.cache/go-build",
	} {
		assert.Contains(t, build.args, want)
	}
	for _, arg := range []string{"TARGETOS", "TARGETARCH", "RELEASE"} {
		d.find(t, 0, "ARG", arg)
	}
	assert.Contains(t, read(t, "cmd", "sluice", "version.go"), "\nvar release string", "the linker sets nothing without a word where the variable is gone")
}

func TestDockerfile_DownloadsModulesInALayerOfTheirOwn(t *testing.T) {
	d := readDockerfile(t)
	at := func(name, part string) int { return slices.Index(d, d.find(t, 0, name, part)) }
	assert.Less(t, at("COPY", "go.mod go.sum"), at("RUN", "go mod download"))
	assert.Less(t, at("RUN", "go mod download"), at("COPY", ". ."))
}

// An older Go would refuse go.mod, or download another one.
func TestDockerfile_GoIsPinnedAndNewEnough(t *testing.T) {
	image := regexp.MustCompile(`golang:(\d+\.\d+)\.\d+-`).FindStringSubmatch(readDockerfile(t).find(t, 0, "FROM", "AS build").args)
	require.Len(t, image, 2, "pinned to a patch release")
	module := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	require.Len(t, module, 2)
	assert.Equal(t, module[1], image[1])
}

func TestDockerfile_TheImageIsSmallAndUnprivileged(t *testing.T) {
	d := readDockerfile(t)
	assert.Equal(t, "gcr.io/distroless/static-debian12:nonroot", d.find(t, 1, "FROM", "").args)
	assert.Equal(t, "65532:65532", d.find(t, 1, "USER", "").args)
	assert.Equal(t, "--from=build /out/sluice /sluice", d.find(t, 1, "COPY", "--from").args)
	for _, i := range d {
		assert.False(t, i.stage == 1 && i.name == "RUN", "there is no shell to run %q", i.args)
		assert.LessOrEqual(t, i.stage, 1)
	}
}

func TestDockerfile_TheImageRunsTheWorker(t *testing.T) {
	d := readDockerfile(t)
	entrypoint, command := d.list(t, "ENTRYPOINT"), d.list(t, "CMD")
	assert.Equal(t, []string{"/sluice"}, entrypoint)
	assert.Equal(t, []string{"run"}, command)
	assertCommandExists(t, command)

	health := d.find(t, 1, "HEALTHCHECK", "").args
	_, exec, ok := strings.Cut(health, "CMD ")
	require.True(t, ok)
	check := decodeList(t, exec)
	assert.Equal(t, entrypoint[0], check[0])
	assertCommandExists(t, check[1:])
	assert.Equal(t, "8080", d.find(t, 1, "EXPOSE", "").args)
}

func TestDockerfile_TheImageSaysWhatItIs(t *testing.T) {
	label := readDockerfile(t).find(t, 1, "LABEL", "").args
	for _, key := range []string{"title", "description", "source", "licenses", "version", "revision", "base.name"} {
		assert.Regexp(t, `org\.opencontainers\.image\.`+regexp.QuoteMeta(key)+`="[^"]+"`, label)
	}
}

// What the binary is built from has to get past .dockerignore, and what might be secret must not.
func TestDockerignore_LetsInWhatIsBuilt(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
		`{{if not .Standard}}{{with .Module}}{{if .Main}}{{$.Dir}}{{range $.EmbedFiles}}{{"\n"}}{{$.Dir}}/{{.}}{{end}}{{end}}{{end}}{{end}}`, "./cmd/sluice")
	list.Dir = root
	out, err := list.Output()
	require.NoError(t, err)
	base, err := filepath.Abs(root)
	require.NoError(t, err)

	let := letIn(t)
	needed := []string{"go.mod", "go.sum", "LICENSE"}
	for _, path := range strings.Fields(string(out)) {
		rel, err := filepath.Rel(base, path)
		require.NoError(t, err)
		needed = append(needed, filepath.ToSlash(rel))
		assert.NotContains(t, strings.Split(filepath.ToSlash(rel), "/"), "testdata", rel)
	}
	require.Greater(t, len(needed), 10, "go list found the packages")
	for _, path := range needed {
		top, _, _ := strings.Cut(path, "/")
		assert.Contains(t, let, top, path)
	}
	for _, entry := range let {
		assert.True(t, slices.ContainsFunc(needed, func(path string) bool {
			return path == entry || strings.HasPrefix(path, entry+"/")
		}), "nothing is built from %s", entry)
	}
}

// letIn returns what .dockerignore excepts from ignoring everything.
func letIn(t *testing.T) []string {
	t.Helper()
	var rules, let []string
	for line := range strings.Lines(read(t, ".dockerignore")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			rules = append(rules, line)
		}
		if name, ok := strings.CutPrefix(line, "!"); ok {
			let = append(let, name)
		}
	}
	require.NotEmpty(t, rules)
	require.Equal(t, "*", rules[0], "everything is ignored but what is named")
	return let
}

func readDockerfile(t *testing.T) dockerfile {
	t.Helper()
	var d dockerfile
	stage, joined := -1, ""
	for line := range strings.Lines(read(t, "deployments", "Dockerfile")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if part, continued := strings.CutSuffix(line, `\`); continued {
			joined += part
			continue
		}
		name, args, _ := strings.Cut(joined+line, " ")
		joined = ""
		if name == "FROM" {
			stage++
		}
		d = append(d, instruction{name, strings.TrimSpace(args), stage})
	}
	return d
}

// find returns the first instruction of that name in a stage whose arguments hold part.
func (d dockerfile) find(t *testing.T, stage int, name, part string) instruction {
	t.Helper()
	i := slices.IndexFunc(d, func(i instruction) bool {
		return i.stage == stage && i.name == name && strings.Contains(i.args, part)
	})
	require.GreaterOrEqual(t, i, 0, "stage %d has no %s %s", stage, name, part)
	return d[i]
}

// list returns an instruction of the last stage in its JSON form, which needs no shell.
func (d dockerfile) list(t *testing.T, name string) []string {
	t.Helper()
	return decodeList(t, d.find(t, 1, name, "").args)
}

func decodeList(t *testing.T, text string) (list []string) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &list), text)
	require.NotEmpty(t, list)
	return list
}
