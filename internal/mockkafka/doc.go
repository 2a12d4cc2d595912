// Package mockkafka is the embedded broker as a server, for people to try things against: `sluice mock kafka`.
// It can be made to fail while it runs ([Fault]), by a call or over HTTP, so that one can watch what a producer
// and a worker do then. It is not Kafka: it has one broker, no replicas, and keeps what it serves in memory.
package mockkafka
