package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// historyOf answers requests for pages with these, one after the other, and then as the last one.
func historyOf(answers ...genesystest.Answer) genesystest.Options {
	n := 0
	return genesystest.Options{Behaviour: func(c genesystest.Call) genesystest.Answer {
		if c.Path != genesystest.PathHistory {
			return genesystest.Answer{}
		}
		n++
		return answers[min(n, len(answers))-1]
	}}
}

func pageOf(body string) genesystest.Answer {
	return genesystest.Answer{Status: 200, Body: []byte(body)}
}

func TestInvocationsList_PrintsWhatItCouldRead(t *testing.T) {
	first := pageOf(`{"entities":[{"invocationId":"i-1","status":"FAILED","mood":"bad","startTime":"2026-11-23T09:30:00Z"}],"nextPage":"two"}`)
	for name, tc := range map[string]struct {
		second genesystest.Answer
		args   []string
		exit   int
		says   string
	}{
		"all":            {second: pageOf(`{"entities":[]}`), exit: exitOK, says: "1 invocation\n"},
		"repeated token": {second: pageOf(`{"entities":[],"nextPage":"two"}`), exit: 1, says: "a next page that was read already"},
		"HTML with 200":  {second: genesystest.Answer{Status: 200, Body: []byte("<p>"), ContentType: "text/html"}, exit: 1, says: "not a page of invocations"},
		"truncated":      {second: genesystest.Answer{Cut: true, Status: 200, Body: []byte(`{"entities":[]}`)}, exit: 1, says: "page 2: "},
		"slow":           {second: genesystest.Answer{Hang: true}, args: []string{"--timeout", "1s"}, exit: 1, says: "not done within 1s (--timeout)"},
		"403":            {second: genesystest.Answer{Status: 403}, exit: 1, says: "Try: a role for the OAuth client"},
		"401":            {second: genesystest.Answer{Status: 401}, exit: exitCredentials, says: "Try: GENESYS_CLIENT_ID"},
		"500":            {second: genesystest.Answer{Status: 500}, exit: 1, says: "page 2: history request: server (HTTP 500"},
		"its own words":  {second: genesystest.Answer{Status: 400, Message: payloadMark}, exit: 1, says: "refused (HTTP 400"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := historyOf(first, tc.second)
			against(t, answers)
			r := sluice(t, append([]string{"invocations", "list", "-o", "json"}, tc.args...)...)
			require.Equal(t, tc.exit, r.code, r.errs)
			assert.Contains(t, r.errs, tc.says)
			if tc.exit != exitOK {
				assert.Contains(t, r.errs, "; 1 invocation printed before\n")
			}
			var printed []map[string]any
			require.NoError(t, json.Unmarshal([]byte(r.out), &printed), r.out)
			require.Len(t, printed, 1)
			assert.Equal(t, "bad", printed[0]["mood"], "what is not known is kept")
		})
	}
}

func TestInvocationsList_TableTakesAnyEntity(t *testing.T) {
	against(t, historyOf(pageOf(`{"entities":[{"id":"i-1","state":"a\u001b[31mb"},"text",null]}`)))
	r := sluice(t, "invocations", "list")
	require.Equal(t, exitOK, r.code, r.errs)
	require.Equal(t, "INVOCATION  STATUS      STARTED  ENDED\n"+
		`i-1         a\x1b[31mb  -        -`+"\n"+
		"?           running     -        -\n"+
		"?           running     -        -\n", r.out)
}

func TestInvocationTable_HoldsBackOnlyTheFirstRows(t *testing.T) {
	var out bytes.Buffer
	table := invocationTable{out: &out}
	row := func(i int) genesys.Invocation {
		return genesys.Invocation{ID: fmt.Sprintf("i-%04d", i), Status: "DONE", Started: time.Date(2026, 11, 23, 9, 0, i, 0, time.UTC)}
	}
	for i := range rowsAhead - 1 {
		require.NoError(t, table.print(row(i)))
	}
	require.Empty(t, out.String())
	require.NoError(t, table.print(row(rowsAhead)))
	require.Equal(t, rowsAhead+1, strings.Count(out.String(), "\n"))
	require.NoError(t, table.print(row(rowsAhead+1)))
	require.Empty(t, table.held)
	require.Equal(t, rowsAhead+2, strings.Count(out.String(), "\n"))
	require.NoError(t, table.end())
	for line := range strings.Lines(out.String()) {
		require.Equal(t, strings.Index("INVOCATION  STATUS", "S"), strings.IndexAny(line, "SD"), line)
	}
}

func TestInvocationsGet_TellsHowItEnded(t *testing.T) {
	entity := func(status string) genesystest.Answer {
		return pageOf(`{"entities":[{"invocationId":"i-1","status":"` + status + `","detail":7}]}`)
	}
	for name, tc := range map[string]struct {
		answer genesystest.Answer
		args   []string
		exit   int
		out    string // what is in it
		says   string
	}{
		"completed":        {answer: entity("COMPLETED"), exit: exitOK, out: `"detail": 7`},
		"failed":           {answer: entity("FAILED"), exit: 1, out: "FAILED", says: "Error: the invocation has ended as FAILED\n"},
		"not in time":      {answer: entity("RUNNING"), args: []string{"--timeout", "1s"}, exit: 1, out: "RUNNING", says: "not done within 1s (--timeout); it is RUNNING as it was seen last\n"},
		"API never serves": {answer: genesystest.Answer{Status: 503}, args: []string{"--timeout", "1s"}, exit: 1, says: "the last look: page 1: history request: server (HTTP 503"},
		"no permission":    {answer: genesystest.Answer{Status: 403}, exit: 1, says: "Try: a role"},
		"too far back":     {answer: pageOf(`{"entities":[],"nextPage":2}`), args: []string{"--max-pages", "1"}, exit: 1, says: "(--max-pages)"},
	} {
		t.Run(name, func(t *testing.T) {
			against(t, historyOf(tc.answer))
			r := sluice(t, append([]string{"invocations", "get", "i-1"}, tc.args...)...)
			require.Equal(t, tc.exit, r.code, r.errs)
			assert.Contains(t, r.out, tc.out)
			assert.Contains(t, r.errs, tc.says)
		})
	}
}
