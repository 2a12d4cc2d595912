package genesystest

import (
	"errors"
	"math"
	"time"
)

// Latency is a distribution of waits as services show it (log-normal): half of them are shorter than P50, and
// one in a hundred is longer than P99, up to ten times as long. The zero Latency waits for nothing.
type Latency struct {
	P50 Duration `json:"p50"`
	P99 Duration `json:"p99"`
}

func (l Latency) validate() error {
	if l != (Latency{}) && (l.P50 <= 0 || l.P99 < l.P50) {
		return errors.New("latency: want p50 above 0, and p99 no shorter than it")
	}
	return nil
}

// z99 is the 99th percentile of the standard normal distribution.
const z99 = 2.3263478740408408

// sample returns the wait at a point in [0, 1) of the distribution.
func (l Latency) sample(at float64) time.Duration {
	if l.P50 <= 0 {
		return 0
	}
	spread := math.Log(math.Max(1, float64(l.P99)/float64(l.P50))) / z99
	z := math.Sqrt2 * math.Erfinv(2*at-1)
	return time.Duration(math.Min(float64(l.P50)*math.Exp(spread*z), 10*float64(max(l.P50, l.P99))))
}
