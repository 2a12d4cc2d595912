package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/term"
)

func TestFilterFlags_ReadMomentsAsPeopleWriteThem(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	for text, want := range map[string]time.Time{
		"":                          {},
		"90m":                       now.Add(-90 * time.Minute),
		"0s":                        now,
		"3d":                        now.AddDate(0, 0, -3),
		"2026-11-20":                time.Date(2026, 11, 20, 0, 0, 0, 0, now.Location()),
		"2026-11-20T08:00:00Z":      time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC),
		"2026-11-20T08:00:00+02:00": time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC),
		"2026-11-20T08:00:00.25Z":   time.Date(2026, 11, 20, 8, 0, 0, 250_000_000, time.UTC),
	} {
		got, err := parseMoment("--since", text, now)
		require.NoError(t, err, text)
		require.True(t, want.Equal(got), "%q: got %s, want %s", text, got, want)
	}
	for _, text := range []string{"yesterday", "-2h", "3", "d", "-3d", "2026-11-31", "2026-11-20 08:00", "99999999d"} {
		_, err := parseMoment("--since", text, now)
		require.ErrorContains(t, err, "--since: ", text)
		require.Equal(t, exitUsage, exitCode(err), text)
	}
}

// every returns a record for each combination of the closed sets.
func every(visit func(r deadletter.Record)) {
	for _, code := range append(codes, deadletter.CodeForStatus(422), deadletter.CodeForStatus(404), "NEW_CODE") {
		for _, class := range append(classes, "new") {
			for _, outcome := range []deadletter.Outcome{
				deadletter.OutcomeNotSent, deadletter.OutcomeRejected, deadletter.OutcomeAnswered,
				deadletter.OutcomeExecuted, deadletter.OutcomeUnknown, deadletter.OutcomeNone,
			} {
				visit(deadletter.Record{Code: code, Class: class, Outcome: outcome, Source: deadletter.Source{Topic: "t"}})
			}
		}
	}
}

func TestAdviceFor_SaysForEveryRecordWhoseMoveItIs(t *testing.T) {
	every(func(r deadletter.Record) {
		a := adviceFor(r)
		require.NotEmpty(t, a.whose, "%+v", r)
		require.NotEmpty(t, a.why, "%+v", r)
		require.Equal(t, r.Outcome == deadletter.OutcomeNone, a.outcome == "", "%+v", r)
		if r.Class == deadletter.ClassTransient && r.Outcome == deadletter.OutcomeUnknown {
			require.NotEqual(t, "nobody", a.whose, "sent again, it might run twice: %+v", r)
		}
		for _, n := range a.next {
			require.True(t, strings.HasPrefix(n.typed, "sluice "), n.typed)
		}
	})
}

func TestSheet_LeavesNothingOutThatIsCut(t *testing.T) {
	d := &deadLetters{topic: "payloads.dlq"}
	r := seriesRecord(1)
	r.Payload = r.Payload[:20]
	r.Source.Key = nil
	r.Source.Headers = []deadletter.Header{{Key: "big", Size: 5000}, {Key: "null"}}
	r.Attempts = append(r.Attempts[:1], r.Attempts[3])
	r.Cut = &deadletter.Cut{
		Parts:       []deadletter.Part{deadletter.PartPayload, deadletter.PartHeaders, deadletter.PartDetails, deadletter.PartKey},
		PayloadSize: 2_000_000, PayloadSHA256: "ab", KeySHA256: "cd",
	}
	r.Replay = &deadletter.Replay{ID: "rp-1", Count: 2, Of: "payloads/1/7"}
	s := sheet{now: seriesStart.Add(time.Hour)}
	s.deadLetter(d, deadletter.Entry{Record: r, Partition: 2, Offset: 9})
	for _, want := range []string{
		"Payload (the first 20 of 2,000,000 bytes)\n",
		"key         sha256:cd\n",
		"headers     big: (5,000 bytes, left out)\n            null: (null)\n",
		"left out    payload, headers, details, key, so that the record fits its topic: raise max.message.bytes there\n",
		"  … 2 more, not kept in the record\n    4  09:31:00.000",
		"replayed    2×, last as rp-1 of payloads/1/7\n",
		"failed      2026-11-23 09:31:00 UTC (59 min ago)\n",
	} {
		require.Contains(t, s.String(), want)
	}
}

func TestDlqLs_FitsTheTerminal(t *testing.T) {
	var out bytes.Buffer
	a := &app{streams: term.Streams{Out: &out, OutIsTerminal: true}}
	entries := []deadletter.Entry{{Record: seriesRecord(0)}, {Record: seriesRecord(1)}}
	require.NoError(t, a.printDeadLetterTable(&deadLetters{}, entries, false))
	require.Contains(t, out.String(), "ago")
	require.NotContains(t, out.String(), "HTTP 503", "the last column is cut")
	require.Contains(t, out.String(), "\x1b[1mWHAT")
}

func TestObjectWriter_WritesWhatParses(t *testing.T) {
	for n := range 4 {
		for _, bare := range []bool{false, true} {
			for _, format := range []outputFormat{formatJSON, formatNDJSON} {
				var out bytes.Buffer
				w := objectWriter{out: &out, format: format, bare: bare}
				for i := range n {
					require.NoError(t, w.add(map[string]any{"n": i, "text": "<&>"}))
				}
				require.NoError(t, w.end())
				require.NotContains(t, out.String(), `\u003c`)
				switch {
				case format == formatNDJSON:
					require.Equal(t, n, strings.Count(out.String(), "\n"))
				case bare && n == 0:
					require.Empty(t, out.String())
				case bare && n == 1:
					require.JSONEq(t, `{"n":0,"text":"<&>"}`, out.String())
				default:
					var items []map[string]any
					require.NoError(t, json.Unmarshal(out.Bytes(), &items), out.String())
					require.Len(t, items, n)
				}
			}
		}
	}
}
