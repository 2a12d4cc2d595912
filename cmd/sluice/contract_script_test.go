package main

import (
	"bytes"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// scriptAction sets what the script's Genesys Cloud tells of its action, from a file in the form of /_action.
func scriptAction(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: action FILE")
	}
	r, err := http.NewRequest(http.MethodPut, ts.Getenv("GENESYS_BASE_URL")+"/_action", bytes.NewReader([]byte(ts.ReadFile(args[0])))) //nolint:noctx // ends with the script
	ts.Check(err)
	res, err := http.DefaultClient.Do(r)
	ts.Check(err)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		ts.Fatalf("HTTP %d", res.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestContractPage_ShowsWhatIsPrinted holds docs/contract.md to the script that compares five kinds of drift.
func TestContractPage_ShowsWhatIsPrinted(t *testing.T) {
	script, err := txtar.ParseFile("testdata/script/schema_contract.txtar")
	require.NoError(t, err)
	page, err := os.ReadFile("../../docs/contract.md")
	require.NoError(t, err)
	i := slices.IndexFunc(script.Files, func(f txtar.File) bool { return f.Name == "drifted.txt" })
	require.GreaterOrEqual(t, i, 0)
	require.Contains(t, string(page), string(script.Files[i].Data))
}
