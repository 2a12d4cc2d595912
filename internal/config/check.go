package config

import (
	"fmt"
	"reflect"
)

// check adds what is missing, and what is wrong between settings that are each in order.
func (c *Config) check() {
	for i := range table {
		if r := &table[i]; r.required && isEmpty(r.field(c)) && !c.faulty(r.path) && !c.unread {
			c.problems = append(c.problems, Problem{
				Where: r.env, Problem: "not set", Fix: missingFix(r), path: r.path, needs: r.need(),
			})
		}
	}
	c.checkTopics()
	c.checkSecurity()
	c.checkBounds()
}

func missingFix(r *row) string {
	if r.secret() {
		return "set it, or " + r.env + fileVariable + " to a file that holds it"
	}
	return "set it, or " + r.path + " in sluice.yaml"
}

// isEmpty reports whether a field holds its zero value.
func isEmpty(field any) bool { return reflect.ValueOf(field).Elem().IsZero() }

// faulty reports whether there is a problem with a setting already.
func (c *Config) faulty(path string) bool {
	for _, p := range c.problems {
		if p.path == path {
			return true
		}
	}
	return false
}

func (c *Config) checkTopics() {
	k := c.Kafka
	const consumed = " would be consumed as messages; name another topic"
	c.conflict("kafka.dead_letter_topic", "kafka.topic", k.DeadLetterTopic == k.Topic,
		"the dead-letter topic is the source topic", "dead letters"+consumed)
	c.conflict("kafka.results_topic", "kafka.topic", k.ResultsTopic == k.Topic,
		"the results topic is the source topic", "results"+consumed)
	c.conflict("kafka.results_topic", "kafka.dead_letter_topic", k.ResultsTopic == k.DeadLetterTopic,
		"the results topic is the dead-letter topic", "name another topic")
	const tooLong, fix = "longer than a topic name may be", "use at most 249 characters"
	c.conflict("kafka.dead_letter_topic", "kafka.topic", len(k.DeadLetterTopic) > maxTopicName, tooLong, fix)
	c.conflict("kafka.results_topic", "kafka.topic", len(k.ResultsTopic) > maxTopicName, tooLong, fix)
}

func (c *Config) checkSecurity() {
	k := c.Kafka
	const noTLS, setTLS = "has no effect while kafka.tls is false", "set SLUICE_KAFKA_TLS=true, or leave it out"
	c.conflict("kafka.tls_ca", "kafka.tls", k.TLSCA != "" && !k.TLS, noTLS, setTLS)
	c.conflict("kafka.tls_cert", "kafka.tls", k.TLSCert != "" && !k.TLS, noTLS, setTLS)
	c.conflict("kafka.tls_key", "kafka.tls", k.TLSKey != "" && !k.TLS, noTLS, setTLS)
	c.conflict("kafka.tls_server_name", "kafka.tls", k.TLSServerName != "" && !k.TLS, noTLS, setTLS)
	c.conflict("kafka.tls_cert", "kafka.tls_key", k.TLS && (k.TLSCert == "") != (k.TLSKey == ""),
		"a client certificate needs both its certificate and its key", "set the other one too")
	const noName, setName = "goes with a user name and a password", "set SLUICE_KAFKA_SASL_USERNAME and SLUICE_KAFKA_SASL_PASSWORD"
	named := !c.faulty("kafka.sasl.password") // else it has been told what is wrong with it
	hasName := k.SASL.Username != "" && k.SASL.Password.Reveal() != ""
	c.conflict("kafka.sasl.mechanism", "kafka.sasl.username", named && k.SASL.Mechanism != "" && !hasName, noName, setName)
	const noMechanism, setMechanism = "has no effect without kafka.sasl.mechanism", "set SLUICE_KAFKA_SASL_MECHANISM"
	c.conflict("kafka.sasl.username", "kafka.sasl.mechanism", k.SASL.Mechanism == "" && k.SASL.Username != "", noMechanism, setMechanism)
	c.conflict("kafka.sasl.password", "kafka.sasl.mechanism", k.SASL.Mechanism == "" && k.SASL.Password.Reveal() != "", noMechanism, setMechanism)
}

func (c *Config) checkBounds() {
	w := c.Worker
	c.conflict("worker.max_in_flight", "worker.concurrency", w.MaxInFlight < w.Concurrency,
		"smaller than worker.concurrency", fmt.Sprintf("use at least %d, or lower worker.concurrency", w.Concurrency))
	c.conflict("worker.max_in_flight_bytes", "schema.max_bytes", w.MaxInFlightBytes < c.Schema.MaxBytes,
		"smaller than schema.max_bytes", fmt.Sprintf("use at least %v, or lower schema.max_bytes", c.Schema.MaxBytes))
	if c.origins["worker.drain"].ByHand() && w.Drain < c.Genesys.Timeout {
		r := rowAt("worker.drain")
		c.warnings = append(c.warnings, Problem{
			Where: c.origins[r.path].where(r), Problem: "shorter than genesys.timeout", Got: duration(w.Drain),
			Fix: "requests cut at a stop or rebalance are sent again; use " + duration(c.Genesys.Timeout+drainMargin),
		})
	}
}

// conflict adds a problem between two settings, at the place of the one that was set by hand, the first by
// preference. Where one of them is faulty by itself nothing is said about the two.
func (c *Config) conflict(path, other string, is bool, problem, fix string) {
	if !is || c.faulty(path) || c.faulty(other) {
		return
	}
	r := rowAt(path)
	at := r
	if !c.origins[path].ByHand() && c.origins[other].ByHand() {
		at = rowAt(other)
		problem = path + ": " + problem
	}
	got := ""
	if !r.secret() {
		got = quoteGot(encode(r.field(c)))
	}
	c.problems = append(c.problems, Problem{
		Where: c.origins[at.path].where(at), Problem: problem, Got: got, Fix: fix,
		path: path, needs: r.need(),
	})
}
