// Package deadletter keeps the messages that could not be delivered: what a dead letter says ([Record]), how
// it is laid out on a Kafka topic ([Encode], [Decode], [JSONSchema]), how it is written so that nothing is
// lost ([Writer]) and how it is found again ([Reader]).
//
// What it guarantees:
//
//   - A record holds the source message byte for byte: payload, key, header names and values. Where JSON
//     text would not, base64 does.
//   - A write ends in one of two ways: every in-sync replica has the record, or the caller's context ended.
//     An error of the topic, the brokers or the network is retried for ever. An error about the record
//     itself, such as one too large, makes the record smaller step by step until it fits; one record that is
//     refused neither fails nor delays the others beyond its own repeats.
//   - Writes are at least once: a request that failed after the brokers stored it is sent again. Readers
//     recognise a repeat by the id, which is the source message's topic, partition and offset.
//   - A reader scans the topic as it stands when the scan starts, in memory that does not grow with the
//     topic, and a record it cannot decode does not stop it.
//   - A [Replayer] puts each message onto its source topic once, whoever else replays the same at the same time and
//     wherever it breaks off; what it cannot know it does not guess, but stops. The [StateLog] holds what became of
//     each dead letter.
//   - No log line, error or metric of this package holds a payload, a key or a header value.
//
// A worker needs only the Writer:
//
//	w, err := deadletter.NewWriter(deadletter.WriterConfig{Topic: "payloads.dlq", Cluster: cluster, Logger: log})
//	err = w.Write(ctx, record)
package deadletter
