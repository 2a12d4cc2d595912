package main

import (
	"fmt"
	"time"

	"github.com/sluice-kafka/sluice/internal/config"
)

// findTimes looks at whether times and limits fit together.
func findTimes(cfg *config.Config) []finding {
	w, g := cfg.Worker, cfg.Genesys
	var odd []finding
	if least := attemptsTake(w.MaxAttempts, g.Timeout); w.GiveUpAfter < least {
		odd = append(odd, warned(checkTimes,
			fmt.Sprintf("SLUICE_GIVE_UP_AFTER (%v) ends before %s of up to %v each, with the waits between them (%v)",
				w.GiveUpAfter, plural(int64(w.MaxAttempts), "attempt"), g.Timeout, least),
			fmt.Sprintf("use at least %v, or fewer SLUICE_MAX_ATTEMPTS, or a shorter GENESYS_TIMEOUT", least)))
	}
	if len(odd) > 0 {
		return odd
	}
	return []finding{passed(checkTimes, "a request may take %v; a stop or a rebalance %v, and a container has to be given more than that to stop "+
		"(Kubernetes gives 30s, docker stop 10s); a message is held for %v at most", g.Timeout, w.Drain, lengthOf(w.GiveUpAfter))}
}

// attemptsTake returns how long a message's attempts take at most, by the worker's schedule: 2^n seconds, at
// most 60, before attempt n+1.
func attemptsTake(attempts int, timeout time.Duration) time.Duration {
	total := time.Duration(attempts) * timeout
	for n := 1; n < attempts; n++ {
		total += min(time.Minute, time.Second<<min(n, 6))
	}
	return total
}

// lengthOf writes a length of time as people say it: 7 days, 23 h 59 min, 30s.
func lengthOf(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return plural(int64(d/day), "day")
	case d >= time.Hour && d%time.Hour < time.Minute:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	default:
		return d.Round(100 * time.Millisecond).String()
	}
}
