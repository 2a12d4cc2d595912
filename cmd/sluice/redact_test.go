package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/config"
)

// What the configuration accepts, dead letters can be redacted by, and the other way round.
func TestRedact_ConfigurationAndDeadLettersAgree(t *testing.T) {
	for rule, good := range map[string]bool{
		"/a": true, "/": true, "/a/*/b": true, "/a~0~1b": true, "key": true, "payload": true, "header:x": true, "header:*": true, "header::": true,
		"a": false, "keys": false, "Key": false, "header": false, "header:": false, "/a~": false, "/a~2": false, "/~~0": false, "*": false, "#/a": false, "$.a": false,
		"/\xff": false, "header:\xff": false,
	} {
		cfg := config.Load(config.Options{Dir: t.TempDir(), Environ: []string{"SLUICE_DEAD_LETTER_REDACT=" + rule}})
		err := cfg.Require(config.NeedWorker)
		_, direct := deadletter.NewRedaction([]string{rule})
		require.Equal(t, good, err == nil, "%q: %v", rule, err)
		require.Equal(t, good, direct == nil, "%q: %v", rule, direct)
	}
}
