package telemetry_test

import (
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/telemetry"
)

func TestMetrics_AreThoseOfTheDesign(t *testing.T) {
	m := newMetrics()
	families, err := m.Gatherer().Gather()
	require.NoError(t, err)
	var ours strings.Builder
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "go_") || strings.HasPrefix(f.GetName(), "process_") {
			continue
		}
		for _, series := range f.GetMetric() {
			fmt.Fprintf(&ours, "%s{%s} %s\n", f.GetName(), labels(series), strings.ToLower(f.GetType().String()))
		}
	}
	golden(t, "metrics.golden", ours.String())
}

func TestMetrics_PassPromlint(t *testing.T) {
	found, err := testutil.GatherAndLint(newMetrics().Gatherer())
	require.NoError(t, err)
	for _, p := range found {
		if strings.HasPrefix(p.Metric, "sluice_") {
			assert.Fail(t, p.Text, p.Metric)
		}
	}
}

func TestMetrics_BeginAtZero(t *testing.T) {
	families, err := newMetrics().Gatherer().Gather()
	require.NoError(t, err)
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "sluice_") {
			continue
		}
		for _, s := range f.GetMetric() {
			assert.Zero(t, s.GetCounter().GetValue()+s.GetGauge().GetValue()+float64(s.GetHistogram().GetSampleCount()), f.GetName())
		}
	}
}

func TestMetrics_CountWhatHappens(t *testing.T) {
	m := newMetrics()
	m.MessageEnded("delivered", 2*time.Second, time.Minute)
	m.MessageEnded("dead_lettered", time.Second, -time.Hour)
	m.DeadLettered("VALIDATION_FAILED", "contract")
	m.Invoked(202, 300*time.Millisecond, false)
	m.Invoked(0, 30*time.Second, true)
	m.Invoked(999, time.Second, true)
	m.Throttled(90 * time.Second)
	m.Throttled(-time.Second)
	m.Committed(7 * time.Millisecond)
	m.TokenRefreshed("ok")
	m.OffsetsLost(41)
	m.OffsetsLost(-1)
	m.DeadLetterWriteFailed()
	m.ResultWriteFailed()

	for series, want := range map[string]float64{
		`sluice_messages_total{outcome="delivered"}`:                               1,
		`sluice_messages_total{outcome="dead_lettered"}`:                           1,
		`sluice_dead_letters_total{class="contract",code="VALIDATION_FAILED"}`:     1,
		`sluice_dead_letters_total{class="transient",code="MAX_RETRIES_EXCEEDED"}`: 0,
		`sluice_process_seconds{}`:                                                 3,
		`sluice_message_age_seconds{}`:                                             60,
		`sluice_invoke_seconds{status="202"}`:                                      .3,
		`sluice_invoke_seconds{status="none"}`:                                     30,
		`sluice_invoke_seconds{status="other"}`:                                    1,
		`sluice_invoke_retries_total{}`:                                            2,
		`sluice_throttled_seconds_total{}`:                                         90,
		`sluice_commit_seconds{}`:                                                  .007,
		`sluice_token_refresh_total{result="ok"}`:                                  1,
		`sluice_token_refresh_total{result="refused"}`:                             0,
		`sluice_offsets_lost_total{}`:                                              41,
		`sluice_dlq_write_failures_total{}`:                                        1,
		`sluice_result_write_failures_total{}`:                                     1,
	} {
		got, ok := values(t, m)[series]
		assert.True(t, ok, series)
		assert.InDelta(t, want, got, 1e-9, series)
	}
}

func TestMetrics_MirrorState(t *testing.T) {
	m := newMetrics()
	scrapes := 0
	m.Mirror(func() telemetry.State { return telemetry.State{InFlight: 99} })
	m.Mirror(func() telemetry.State {
		scrapes++
		return telemetry.State{
			Breaker: telemetry.BreakerOpen, RateLimit: 300, InFlight: 5, Held: 4, ConsumerLag: 1000,
			OldestMessageAge: 90 * time.Second, ToDrain: 2 * time.Minute,
		}
	})
	got := values(t, m)
	assert.Equal(t, 1, scrapes, "all gauges are of one moment")
	for name, want := range map[string]float64{
		"breaker_state": 2, "rate_limit": 300, "in_flight": 5, "held": 4, "consumer_lag": 1000,
		"oldest_message_age_seconds": 90, "seconds_to_drain": 120,
	} {
		assert.InDelta(t, want, got["sluice_"+name+"{}"], 0, name)
	}

	m.Mirror(func() telemetry.State { return telemetry.State{ToDrain: -1} })
	assert.True(t, math.IsInf(values(t, m)["sluice_seconds_to_drain{}"], 1))
}

func TestMetrics_HandlerServesThem(t *testing.T) {
	w := httptest.NewRecorder()
	newMetrics().Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	assert.Equal(t, 200, w.Code)
	for _, want := range []string{"sluice_breaker_state 0\n", "go_goroutines ", `sluice_messages_total{outcome="delivered"} 0`} {
		assert.Contains(t, w.Body.String(), want)
	}
}

func TestMetrics_AreSafeForConcurrentUse(t *testing.T) {
	m := newMetrics()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				m.MessageEnded("delivered", time.Second, time.Second)
				m.Invoked(100+i, time.Second, i%2 == 0)
				m.Mirror(func() telemetry.State { return telemetry.State{InFlight: i} })
				if i%50 == 0 {
					_, err := m.Gatherer().Gather()
					assert.NoError(t, err)
				}
			}
		})
	}
	wg.Wait()
	assert.InDelta(t, 1600, values(t, m)[`sluice_messages_total{outcome="delivered"}`], 0)
}

func TestBreakerState_NamesRoundTrip(t *testing.T) {
	for _, s := range []telemetry.BreakerState{telemetry.BreakerClosed, telemetry.BreakerHalfOpen, telemetry.BreakerOpen} {
		got, ok := telemetry.ParseBreakerState(s.String())
		assert.True(t, ok)
		assert.Equal(t, s, got)
	}
	_, ok := telemetry.ParseBreakerState("ajar")
	assert.False(t, ok)
	assert.Equal(t, "unknown", telemetry.BreakerState(9).String())
}

func newMetrics() *telemetry.Metrics {
	return telemetry.NewMetrics(telemetry.Labels{
		Outcomes: []string{"delivered", "dead_lettered", "skipped"},
		DeadLetters: []telemetry.DeadLetter{
			{Code: "VALIDATION_FAILED", Class: "contract"}, {Code: "MAX_RETRIES_EXCEEDED", Class: "transient"},
		},
		Statuses:     []int{0, 202, 429, 503},
		TokenResults: []string{"ok", "refused", "unreachable"},
	})
}

// values returns each series' value, or a histogram's sum.
func values(t *testing.T, m *telemetry.Metrics) map[string]float64 {
	t.Helper()
	families, err := m.Gatherer().Gather()
	require.NoError(t, err)
	all := map[string]float64{}
	for _, f := range families {
		for _, s := range f.GetMetric() {
			all[f.GetName()+"{"+labels(s)+"}"] = s.GetCounter().GetValue() + s.GetGauge().GetValue() + s.GetHistogram().GetSampleSum()
		}
	}
	return all
}

func labels(s *dto.Metric) string {
	var pairs []string
	for _, l := range s.GetLabel() {
		pairs = append(pairs, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
	}
	return strings.Join(pairs, ",")
}
