package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/xeipuuv/gojsonschema"

	"github.com/sluice-kafka/sluice/deadletter"
)

// hostileAudit compares what was sent with what came of it.
type hostileAudit struct {
	rig     *hostileRig
	letters map[string][]deadletter.Record // by id
	results map[string]int                 // how many, by id
}

func (r *hostileRig) audit(t *testing.T) *hostileAudit {
	t.Helper()
	published, err := gojsonschema.NewSchema(gojsonschema.NewBytesLoader(deadletter.JSONSchema()))
	require.NoError(t, err)
	a := &hostileAudit{rig: r, letters: map[string][]deadletter.Record{}, results: map[string]int{}}
	for _, m := range r.ReadAll(t, r.topic+".dlq") {
		letter, err := deadletter.Decode(m.Value)
		require.NoError(t, err)
		id := letter.Source.ID()
		a.letters[id] = append(a.letters[id], letter)
		result, err := published.Validate(gojsonschema.NewBytesLoader(m.Value))
		require.NoError(t, err)
		assert.Empty(t, result.Errors(), "the dead letter of %s against the published schema", id)
		assert.Equal(t, letter.Source.Key, m.Key, "the key of the dead letter of %s", id)
	}
	for _, m := range r.ReadAll(t, r.topic+".results") {
		var result struct {
			Status string          `json:"status"`
			Source json.RawMessage `json:"source"`
		}
		require.NoError(t, json.Unmarshal(m.Value, &result))
		require.Equal(t, "success", result.Status)
		source, _, err := deadletter.DecodeSource(result.Source)
		require.NoError(t, err)
		a.results[source.ID()]++
		assert.Equal(t, source.Key, m.Key, "the key of the result of %s", source.ID())
	}
	return a
}

// message checks one message's end, and returns when it came; ok is false where it was to have none.
func (a *hostileAudit) message(t *testing.T, m message) (at time.Time, ok bool) {
	t.Helper()
	id := deadletter.Source{Topic: m.record.Topic, Partition: int(m.record.Partition), Offset: m.record.Offset}.ID()
	executed, letters := a.rig.executed[m.mark], a.letters[id]
	assert.Equal(t, len(executed), a.results[id], "%s: a result for each delivery", m.kind.name)
	switch {
	case m.kind.end.unseen:
		assert.Empty(t, executed, m.kind.name)
		assert.Empty(t, letters, m.kind.name)
		return time.Time{}, false
	case m.kind.end.code == "":
		if !assert.Empty(t, letters, "%s: no dead letter", m.kind.name) || !assert.Len(t, executed, 1, "%s: delivered once", m.kind.name) {
			return time.Time{}, false
		}
		want := m.record.Value
		if m.kind.end.becomes != nil {
			want = m.kind.end.becomes(m.mark)
		}
		assertSameBytes(t, want, executed[0].payload, m.kind.name+": what was sent")
		return executed[0].at, true
	}
	assert.Empty(t, executed, "%s: not delivered", m.kind.name)
	if !assert.Len(t, letters, 1, "%s: one dead letter", m.kind.name) {
		return time.Time{}, false
	}
	letter := letters[0]
	assert.Equal(t, m.kind.end.code, letter.Code, m.kind.name)
	if m.kind.end.keyword != "" && assert.NotEmpty(t, letter.Violations, m.kind.name) {
		first := letter.Violations[0]
		want := strings.ReplaceAll(m.kind.end.path, "MARK", m.mark)
		assert.Equal(t, m.kind.end.keyword+" "+want, first.Keyword+" "+first.Path, m.kind.name)
	}
	assertWhole(t, m, letter)
	return letter.FailedAt, true
}

// assertWhole checks that a dead letter gives the message back, to the byte.
func assertWhole(t *testing.T, m message, letter deadletter.Record) {
	t.Helper()
	name := m.kind.name
	assert.Nil(t, letter.Cut, "%s: nothing is cut", name)
	assert.Equal(t, m.record.Value == nil, letter.Payload == nil, "%s: null or not", name)
	assertSameBytes(t, m.record.Value, letter.Payload, name+": payload")
	assert.Equal(t, m.record.Key == nil, letter.Source.Key == nil, "%s: null key or not", name)
	assertSameBytes(t, m.record.Key, letter.Source.Key, name+": key")
	if assert.Len(t, letter.Source.Headers, len(m.record.Headers), "%s: headers", name) {
		for i, h := range letter.Source.Headers {
			assert.Equal(t, m.record.Headers[i].Key, h.Key, "%s: name of header %d", name, i)
			assert.Equal(t, m.record.Headers[i].Value == nil, h.Value == nil, "%s: header %d null or not", name, i)
			assertSameBytes(t, m.record.Headers[i].Value, h.Value, name+": header")
		}
	}
	assertTimestamp(t, m.record, letter, name)
}

// assertTimestamp: those that RFC 3339 cannot write are left out.
func assertTimestamp(t *testing.T, r *kgo.Record, letter deadletter.Record, name string) {
	t.Helper()
	want := time.UnixMilli(r.Timestamp.UnixMilli()).UTC()
	if want.Year() < 0 || want.Year() > 9999 {
		want = time.Time{}
	}
	assert.Equal(t, want, letter.Source.Timestamp, "%s: timestamp", name)
}

// assertSameBytes does not print a MiB where they differ.
func assertSameBytes(t *testing.T, want, got []byte, what string) {
	t.Helper()
	a, b := sha256.Sum256(want), sha256.Sum256(got)
	if a == b {
		return
	}
	assert.Fail(t, what+" differs", "want %d bytes (%s): %.300q\ngot  %d bytes (%s): %.300q",
		len(want), hex.EncodeToString(a[:4]), want, len(got), hex.EncodeToString(b[:4]), got)
}
