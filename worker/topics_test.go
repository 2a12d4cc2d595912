package worker_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/worker"
)

// TestWorker_RefusesATopicThatForgets: compaction would drop all but one dead letter of a key.
func TestWorker_RefusesATopicThatForgets(t *testing.T) {
	for _, policy := range []string{"compact", "compact,delete"} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, 1)
			r.CreateTopic(t, topic+".dlq", 1, map[string]string{"cleanup.policy": policy})
			run := r.start(t)
			err := <-run.done
			run.done <- nil // for the cleanup
			var refused *worker.TopicError
			require.ErrorAs(t, err, &refused)
			require.EqualError(t, err, `topic "payloads.dlq" is compacted: it would keep one record a key and drop the others, `+
				`and refuse those without a key: set its cleanup.policy to delete, or name another topic`)
		})
	}
}
