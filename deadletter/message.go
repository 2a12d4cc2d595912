package deadletter

import (
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// The headers of every dead-letter message. They mirror the record, so that any Kafka tool can filter
// without parsing; only a record of which [PartAll] was cut lacks them.
const (
	HeaderID          = "dlq.id"          // topic/partition/offset of the source message
	HeaderCode        = "dlq.code"        // the record's Code
	HeaderClass       = "dlq.class"       // the record's Class
	HeaderFingerprint = "dlq.fingerprint" // groups by cause
	HeaderFailedAt    = "dlq.failed-at"   // RFC 3339, UTC
	HeaderReplays     = "dlq.replays"     // how many times the message was replayed before, in decimal
)

// hashKeyPrefix begins the key of a dead-letter message whose source key was cut.
const hashKeyPrefix = "sha256:"

// hashKey returns the key of a dead-letter message whose source key, which has this hash, was cut.
func hashKey(keySHA256 string) string { return hashKeyPrefix + keySHA256[:min(32, len(keySHA256))] }

// KafkaMessage returns the record as it stands on the dead-letter topic. Its key is the source key, so that
// one key's dead letters stay in one partition, in order; where the key was cut it is "sha256:" and the
// first 32 hex digits of the key's hash, so that they still share a partition with each other. Topic,
// partition and time are left to the writer.
func (r Record) KafkaMessage() kafkago.Message {
	m := kafkago.Message{Key: r.Source.Key, Value: Encode(r)}
	if r.keyCut() {
		m.Key = []byte(hashKey(r.Cut.KeySHA256))
	}
	if r.allCut() {
		return m
	}
	replays := 0
	if r.Replay != nil {
		replays = r.Replay.Count
	}
	for _, h := range [...]struct{ key, value string }{
		{HeaderID, r.Source.ID()},
		{HeaderCode, string(r.Code)},
		{HeaderClass, string(r.Class)},
		{HeaderFingerprint, r.Fingerprint()},
		{HeaderFailedAt, instant(r.FailedAt).Format(time.RFC3339Nano)},
		{HeaderReplays, strconv.Itoa(replays)},
	} {
		m.Headers = append(m.Headers, kafkago.Header{Key: h.key, Value: []byte(h.value)})
	}
	return m
}
