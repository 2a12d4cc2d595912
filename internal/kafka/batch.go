package kafka

import (
	"encoding/binary"

	kafkago "github.com/segmentio/kafka-go"
)

// batchOverhead is the size in bytes of a record batch before its records, which brokers count too (Kafka
// protocol guide, "Record Batch").
const batchOverhead = 61

// BatchSize returns the size in bytes of a batch that holds the message alone: what a broker compares with
// max.message.bytes. Several messages' batch is no larger than the sum of theirs.
func BatchSize(m kafkago.Message) int {
	const attributesAndDeltas = 3
	n := attributesAndDeltas + varBytes(len(m.Key), m.Key == nil) + varBytes(len(m.Value), m.Value == nil)
	n += varInt(int64(len(m.Headers)))
	for _, h := range m.Headers {
		n += varBytes(len(h.Key), false) + varBytes(len(h.Value), h.Value == nil)
	}
	return batchOverhead + varInt(int64(n)) + n
}

// varBytes returns the encoded size of a byte string with its length; null is the length -1.
func varBytes(n int, null bool) int {
	if null {
		return varInt(-1)
	}
	return varInt(int64(n)) + n
}

func varInt(n int64) int {
	var b [binary.MaxVarintLen64]byte
	return binary.PutVarint(b[:], n)
}
