package main

import (
	"strings"
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

func TestSheet_SaysWhatWasRedacted(t *testing.T) {
	x, err := deadletter.NewRedaction([]string{"/contact/external_id", "/a~1b/*", "key", "header:auth"})
	require.NoError(t, err)
	r := x.Apply(deadletter.Record{
		Code:    deadletter.CodeValidationFailed,
		Source:  deadletter.Source{Topic: "payloads", Key: []byte("k"), Headers: []deadletter.Header{{Key: "Auth", Value: []byte("x")}}},
		Payload: []byte(`{"contact":{"external_id":"c-1","channel":"chat"},"a/b":[1,2],"tags":["***?"]}`),
	})
	var s sheet
	s.redacted(r)
	require.Contains(t, s.String(), "key, header:auth, /contact/external_id, /a~1b/*: removed on purpose (SLUICE_DEAD_LETTER_REDACT)")
	require.False(t, s.removedPayload(r))
	shown := renderPayload(s.style, r.Payload, redactedMarks(r))
	require.Contains(t, shown, `"external_id": "***",  ◄── redacted`)
	require.Equal(t, 3, strings.Count(shown, "◄── redacted"), shown)
	require.Contains(t, keyText(r), "sha256:")

	r.Redacted, r.Payload = nil, []byte("no JSON")
	r = x.Apply(r)
	s = sheet{}
	s.redacted(r)
	require.Contains(t, s.String(), "header:auth, the whole payload: removed on purpose")
	require.True(t, s.removedPayload(r))
	require.Contains(t, s.String(), "(removed on purpose; it had 7 bytes, SHA-256 ")
	require.Empty(t, redactedMarks(r))

	s = sheet{}
	s.redacted(deadletter.Record{Payload: []byte(`"***"`)})
	require.Empty(t, s.String())
	require.Empty(t, redactedMarks(deadletter.Record{Payload: []byte(`"***"`)}), "a payload may hold the mark itself")
}
