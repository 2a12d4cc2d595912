package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// tooHigh is an invalid payload: its dead letter has to carry whatever is odd about the record around it.
var (
	tooHigh      = with("priority", "9")
	tooHighEnd   = invalid("maximum", "/priority")
	distantPast  = time.UnixMilli(-62_135_596_800_001) // the millisecond before year 1
	farFuture    = time.UnixMilli(253_402_300_800_000) // the first of year 10000
	lastInstant  = time.UnixMilli(math.MaxInt64)       // what 64 bits hold
	noTimestamp  = time.UnixMilli(-1)                  // Kafka's "none"
	traceContext = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
)

func hostileRecords() []hostile {
	return []hostile{
		{name: "no key", value: tooHigh, shape: keyed(nil), end: tooHighEnd},
		{name: "an empty key", value: tooHigh, shape: keyed([]byte{}), end: tooHighEnd},
		{name: "a key that is not UTF-8", value: tooHigh, shape: keyed([]byte("\xff\x00\xfe")), end: tooHighEnd},
		{name: "a key with line breaks and colours", value: tooHigh, shape: keyed([]byte("\r\n\x1b[31mred")), end: tooHighEnd},
		{name: "a key of 900 KiB", value: tooHigh, shape: keyed([]byte(strings.Repeat("k", 900<<10))), end: tooHighEnd},
		{name: "a key of 900 KiB that is not UTF-8", value: good, shape: keyed([]byte(strings.Repeat("\xff", 900<<10))), end: delivered},
		{name: "1,000 headers", value: tooHigh, shape: headed(manyHeaders(1000)...), end: tooHighEnd},
		{name: "1,000 headers, all of one name", value: good, shape: headed(oneNameHeaders(1000)...), end: delivered},
		{name: "a header of 1 MiB", value: tooHigh, shape: headed("big", strings.Repeat("h", 1<<20)), end: tooHighEnd},
		{name: "a header of 1 MiB that is not UTF-8", value: tooHigh, shape: headed("big", strings.Repeat("\xfe", 1<<20)), end: tooHighEnd},
		{name: "a header name that is not UTF-8", value: tooHigh, shape: headed("\xff\xfe", "v"), end: tooHighEnd},
		{name: "an empty header name", value: tooHigh, shape: headed("", "v"), end: tooHighEnd},
		{name: "a null and an empty header value", value: tooHigh, shape: func(r *kgo.Record) {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: "null"}, kgo.RecordHeader{Key: "empty", Value: []byte{}})
		}, end: tooHighEnd},
		{name: "headers of dead letters, forged", value: tooHigh, shape: headed("dlq.id", "x/0/0", "dlq.code", "FORGED", "dlq.replays", "999999999999999999999", "dlq.replays", "NaN"), end: tooHighEnd},
		{name: "a traceparent with CRLF and a header", value: good, shape: headed("traceparent", traceContext[:53]+"\r\n", "traceparent", traceContext+"\r\nX-Injected: 1"), end: delivered},
		{name: "two traceparents", value: tooHigh, shape: headed("TraceParent", traceContext, "traceparent", "00-zz"), end: tooHighEnd},
		{name: "Authorization and Content-Length as headers", value: good, shape: headed("Authorization", "Bearer x", "Content-Length", "0", "Host", "evil.example"), end: delivered},
		{name: "timestamp 0", value: tooHigh, shape: stampedAt(time.UnixMilli(0)), end: tooHighEnd},
		{name: "timestamp -1", value: tooHigh, shape: stampedAt(noTimestamp), way: byHand, end: tooHighEnd},
		{name: "timestamp before year 1", value: tooHigh, shape: stampedAt(distantPast), way: byHand, end: tooHighEnd},
		{name: "timestamp in year 10000", value: tooHigh, shape: stampedAt(farFuture), way: byHand, end: tooHighEnd},
		{name: "the last timestamp of 64 bits", value: good, shape: stampedAt(lastInstant), way: byHand, end: delivered},
		{name: "a gzip batch", value: sized(900 << 10), way: byGzip, end: delivered},
		{name: "a snappy batch", value: sized(900 << 10), way: bySnappy, end: delivered},
		{name: "an lz4 batch", value: sized(900 << 10), way: byLz4, end: delivered},
		{name: "a zstd batch", value: sized(900 << 10), way: byZstd, end: delivered},
		{name: "5 MiB in a batch of a few hundred bytes", value: sized(5 << 20), way: byZstd, end: invalid("size", "")},
	}
}

func hostileTransactions() []hostile {
	return []hostile{
		{name: "in a transaction", value: tooHigh, way: inTransaction, end: tooHighEnd},
		{name: "in a transaction that was aborted", value: good, way: inAborted, end: ending{unseen: true}},
	}
}

// headed adds headers, given by name and value.
func headed(nameAndValue ...string) func(*kgo.Record) {
	return func(r *kgo.Record) {
		for i := 0; i < len(nameAndValue); i += 2 {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: nameAndValue[i], Value: []byte(nameAndValue[i+1])})
		}
	}
}

func manyHeaders(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("header-%d", i), strings.Repeat("v", i%50))
	}
	return list
}

func oneNameHeaders(n int) (list []string) {
	for range n {
		list = append(list, "traceparent", "not one")
	}
	return list
}

func stampedAt(t time.Time) func(*kgo.Record) { return func(r *kgo.Record) { r.Timestamp = t } }
