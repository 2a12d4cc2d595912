package genesys

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestRate_Figures measures how much of a budget is used and how many requests are answered 429 on the way, and holds
// the goal: at least 98 %, at most 0.5 %. Its table is printed with -v.
//
// 300 requests a minute are simulated as they are: an hour of virtual time costs little. 300 a second are
// beside them, where a Retry-After in whole seconds is as long as the whole window.
func TestRate_Figures(t *testing.T) {
	skipSimulation(t)
	t.Logf("%-12s %-16s %-10s %7s %12s | %8s %8s %14s | %s", "budget", "enforced by", "headers", "workers", "GENESYS_RATE", "used", "429", "after 10 min", "each worker's share")
	const minute, second = time.Minute, time.Second
	for _, window := range []time.Duration{minute, second} {
		for _, headers := range []bool{true, false} {
			for _, bucket := range []int{0, 10, 300} {
				if window == second && (bucket == 10) {
					continue // a bucket of a thirtieth of a second
				}
				for _, rate := range []int{int(300 * minute / window), 0} {
					for _, workers := range []int{1, 3} {
						if window == second && rate == 0 {
							continue
						}
						figure(t, window, headers, bucket, rate, workers)
					}
				}
			}
		}
	}
}

func figure(t *testing.T, window time.Duration, headers bool, bucket, rate, workers int) {
	t.Helper()
	length, seeds := time.Hour, uint64(1)
	if *Long {
		seeds = 2
	}
	if window == time.Second {
		length, seeds = 10*time.Minute*time.Duration(seeds), 1
	}
	var used, refused, later float64
	var each []int
	for seed := range seeds {
		s := &sim{
			api: simAPI{allowed: 300, window: window, bucket: bucket, headers: headers}, workers: workers, rate: rate, seed: seed,
			latency: max(10*time.Millisecond, 200*time.Millisecond*window/time.Minute), length: length, learns: true,
		}
		s.run()
		used, refused, later = used+s.used()/float64(seeds), refused+s.refused()/float64(seeds), later+s.later()/float64(seeds)
		each = s.each
	}
	by, says, limit, shares := "fixed windows", "no", "none", ""
	if bucket > 0 {
		by = fmt.Sprintf("a bucket of %d", bucket)
	}
	if headers {
		says = "yes"
	}
	if rate > 0 {
		limit = fmt.Sprint(rate)
	}
	total := 0
	for _, n := range each {
		total += n
	}
	for _, n := range each {
		shares += fmt.Sprintf(" %2.0f %%", 100*float64(n)/float64(total))
	}
	row := fmt.Sprintf("%-12s %-16s %-10s %7d %12s", fmt.Sprintf("300 per %v", window), by, says, workers, limit)
	t.Logf("%s | %6.2f %% %6.3f %% %12.3f %% |%s", row, 100*used, 100*refused, 100*later, shares)
	goal := 0.98
	if window == time.Second && !headers && workers > 1 {
		goal = 0.94 // each 429 costs a whole second, and so a whole window, until the workers know their shares
	}
	assert.GreaterOrEqual(t, used, goal, row)
	if rate > 0 {
		assert.LessOrEqual(t, refused, 0.005, row)
	} else {
		// Who knows of no limit finds it by running into it, with all that is under way.
		assert.LessOrEqual(t, refused, 0.025, row)
		assert.LessOrEqual(t, later, 0.005, row)
	}
}
