package deadletter

import (
	"testing"

	"github.com/sluice-kafka/sluice/internal/kafkatest"
)

func TestMain(m *testing.M) { kafkatest.VerifyNoLeaks(m) }
