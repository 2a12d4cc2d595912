package genesys

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Headers that contradict each other, or the answer that they come with, neither stop a worker nor let it go unbounded.
func TestBudget_OddHeaders(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	left := func(now time.Time) time.Duration {
		return wholeSeconds(now.Truncate(time.Minute).Add(time.Minute).Sub(now))
	}
	tests := []struct {
		name   string
		says   func(request, ofMinute int, now time.Time) allowance
		lo, hi int // requests a minute
	}{
		{"two nodes that count for themselves", func(i, ofMinute int, now time.Time) allowance {
			count := ofMinute * 9 / 10
			if i/20%2 == 1 {
				count = ofMinute / 10
			}
			return allowance{count, 300, left(now)}
		}, 290, 340},
		{"more was counted than is allowed, and it is served", func(_, _ int, now time.Time) allowance {
			return allowance{5000, 300, left(now)}
		}, 10_000, 1_000_000},
		{"always at the beginning of a window", func(int, int, time.Time) allowance {
			return allowance{1, 300, time.Minute}
		}, 290, 310},
		{"nothing odd", func(_, ofMinute int, now time.Time) allowance {
			return allowance{ofMinute, 300, left(now)}
		}, 290, 310},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, now, total := newLimiter(0), start, 0
			perMinute := map[time.Time]int{}
			for now.Sub(start) < 5*time.Minute {
				if wait, _ := l.reserve(now); wait > 0 {
					now = now.Add(wait)
					continue
				}
				sent := l.sent(now)
				minute := now.Truncate(time.Minute)
				perMinute[minute]++
				total++
				said := tt.says(total, perMinute[minute], now)
				now = now.Add(2 * time.Millisecond)
				l.heard(now, sent, heard{said: said}, 0.5)
			}
			assert.GreaterOrEqual(t, total/5, tt.lo)
			assert.LessOrEqual(t, total/5, tt.hi)
			if l.budget.allowed > 0 {
				assert.LessOrEqual(t, l.budget.steady()*60, 310.0, "at the beginning of a window")
				assert.GreaterOrEqual(t, l.budget.width, 59*time.Second)
			}
		})
	}
}

// A window of a second, of which the first request comes late each time, is one all the same.
func TestBudget_AShortWindow(t *testing.T) {
	l, now := newLimiter(0), time.Unix(1_800_000_000, 0)
	for window := range 5 {
		for i := range 10 {
			at := now.Add(time.Duration(window)*time.Second + time.Duration(i+window)*10*time.Millisecond)
			l.heard(at, l.sent(at), heard{said: allowance{i + 1, 300, time.Second}}, 0.5)
		}
	}
	require.InDelta(t, 1, l.budget.width.Seconds(), 0.2)
}
