package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-kafka/sluice/deadletter"
)

const statusSuccess = "success"

// wire is a record's JSON form, in the order in which it is written. What each field means is said once, in
// result.schema.json.
type wire struct {
	Status        string          `json:"status"`
	Data          json.RawMessage `json:"data,omitempty"`
	DataTruncated bool            `json:"data_truncated,omitempty"`
	DataSize      int             `json:"data_size,omitempty"`
	DataSHA256    string          `json:"data_sha256,omitempty"`
	RequestID     string          `json:"request_id,omitempty"`
	Source        json.RawMessage `json:"source"`
	At            time.Time       `json:"at"`
	Cut           []Part          `json:"cut,omitempty"`
}

// Encode returns the record's JSON, on one line without a line break. It cannot fail: bytes of the data that
// are not UTF-8 become U+FFFD, and data that no record can hold as JSON becomes {"raw": "<text>"}.
func Encode(r Record) []byte {
	w := wire{Status: statusSuccess, Data: bytes.ToValidUTF8(r.Data, []byte("\ufffd")), RequestID: r.RequestID, At: r.At.UTC()}
	var keySHA256 string
	if c := r.Cut; c != nil {
		w.Cut, w.DataSize, w.DataSHA256, keySHA256 = c.Parts, c.DataSize, c.DataSHA256, c.KeySHA256
		w.DataTruncated = c.DataSHA256 != ""
	}
	w.Source = deadletter.EncodeSource(r.Source, keySHA256)
	b, err := marshal(w)
	if err != nil { // the data is no JSON, or nested deeper than encoding/json reads
		if w.Data, err = marshal(map[string]string{"raw": string(w.Data)}); err == nil {
			b, err = marshal(w)
		}
	}
	if err != nil {
		// All else marshals by construction: a test holds that.
		panic(fmt.Sprintf("results: encode: %v", err))
	}
	return b
}

// Decode reads a record. Fields it does not know are ignored. Its errors never hold what it read. The record
// does not refer to value's memory.
func Decode(value []byte) (Record, error) {
	var w wire
	if err := json.Unmarshal(value, &w); err != nil {
		return Record{}, errNotResult // encoding/json's own words quote what was read
	}
	if w.Status != statusSuccess {
		return Record{}, errNotResult
	}
	source, keySHA256, err := deadletter.DecodeSource(w.Source)
	if err != nil {
		return Record{}, fmt.Errorf("%w: %w", errNotResult, err)
	}
	r := Record{Data: w.Data, RequestID: w.RequestID, Source: source, At: w.At}
	if len(w.Cut) > 0 {
		r.Cut = &Cut{Parts: w.Cut, DataSize: w.DataSize, DataSHA256: w.DataSHA256, KeySHA256: keySHA256}
	}
	return r, nil
}

var errNotResult = errors.New(`not a result: no JSON object with "status":"success" and a source`)

// marshal is json.Marshal without the rewriting of <, > and & that would change embedded JSON.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
