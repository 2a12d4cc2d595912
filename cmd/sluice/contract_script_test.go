package main

import (
	"bytes"
	"net/http"

	"github.com/rogpeppe/go-internal/testscript"
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
