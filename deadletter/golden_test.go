package deadletter

import (
	"bytes"
	"os"
	"path/filepath"
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
