// Package worker consumes a Kafka topic as a member of a consumer group, validates each message, invokes the
// API with it, and dead-letters what cannot be delivered.
//
// # What it promises
//
// At least once, and nothing lost: a message is marked only when its end is durable, that is, the API
// accepted it (and its result is written, where results are) or its dead letter is acknowledged by all
// in-sync replicas, and only positions with nothing unmarked before them are committed. A crash repeats what
// was in flight, nothing else.
//
// Order per key: a message is sent only after the one before it with the same key has ended. A key that is
// stuck stops no other key.
//
// Fault where it belongs: a message is dead-lettered for what it did, never for what the API did to
// everyone. The [judge] tells the two apart.
//
// Flat memory: what is in flight is bounded by count, by bytes, and by how far a partition may run ahead of
// its lowest unfinished message.
//
// # How it works
//
// [Worker.Run] joins the group and serves one generation after another (generation.go). Each assigned
// partition has a fetch loop (fetch.go), which hands messages to the generation's engine. The engine is data
// under one lock: a queue for each key (queue.go, flow.go), lists of what is ready and a heap of what waits.
// Goroutines exist only for steps that run (process.go): a validation, a request, a write. What
// follows from a step's result is decided in one place (settle.go), by one table (verdict.go) and one judge
// (judge.go). Marked offsets move a window (window.go), whose position is committed each second (group.go).
//
// When the worker stops or the group rebalances, fetching ends, what has not started is let go of, requests
// at the API finish while heartbeats go on, and the last commit follows.
package worker
