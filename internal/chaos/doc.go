// Package chaos is a suite of tests and nothing else: worker processes of the real binary, a broker and an API
// under seeded faults, and then an audit of every message against what the API executed, what stands in the
// dead-letter topic and what stands in the results topic.
//
// The short form runs with all tests, on an embedded broker, or on the Kafka that SLUICE_TEST_BROKERS names. With
// SLUICE_TEST_KAFKA, and three brokers, brokers are faulted too. The long form by hand:
//
//	go test ./internal/chaos -run Chaos -timeout 2h -v -chaos.faults 1000 -chaos.messages 1000000 -chaos.seed 7
//
// A failed run names its seed, which makes the same plan of faults and the same messages; what the machine
// does in between differs.
package chaos
