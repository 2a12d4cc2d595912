package kafkatest

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// VerifyNoLeaks runs a package's tests, and fails them where goroutines are left behind; use it as TestMain. On a real
// Kafka it does not look: kafka-go leaves a Fetch that nobody waits for any more to its connection, until the broker
// answers.
func VerifyNoLeaks(m *testing.M) {
	if os.Getenv("SLUICE_TEST_BROKERS") != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m)
}
