// Package deployments_test holds what is deployed to what is built: no image can be built in a test, but a
// compose file, a Dockerfile and a page of commands can be read, and the binary asked whether it knows them.
package deployments_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the repository's, the build context.
const root = ".."

var binDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sluice-deployments-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// buildBinary builds the command as the Dockerfile does, once.
var buildBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binDir, "sluice")
	build := exec.Command("go", "build", "-trimpath", "-o", path, "./cmd/sluice") //nolint:noctx // outlives the first test that needs it
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// sluice prepares a command of the binary with nothing but these variables in its environment.
func sluice(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := buildBinary()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = t.TempDir() // where there is no sluice.yaml and no .env
	cmd.Env = append([]string{}, env...)
	return cmd
}

// assertCommandExists asks for the help of a whole command line: flags are parsed on the way to it, so one
// that does not exist, or has a value it cannot read, fails.
func assertCommandExists(t *testing.T, args []string) {
	t.Helper()
	out, err := sluice(t, nil, append(args, "--help")...).CombinedOutput()
	if !assert.NoError(t, err, "sluice %s:\n%s", strings.Join(args, " "), out) {
		return
	}
	// The help of an unknown command is its parent's, which takes no arguments: [flags] follows its name.
	_, usage, _ := strings.Cut(string(out), "Usage:\n  sluice ")
	words := append(strings.Fields(usage), "")
	n := slices.IndexFunc(words, func(w string) bool { return !commandName.MatchString(w) })
	if assert.LessOrEqual(t, n, len(args)) && assert.Equal(t, words[:n], args[:n]) && strings.HasPrefix(words[n], "[") && n < len(args) {
		assert.True(t, strings.HasPrefix(args[n], "-"), "sluice %s: no command %q", strings.Join(args, " "), args[n])
	}
}

var commandName = regexp.MustCompile(`^[a-z]+$`)

// compose reads docker-compose.yml as Docker Compose does, without any environment.
func compose(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")}, cli.WithEnv(nil))
	require.NoError(t, err)
	project, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	return project
}

// variables returns a service's environment as a process sees it.
func variables(s types.ServiceConfig) []string {
	var env []string
	for name, value := range s.Environment {
		if value != nil {
			env = append(env, name+"="+*value)
		}
	}
	return env
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	require.NoError(t, err)
	return string(data)
}
