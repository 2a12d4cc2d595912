package worker_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/worker"
)

// TestIntegration_ResultsStandInTheirTopicInOrder: a worker that is replaced half-way leaves one result of
// each message, under its key, in the order of its key, in a topic that it created itself.
func TestIntegration_ResultsStandInTheirTopicInOrder(t *testing.T) {
	t.Parallel()
	r, own := newRealRig(t, 4)
	r.api.answer = slow(2 * time.Millisecond)
	api := answering{r.api, json.RawMessage(`{"invocationId":"i"}`)}
	named := worker.Config{}
	own(&named)
	name := named.Topic + ".results"
	first := r.startWith(t, api, r.dead, own, r.writingResultsTo(t, name))
	r.Produce(t, first.topic(), messages(2000, 4, 100)...)
	eventually(t, time.Minute, "half of it", func() bool { return first.events.delivered() >= 1000 })
	first.leave(t)
	second := r.startWith(t, api, r.dead, func(c *worker.Config) { *c = first.cfg })
	eventually(t, time.Minute, "all accepted", func() bool { return r.api.accepted() == 2000 })
	second.leave(t)
	r.requireAudit(t, 2000)

	all := r.requireResultsIn(t, name, 2000)
	require.Len(t, all, 2000, "each once")
	last := map[string]int64{}
	for _, res := range all {
		key := string(res.Source.Key)
		require.Greater(t, res.Source.Offset+1, last[key], "key %s", key)
		last[key] = res.Source.Offset + 1
	}
}
