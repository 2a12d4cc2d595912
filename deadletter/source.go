package deadletter

import (
	"encoding/json"
	"fmt"
)

// EncodeSource returns a source's JSON as it stands in a dead letter, for records of other kinds that name
// the same messages. Where keySHA256 is not empty it stands in for a key that was cut. Like [Encode] it
// cannot fail.
func EncodeSource(s Source, keySHA256 string) json.RawMessage {
	b, err := marshal(toWireSource(s, keySHA256))
	if err != nil {
		panic(fmt.Sprintf("deadletter: encode a source: %v", err))
	}
	return b
}

// DecodeSource is the inverse of [EncodeSource]. Its errors are [*DecodeError], and never hold what it read.
func DecodeSource(raw []byte) (s Source, keySHA256 string, err error) {
	var w wireSource
	if err := json.Unmarshal(raw, &w); err != nil {
		return Source{}, "", syntaxError(err)
	}
	s, err = w.source()
	return s, w.KeySHA256, err
}
