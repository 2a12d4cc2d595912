package telemetry

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State is what the gauges mirror: the worker's state at one moment.
type State struct {
	Breaker          BreakerState
	RateLimit        float64       // requests a minute; 0: no limit
	InFlight         int           // messages fetched and not yet ended
	Held             int           // messages that are held or retried
	ConsumerLag      int64         // messages not yet ended, over all assigned partitions
	OldestMessageAge time.Duration // of the messages not yet ended; 0 where there is none
	ToDrain          time.Duration // until the lag is gone at the present rate; negative: never
}

// BreakerState is the state of the breaker, as the value of sluice_breaker_state.
type BreakerState int

// The states. The zero value is the harmless one.
const (
	BreakerClosed BreakerState = iota
	BreakerHalfOpen
	BreakerOpen
)

// String returns the state's name.
func (s BreakerState) String() string {
	switch s {
	case BreakerClosed:
		return "closed"
	case BreakerHalfOpen:
		return "half-open"
	case BreakerOpen:
		return "open"
	default:
		return "unknown"
	}
}

// ParseBreakerState returns the state of a name that [BreakerState.String] gives, and whether it is one.
func ParseBreakerState(name string) (BreakerState, bool) {
	for s := BreakerClosed; s <= BreakerOpen; s++ {
		if s.String() == name {
			return s, true
		}
	}
	return BreakerClosed, false
}

// Mirror makes the gauges show what state returns, asked once a scrape, so that all of them are of one
// moment. State must be quick and safe for concurrent use. The last call counts.
func (m *Metrics) Mirror(state func() State) { m.state.Store(&state) }

// mirror is the collector of the gauges.
type mirror struct{ m *Metrics }

// gauges lists the mirrored metrics.
var gauges = []struct {
	desc  *prometheus.Desc
	value func(State) float64
}{
	{gauge("breaker_state", "State of the circuit breaker: 0 closed, 1 half-open, 2 open."),
		func(s State) float64 { return float64(s.Breaker) }},
	{gauge("rate_limit", "Requests a minute that are sent at most; 0 without a limit."),
		func(s State) float64 { return s.RateLimit }},
	{gauge("in_flight", "Messages fetched and not yet ended."),
		func(s State) float64 { return float64(s.InFlight) }},
	{gauge("held", "Messages that are held or retried."),
		func(s State) float64 { return float64(s.Held) }},
	{gauge("consumer_lag", "Messages of the assigned partitions that have not ended."),
		func(s State) float64 { return float64(s.ConsumerLag) }},
	{gauge("oldest_message_age_seconds", "Age of the oldest message that has not ended."),
		func(s State) float64 { return s.OldestMessageAge.Seconds() }},
	{gauge("seconds_to_drain", "Time until the lag is gone at the present rate; +Inf where it does not shrink."),
		func(s State) float64 {
			if s.ToDrain < 0 {
				return math.Inf(1)
			}
			return s.ToDrain.Seconds()
		}},
}

func gauge(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, nil, nil)
}

// Describe implements prometheus.Collector.
func (mirror) Describe(descs chan<- *prometheus.Desc) {
	for _, g := range gauges {
		descs <- g.desc
	}
}

// Collect implements prometheus.Collector.
func (c mirror) Collect(metrics chan<- prometheus.Metric) {
	var s State
	if state := c.m.state.Load(); state != nil {
		s = (*state)()
	}
	for _, g := range gauges {
		metrics <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.value(s))
	}
}
