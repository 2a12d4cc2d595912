package worker_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWorker_PoisonCostsItsAttemptsOnly: the time in which the good messages of a backlog are delivered, by the share
// of poison among them. Each poisonous one is sent four times and waits in between without a slot.
func TestWorker_PoisonCostsItsAttemptsOnly(t *testing.T) {
	const total = 20_000
	took := map[int]time.Duration{}
	for _, percent := range []int{0, 1, 5, 10, 20} {
		t.Run(fmt.Sprintf("%d%%", percent), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, 4)
				r.api.answer = slow(50 * time.Millisecond)
				if percent > 0 {
					r.api.answer = poisonous(total, 100/percent, 50*time.Millisecond)
				}
				r.Produce(t, topic, messages(total, 4, total)...) // a key each
				began := time.Now()
				run := r.start(t)
				sent := r.trickle(t, total)
				good := total - total*percent/100
				eventually(t, 5*time.Minute, "the good ones accepted", func() bool { return r.api.accepted() >= good })
				took[percent] = time.Since(began)
				eventually(t, 5*time.Minute, "all poison ended", func() bool { return len(r.dead.all()) == total-good })
				sent()
				require.Zero(t, run.events.breakerOpened(), "false opening")
			})
			rate := float64(took[0]) / float64(took[percent])
			t.Logf("%2d %% poison: %.0f messages a second, %.2f of the speed without", percent, total/took[percent].Seconds(), rate)
			require.GreaterOrEqual(t, rate, 1/(1+4*float64(percent)/100), "it costs more than its attempts")
		})
	}
}
