package results

import (
	"encoding/json"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/deadletter"
)

// Record is one result: a message that the API accepted, and its answer.
type Record struct {
	// Data is the answer's JSON; {"raw": "<text>"} where the answer was none, nil where it had no body.
	Data      json.RawMessage
	RequestID string
	Source    deadletter.Source
	At        time.Time // when the answer came
	Cut       *Cut      // what was left out so that the record fits its topic; nil for a whole record
}

// Part names what was left out of a record that did not fit its topic. The parts are cut in this order, each
// only if those before it were not enough.
type Part string

// The closed set of parts.
const (
	PartData    Part = "data"    // the data; its size and hash stay
	PartHeaders Part = "headers" // the source headers
	PartKey     Part = "key"     // the source key; its hash stays, and takes its place as the key of the Kafka record
)

// Cut tells what was left out of a record, and keeps the identity of what was.
type Cut struct {
	Parts      []Part // in the order they were cut
	DataSize   int    // bytes; it and DataSHA256 are zero where the answer had no body
	DataSHA256 string // hex
	KeySHA256  string // hex; empty where the key is whole
}

// hashKeyPrefix begins the key of a Kafka record whose source key was cut, as on the dead-letter topic.
const hashKeyPrefix = "sha256:"

// KafkaMessage returns the record as it stands on the results topic. Its key is the source key, so that one
// key's results stay in one partition, in the order in which its messages were executed. Topic, partition
// and time are left to the writer.
func (r Record) KafkaMessage() kafkago.Message {
	key := r.Source.Key
	if r.Cut != nil && r.Cut.KeySHA256 != "" {
		key = []byte(hashKeyPrefix + r.Cut.KeySHA256[:min(32, len(r.Cut.KeySHA256))])
	}
	return kafkago.Message{Key: key, Value: Encode(r)}
}
