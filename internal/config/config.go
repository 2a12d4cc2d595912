package config

import (
	"encoding/json"
	"time"
)

// Config holds the effective settings of one process. Its zero value is not usable: get one from [Load],
// and call [Config.Require] before reading from it.
type Config struct {
	Kafka   Kafka
	Schema  Schema
	Worker  Worker
	Genesys Genesys
	Admin   Admin
	Log     Log

	DeadLetter DeadLetter

	files    []string // that were read
	origins  map[string]Origin
	unread   bool // the file that was named cannot be read: what seems not to be set may stand in it
	problems []Problem
	warnings []Problem
}

// Kafka says which cluster and topics are used, and as whom.
type Kafka struct {
	Brokers         []string // host:port each; any one that answers is enough
	TLS             bool
	TLSCA           string // PEM files; empty: the system's authorities, no client certificate
	TLSCert, TLSKey string
	TLSServerName   string
	SASL            SASL
	Topic           string // the source topic
	Group           string
	Start           string // earliest or latest: where a group without offsets begins
	DeadLetterTopic string
	ResultsTopic    string // empty: results are not written
	CreateTopics    bool   // create the dead-letter and results topics where missing
}

// SASL holds the credentials for brokers.
type SASL struct {
	Mechanism string // empty, PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	Username  string
	Password  Secret
}

// Schema says what a valid payload is.
type Schema struct {
	File     string // a JSON Schema; empty: the embedded default
	MaxBytes Bytes  // the largest payload accepted
}

// Worker holds the settings of consuming, retrying and draining.
type Worker struct {
	Order            string // key, partition or none
	Concurrency      int    // requests at the API at once
	MaxInFlight      int    // messages fetched and not yet ended
	MaxInFlightBytes Bytes  // the same, by size
	MaxAhead         int    // offsets that a partition may be ahead of its watermark
	MaxAttempts      int    // requests for one message, the first included
	GiveUpAfter      time.Duration
	RetryUnknown     string        // retry or dead-letter
	Drain            time.Duration // never 0: 0 is replaced by the request time-out and five seconds
	Tombstones       string        // dead-letter or skip
	Refusals         int           // refusals in a row that hold everything; 0: never
}

// DeadLetter says what a dead letter must not hold.
type DeadLetter struct {
	// Redact names what is left out: JSON pointers into the payload, payload, key, header:NAME.
	Redact []string
}

// Genesys says which Data Action is invoked, where, and how fast.
type Genesys struct {
	BaseURL      string // empty where Region decides it
	LoginURL     string // empty: derived from the base URL or the region
	Region       string // domain or AWS name
	API          string // processes or integrations
	Input        Input
	Rate         Rate          // requests a minute; 0: no limit of our own
	Timeout      time.Duration // of one request
	ClientID     string
	ClientSecret Secret
	DataActionID string
	Success      Success
}

// Input says how a payload becomes the action's input: by the name of a Mode, or property by property.
type Input struct {
	Mode string            // payload or flat; empty where Map is set
	Map  map[string]string // property name: a JSON pointer, $id, $key, $timestamp or $header.NAME
}

// Success is the rule by which a 2xx answer counts as success. The zero value accepts every 2xx.
type Success struct {
	Pointer string          // RFC 6901 pointer into the result
	Value   json.RawMessage // the JSON value that must stand there
}

// Admin says where the admin server listens.
type Admin struct {
	Addr  string // host:port
	Pprof bool   // serve /debug/pprof
}

// Log says what is logged, and how.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // auto, json or console
}

// Origin tells where the effective value of the setting at a YAML path, such as "admin.addr", came from.
func (c *Config) Origin(path string) Origin { return c.origins[path] }

// Files returns the files that settings were read from, by the names that origins and problems give them.
func (c *Config) Files() []string { return c.files }

// Warnings returns what is odd but harmless: above all variables that look like ours and are not.
func (c *Config) Warnings() []Problem { return c.warnings }
