package deadletter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every record that any version has written, in testdata/v1 as made by hand and in testdata/golden/v1 as the
// worker has written it, is read for ever: it is valid, and what was decoded encodes to the same bytes.
func TestDecode_EveryGoldenFile(t *testing.T) {
	var files []string
	for _, pattern := range []string{"testdata/v1/*.json", "testdata/golden/v1/*.json"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found, pattern)
		files = append(files, found...)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			golden, err := os.ReadFile(file)
			require.NoError(t, err)
			golden = bytes.TrimSuffix(golden, []byte("\n"))
			requireValid(t, golden)
			r, err := Decode(golden)
			require.NoError(t, err)
			require.Equal(t, string(golden), string(Encode(r)))
			require.Equal(t, !strings.Contains(file, "redacted") && !strings.Contains(file, "too_large") || strings.HasPrefix(file, "testdata/v1"),
				r.Restorable())

			newer := bytes.Replace(golden, []byte(`"schema_version":1,`), []byte(`"schema_version":2,"new":{},`), 1)
			var version *VersionError
			_, err = Decode(newer)
			require.ErrorAs(t, err, &version)
			older := bytes.Replace(golden, []byte(`"schema_version":1,`), []byte(`"schema_version":0,`), 1)
			_, err = Decode(older)
			require.ErrorContains(t, err, "schema_version", "there is no version 0")
			added := bytes.Replace(golden, []byte(`"schema_version":1,`), []byte(`"schema_version":1,"added_later":[1],`), 1)
			again, err := Decode(added)
			require.NoError(t, err, "fields may be added in any version")
			require.Equal(t, r, again)
		})
	}
}

// The examples of docs/dead-letter-format.md are golden files, laid out.
func TestFormatPage_ShowsWhatIsWritten(t *testing.T) {
	const page = "../docs/dead-letter-format.md"
	old, err := os.ReadFile(page)
	require.NoError(t, err)
	example := regexp.MustCompile("(?s)<!-- example: ([a-z0-9_]+) -->\n(?:\n```json\n.*?\n```\n)?")
	require.NotEmpty(t, example.FindAll(old, -1))
	want := example.ReplaceAllStringFunc(string(old), func(found string) string {
		name := example.FindStringSubmatch(found)[1]
		golden, err := os.ReadFile(filepath.Join("testdata/golden/v1", name+".json"))
		require.NoError(t, err)
		return "<!-- example: " + name + " -->\n\n```json\n" + aFieldALine(t, golden) + "\n```\n"
	})
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(old), "run with -update if this is meant")
}

// aFieldALine lays a record out with one of its fields a line, each as it was written.
func aFieldALine(t *testing.T, value []byte) string {
	t.Helper()
	fields := json.NewDecoder(bytes.NewReader(value))
	_, err := fields.Token() // the brace
	require.NoError(t, err)
	var lines []string
	for fields.More() {
		name, err := fields.Token()
		require.NoError(t, err)
		var field json.RawMessage
		require.NoError(t, fields.Decode(&field))
		lines = append(lines, fmt.Sprintf("%q:%s", name, field))
	}
	return "{" + strings.Join(lines, ",\n ") + "}"
}
