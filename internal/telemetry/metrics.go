package telemetry

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Labels holds the closed sets of label values, so that every series exists, at 0, before its first event:
// a rate over a series that begins with its first failure misses that failure. Take the sets from the types
// that own them. A value outside them is counted all the same.
type Labels struct {
	Outcomes     []string // of messages_total
	DeadLetters  []DeadLetter
	Statuses     []int    // of invoke_seconds; 0 is a request without an answer
	TokenResults []string // of token_refresh_total
}

// DeadLetter is one combination of a dead letter's labels.
type DeadLetter struct{ Code, Class string }

// Metrics counts what happens and mirrors what is the case. It has a registry of its own. All methods are
// safe for concurrent use and quick.
type Metrics struct {
	registry *prometheus.Registry
	state    atomic.Pointer[func() State]

	messages      *prometheus.CounterVec
	deadLetters   *prometheus.CounterVec
	process       prometheus.Histogram
	messageAge    prometheus.Histogram
	invoke        *prometheus.HistogramVec
	retries       prometheus.Counter
	throttled     prometheus.Counter
	commit        prometheus.Histogram
	tokens        *prometheus.CounterVec
	offsetsLost   prometheus.Counter
	writeFailures prometheus.Counter
	resultFailed  prometheus.Counter
	contractDrift *prometheus.GaugeVec
}

// Buckets, in seconds. A message's way and its age range from milliseconds to the day that holding may
// last; one request ends with its time-out.
var (
	requestBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 65}
	processBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 14400, 86400}
	ageBuckets     = []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400, 604800}
	commitBuckets  = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
)

// NewMetrics returns Metrics with the series of l at 0. The gauges that mirror state are 0 until
// [Metrics.Mirror].
func NewMetrics(l Labels) *Metrics {
	m := &Metrics{
		registry:      prometheus.NewRegistry(),
		messages:      counterVec("messages_total", "Messages that ended, by outcome.", "outcome"),
		deadLetters:   counterVec("dead_letters_total", "Dead letters written, by code and class.", "code", "class"),
		process:       histogram("process_seconds", "Time from fetching a message to its end, waits included.", processBuckets),
		messageAge:    histogram("message_age_seconds", "Time from a message's timestamp to its end.", ageBuckets),
		retries:       counter("invoke_retries_total", "Requests at the API that were not their message's first."),
		throttled:     counter("throttled_seconds_total", "Time for which sending was paused because the API asked for it."),
		commit:        histogram("commit_seconds", "Time that committing offsets took.", commitBuckets),
		tokens:        counterVec("token_refresh_total", "Token requests, by result.", "result"),
		offsetsLost:   counter("offsets_lost_total", "Offsets that retention removed before they were read."),
		writeFailures: counter("dlq_write_failures_total", "Writes to the dead-letter topic that failed and are tried again."),
		resultFailed:  counter("result_write_failures_total", "Writes to the results topic that failed and are tried again."),
		contractDrift: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "contract_drift",
			Help: "Differences between the schema and the action's contract, by the side that refuses: action, schema. Absent until the contract was read.",
		}, []string{"refused_by"}),
		invoke: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "invoke_seconds", Buckets: requestBuckets,
			Help: "Time of one request at the API, by HTTP status; none where there was no answer.",
		}, []string{"status"}),
	}
	m.registry.MustRegister(
		m.messages, m.deadLetters, m.process, m.messageAge, m.invoke, m.retries, m.throttled, m.commit, m.tokens,
		m.offsetsLost, m.writeFailures, m.resultFailed, m.contractDrift, mirror{m},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.create(l)
	return m
}

// create makes the series of l, at 0.
func (m *Metrics) create(l Labels) {
	for _, outcome := range l.Outcomes {
		m.messages.WithLabelValues(outcome)
	}
	for _, d := range l.DeadLetters {
		m.deadLetters.WithLabelValues(d.Code, d.Class)
	}
	for _, status := range l.Statuses {
		m.invoke.WithLabelValues(statusLabel(status))
	}
	for _, result := range l.TokenResults {
		m.tokens.WithLabelValues(result)
	}
}

// Handler serves the metrics to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Gatherer gives the metrics to tests and to the demo's summary.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// MessageEnded counts a message with its outcome. Took is the time since it was fetched, age the time since
// its timestamp; a negative age, which a producer's clock may cause, counts as 0.
func (m *Metrics) MessageEnded(outcome string, took, age time.Duration) {
	m.messages.WithLabelValues(outcome).Inc()
	m.process.Observe(took.Seconds())
	m.messageAge.Observe(max(age, 0).Seconds())
}

// DeadLettered counts a dead letter.
func (m *Metrics) DeadLettered(code, class string) { m.deadLetters.WithLabelValues(code, class).Inc() }

// Invoked counts one request at the API. Status is HTTP's, or 0 where there was no answer; retry says that
// it was not its message's first.
func (m *Metrics) Invoked(status int, took time.Duration, retry bool) {
	m.invoke.WithLabelValues(statusLabel(status)).Observe(took.Seconds())
	if retry {
		m.retries.Inc()
	}
}

// Throttled counts a pause that the API asked for.
func (m *Metrics) Throttled(pause time.Duration) { m.throttled.Add(max(pause, 0).Seconds()) }

// Committed counts a commit of offsets.
func (m *Metrics) Committed(took time.Duration) { m.commit.Observe(took.Seconds()) }

// TokenRefreshed counts a token request with its result.
func (m *Metrics) TokenRefreshed(result string) { m.tokens.WithLabelValues(result).Inc() }

// OffsetsLost counts offsets that retention removed before they were read.
func (m *Metrics) OffsetsLost(n int64) { m.offsetsLost.Add(float64(max(n, 0))) }

// DeadLetterWriteFailed counts a write to the dead-letter topic that failed.
func (m *Metrics) DeadLetterWriteFailed() { m.writeFailures.Inc() }

// ResultWriteFailed counts a write to the results topic that failed.
func (m *Metrics) ResultWriteFailed() { m.resultFailed.Inc() }

// ContractDrift tells how many differences there are between the schema and the action's contract that the
// action refuses, and that the schema does.
func (m *Metrics) ContractDrift(byAction, bySchema int) {
	m.contractDrift.WithLabelValues("action").Set(float64(byAction))
	m.contractDrift.WithLabelValues("schema").Set(float64(bySchema))
}

// statusLabel bounds the label: a server may answer with any number.
func statusLabel(status int) string {
	switch {
	case status == 0:
		return "none"
	case status < 100 || status > 599:
		return "other"
	default:
		return strconv.Itoa(status)
	}
}

const namespace = "sluice"

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
}
