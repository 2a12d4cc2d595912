package results

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"
	"pgregory.net/rapid"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/internal/kafka"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// samples are the forms that a record comes in.
func samples() map[string]Record {
	at := time.Date(2026, 11, 23, 9, 30, 0, 120_000_000, time.UTC)
	whole := Record{
		Data: json.RawMessage(`{"invocationId":"inv-1","note":"a<b>&c"}`), RequestID: "req-1", At: at,
		Source: deadletter.Source{
			Topic: "payloads", Partition: 3, Offset: 1042, Timestamp: at.Add(-time.Second), Key: []byte("customer-17"),
			Headers: []deadletter.Header{{Key: "event", Value: []byte("17")}, {Key: "binary", Value: []byte{0xff}}, {Key: "null"}},
		},
	}
	empty := whole
	empty.Data, empty.RequestID, empty.Source.Key, empty.Source.Headers = nil, "", nil, nil
	raw := whole
	raw.Data, raw.Source.Key = json.RawMessage(`{"raw":"<html>accepted</html>"}`), []byte{0xff, 0x00}
	large := whole
	large.Data = json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	large.Source.Key = []byte(strings.Repeat("k", 500))
	return map[string]Record{
		"whole": whole, "no_body": empty, "raw": raw,
		"data_cut": decode(fit(large, 64<<10)), "all_cut": decode(fit(large, 700)),
	}
}

func decode(f kafka.Form) Record {
	r, err := Decode(f.Message.Value)
	if err != nil {
		panic(err)
	}
	return r
}

// The golden files are what others read: a change of them is a change of the format.
func TestEncode_Golden(t *testing.T) {
	for name, r := range samples() {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".golden.json")
			value := Encode(r)
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(file, append(value, '\n'), 0o644))
			}
			golden, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(golden), string(value)+"\n")
			requireValid(t, value)
			back, err := Decode(golden)
			require.NoError(t, err)
			require.Equal(t, r, back)
		})
	}
}

// Whatever the API answers and whatever key and headers a message has, its result is valid, reads back, and
// fits where anything can.
func TestFit_AnyRecordAnyLimit(t *testing.T) {
	text := rapid.SliceOf(rapid.Byte())
	rapid.Check(t, func(t *rapid.T) {
		r := samples()["whole"]
		r.Source.Topic = strings.Repeat("t", rapid.IntRange(1, 249).Draw(t, "topic"))
		r.Source.Key = text.Draw(t, "key")
		for range rapid.IntRange(0, 4).Draw(t, "repeat") {
			r.Source.Key = append(r.Source.Key, r.Source.Key...)
		}
		r.Source.Headers = append(r.Source.Headers, deadletter.Header{Key: string(text.Draw(t, "name")), Value: text.Draw(t, "value")})
		raw, err := json.Marshal(map[string]string{"raw": strings.Repeat(string(text.Draw(t, "data")), rapid.IntRange(1, 100).Draw(t, "times"))})
		require.NoError(t, err)
		r.Data = raw
		limit := rapid.IntRange(1<<10, 8<<10).Draw(t, "limit")

		f := fit(r, limit)
		require.LessOrEqual(t, f.Size, limit)
		require.Equal(t, kafka.BatchSize(f.Message), f.Size)
		requireValid(t, f.Message.Value)
		back, err := Decode(f.Message.Value)
		require.NoError(t, err)
		require.Equal(t, r.Source.ID(), back.Source.ID())
		require.Equal(t, r.RequestID, back.RequestID)
		switch {
		case back.Cut == nil:
			require.Equal(t, string(r.Data), string(back.Data))
			require.Equal(t, r.Source, back.Source)
			require.Equal(t, string(r.Source.Key), string(f.Message.Key))
		case back.Cut.KeySHA256 != "":
			require.Equal(t, hash(r.Source.Key), back.Cut.KeySHA256)
			require.Equal(t, "sha256:"+hash(r.Source.Key)[:32], string(f.Message.Key))
		}
		if back.Cut != nil && back.Cut.DataSHA256 != "" {
			require.Equal(t, len(r.Data), back.Cut.DataSize)
			require.Equal(t, hash(r.Data), back.Cut.DataSHA256)
		}
	})
}

// A result must be writable whatever the API answers.
func TestEncode_NeverFails(t *testing.T) {
	r := samples()["whole"]
	for name, data := range map[string]string{
		"broken": `{"a":`, "not UTF-8": "\"\xff\"", "spaced": "{ \"a\" : 1 }\n", "null": "null",
		"deep":     strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999),
		"too deep": strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001),
	} {
		t.Run(name, func(t *testing.T) {
			r.Data = json.RawMessage(data)
			value := Encode(r)
			require.True(t, json.Valid(value))
			require.NotContains(t, string(value), "\n")
			_, err := Decode(value)
			require.NoError(t, err)
		})
	}
}

func TestDecode_RefusesWithoutQuoting(t *testing.T) {
	for name, value := range map[string]string{
		"nothing": "", "not JSON": "secret", "a dead letter": `{"status":"error","message":"secret","source":{}}`,
		"a wrong type": `{"status":"success","request_id":{"secret":1}}`, "no source": `{"status":"success","data":"secret"}`,
		"a key that is none": `{"status":"success","source":{"topic":"t","key_base64":"secret*"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(value))
			require.ErrorIs(t, err, errNotResult)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

// requireValid fails unless the value is a result by the schema beside the codec, every field described.
func requireValid(t interface {
	require.TestingT
	Helper()
}, value []byte) {
	t.Helper()
	raw, err := os.ReadFile("result.schema.json")
	require.NoError(t, err)
	strict := strings.ReplaceAll(string(raw), `"properties":`, `"additionalProperties": false, "properties":`)
	res, err := gojsonschema.Validate(gojsonschema.NewStringLoader(strict), gojsonschema.NewBytesLoader(value))
	require.NoError(t, err)
	require.Empty(t, res.Errors(), "%.2000s", value)
}
