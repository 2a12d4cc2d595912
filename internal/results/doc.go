// Package results writes what the API answered to accepted messages to a topic: one record a message, made
// durable before the message is marked. docs/results.md tells who reads it and what it guarantees.
//
// A [Record] is what stands on the topic ([Encode], [Decode]; result.schema.json describes it field by
// field). A [Writer] appends it; one that is too large for its topic is cut and written rather than stuck.
package results
