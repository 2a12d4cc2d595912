// Package kafka is how every part of sluice reaches a Kafka cluster: one Config, one place that dials,
// and the few questions about topics that are asked before and beside the work itself.
//
// Nothing here hides kafka-go: callers get its Client, Dialer and Transport, all dialling through the same
// function, which a test replaces with an in-memory network.
package kafka
