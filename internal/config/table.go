package config

import (
	"strings"
	"time"
)

// row is one setting. Everything that is known about it stands here, once.
type row struct {
	path  string // in sluice.yaml, dots between levels
	env   string // variable; where left out of the table, SLUICE_ and the path with _
	doc   string
	def   string            // default, as it would be written in the environment; empty: the zero value
	shown string            // the default as documentation says it, where it depends on other settings
	field func(*Config) any // pointer to where the value goes
	rule  rule              // what a value must be; nil: anything

	required bool // no command that has NeedCredentials can do without it
}

// table lists every setting, in the order in which they are shown.
var table = withVariables([]row{
	{path: "kafka.brokers", def: "localhost:9092", rule: brokers,
		doc:   "Brokers, host:port, comma-separated in the environment; any one that answers is enough.",
		field: func(c *Config) any { return &c.Kafka.Brokers }},
	{path: "kafka.tls", def: "false",
		doc:   "Speak TLS to the brokers.",
		field: func(c *Config) any { return &c.Kafka.TLS }},
	{path: "kafka.tls_ca", shown: "the system's",
		doc:   "PEM file of the authorities that may have signed the brokers' certificates.",
		field: func(c *Config) any { return &c.Kafka.TLSCA }},
	{path: "kafka.tls_cert",
		doc:   "PEM file of the client's certificate, for brokers that want one; goes with kafka.tls_key.",
		field: func(c *Config) any { return &c.Kafka.TLSCert }},
	{path: "kafka.tls_key",
		doc:   "PEM file of the client certificate's key.",
		field: func(c *Config) any { return &c.Kafka.TLSKey }},
	{path: "kafka.tls_server_name", shown: "the host that is dialled",
		doc:   "Name that the brokers' certificates must have.",
		field: func(c *Config) any { return &c.Kafka.TLSServerName }},
	{path: "kafka.sasl.mechanism", shown: "none", rule: oneOf("", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
		doc:   "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.",
		field: func(c *Config) any { return &c.Kafka.SASL.Mechanism }},
	{path: "kafka.sasl.username",
		doc:   "User at the brokers.",
		field: func(c *Config) any { return &c.Kafka.SASL.Username }},
	{path: "kafka.sasl.password",
		doc:   "Password at the brokers.",
		field: func(c *Config) any { return &c.Kafka.SASL.Password }},
	{path: "kafka.topic", env: "SLUICE_TOPIC", def: "payloads", rule: topicName,
		doc:   "Topic that is read.",
		field: func(c *Config) any { return &c.Kafka.Topic }},
	{path: "kafka.group", env: "SLUICE_GROUP", def: "sluice", rule: plainName,
		doc:   "Consumer group.",
		field: func(c *Config) any { return &c.Kafka.Group }},
	{path: "kafka.start", env: "SLUICE_START", def: "earliest", rule: oneOf("earliest", "latest"),
		doc:   "Where a group without committed offsets begins: earliest or latest.",
		field: func(c *Config) any { return &c.Kafka.Start }},
	{path: "kafka.dead_letter_topic", env: "SLUICE_DEAD_LETTER_TOPIC", def: "{topic}.dlq", rule: topicTemplate,
		doc:   "Topic for what cannot be delivered; {topic} stands for the source topic.",
		field: func(c *Config) any { return &c.Kafka.DeadLetterTopic }},
	{path: "kafka.results_topic", env: "SLUICE_RESULTS_TOPIC", shown: "none", rule: optional(topicTemplate),
		doc:   "Topic for the results of delivered messages; {topic} stands for the source topic.",
		field: func(c *Config) any { return &c.Kafka.ResultsTopic }},
	{path: "kafka.create_topics", env: "SLUICE_CREATE_TOPICS", def: "true",
		doc:   "Create the dead-letter topic, its state log and the results topic where they are missing.",
		field: func(c *Config) any { return &c.Kafka.CreateTopics }},

	{path: "schema.file", env: "SLUICE_SCHEMA", shown: "the built-in schema",
		doc:   "JSON Schema that payloads must meet.",
		field: func(c *Config) any { return &c.Schema.File }},
	{path: "schema.max_bytes", def: "1MiB", rule: between[Bytes](1, 64<<20),
		doc:   "Largest payload accepted.",
		field: func(c *Config) any { return &c.Schema.MaxBytes }},

	{path: "worker.order", env: "SLUICE_ORDER", def: "key", rule: oneOf("key", "partition", "none"),
		doc:   "What is kept in order: key, partition or none.",
		field: func(c *Config) any { return &c.Worker.Order }},
	{path: "worker.concurrency", env: "SLUICE_CONCURRENCY", shown: "64; 10 with genesys.api: integrations", rule: between(1, 10_000),
		doc:   "Requests at the API at once, at most.",
		field: func(c *Config) any { return &c.Worker.Concurrency }},
	{path: "worker.max_in_flight", def: "5000", rule: between(1, 1_000_000),
		doc:   "Messages fetched and not yet ended, at most.",
		field: func(c *Config) any { return &c.Worker.MaxInFlight }},
	{path: "worker.max_in_flight_bytes", def: "64MiB", rule: between[Bytes](1<<10, 64<<30),
		doc:   "Size of the messages fetched and not yet ended, at most.",
		field: func(c *Config) any { return &c.Worker.MaxInFlightBytes }},
	{path: "worker.max_ahead", env: "SLUICE_MAX_AHEAD", def: "20000", rule: between(1, 10_000_000),
		doc:   "Offsets that a partition may run ahead of its oldest unfinished message.",
		field: func(c *Config) any { return &c.Worker.MaxAhead }},
	{path: "worker.max_attempts", env: "SLUICE_MAX_ATTEMPTS", def: "4", rule: between(1, 1_000),
		doc:   "Requests for one message before it is dead-lettered, the first included.",
		field: func(c *Config) any { return &c.Worker.MaxAttempts }},
	{path: "worker.give_up_after", env: "SLUICE_GIVE_UP_AFTER", def: "24h", rule: between(time.Second, 365*24*time.Hour),
		doc:   "How long a message may be held, from its first failure.",
		field: func(c *Config) any { return &c.Worker.GiveUpAfter }},
	{path: "worker.retry_unknown", env: "SLUICE_RETRY_UNKNOWN", def: "retry", rule: oneOf("retry", "dead-letter"),
		doc:   "What to do where nobody knows whether the action ran: retry or dead-letter.",
		field: func(c *Config) any { return &c.Worker.RetryUnknown }},
	{path: "worker.drain", env: "SLUICE_DRAIN", shown: "genesys.timeout + 5s", rule: drain,
		doc:   "How long requests under way may finish at a rebalance or a stop; 0 is the default.",
		field: func(c *Config) any { return &c.Worker.Drain }},
	{path: "worker.tombstones", def: "dead-letter", rule: oneOf("dead-letter", "skip"),
		doc:   "What to do with a message without a value: dead-letter or skip.",
		field: func(c *Config) any { return &c.Worker.Tombstones }},
	{path: "worker.refusals", def: "1000", rule: between(0, 1_000_000_000),
		doc:   "Refusals by the API in a row that hold everything; 0 turns this off.",
		field: func(c *Config) any { return &c.Worker.Refusals }},

	{path: "dead_letter.redact", shown: "nothing", rule: redactions,
		doc:   "What dead letters must not hold, comma-separated: JSON pointers into the payload (* for any position or field), payload, key, header:NAME.",
		field: func(c *Config) any { return &c.DeadLetter.Redact }},

	{path: "genesys.base_url", env: "GENESYS_BASE_URL", shown: defaultBaseURL + ", or the region's", rule: optional(httpURL),
		doc:   "API host, with a path before it where a gateway needs one.",
		field: func(c *Config) any { return &c.Genesys.BaseURL }},
	{path: "genesys.login_url", env: "GENESYS_LOGIN_URL", shown: "from the base URL or the region", rule: optional(httpURL),
		doc:   "Host of the token request.",
		field: func(c *Config) any { return &c.Genesys.LoginURL }},
	{path: "genesys.region", env: "GENESYS_REGION", shown: "none", rule: optional(plainName),
		doc:   "Region, as a domain (mypurecloud.de) or an AWS name (eu-central-1); sets both hosts.",
		field: func(c *Config) any { return &c.Genesys.Region }},
	{path: "genesys.api", env: "GENESYS_API", def: apiProcesses, rule: oneOf(apiProcesses, apiIntegrations),
		doc:   "API style: processes or integrations.",
		field: func(c *Config) any { return &c.Genesys.API }},
	{path: "genesys.input", env: "GENESYS_INPUT", def: "payload", rule: inputShape,
		doc:   "The action's input: payload, flat, or in sluice.yaml a map of property name to source.",
		field: func(c *Config) any { return &c.Genesys.Input }},
	{path: "genesys.rate", env: "GENESYS_RATE", shown: "none; 300 with genesys.api: integrations", rule: between[Rate](0, 1_000_000),
		doc:   "Requests a minute; none or 0 for no limit.",
		field: func(c *Config) any { return &c.Genesys.Rate }},
	{path: "genesys.timeout", env: "GENESYS_TIMEOUT", shown: "30s; 65s with genesys.api: integrations", rule: between(10*time.Millisecond, 10*time.Minute),
		doc:   "Time-out of one request.",
		field: func(c *Config) any { return &c.Genesys.Timeout }},
	{path: "genesys.client_id", env: "GENESYS_CLIENT_ID", required: true, shown: "required", rule: optional(plainName),
		doc:   "OAuth client's id.",
		field: func(c *Config) any { return &c.Genesys.ClientID }},
	{path: "genesys.client_secret", env: "GENESYS_CLIENT_SECRET", required: true, shown: "required",
		doc:   "OAuth client's secret.",
		field: func(c *Config) any { return &c.Genesys.ClientSecret }},
	{path: "genesys.data_action_id", env: "GENESYS_DATA_ACTION_ID", required: true, shown: "required", rule: optional(plainName),
		doc:   "The Data Action to invoke.",
		field: func(c *Config) any { return &c.Genesys.DataActionID }},
	{path: "genesys.success", shown: "any 2xx",
		doc:   "Rule that a 2xx answer must meet, POINTER=VALUE, such as /status=ok; VALUE is JSON, or else text.",
		field: func(c *Config) any { return &c.Genesys.Success }},

	{path: "admin.addr", env: "SLUICE_ADMIN_ADDR", def: "127.0.0.1:8080", rule: listenAddr,
		doc:   "Address of the admin server; where the default is taken, a free port is used instead.",
		field: func(c *Config) any { return &c.Admin.Addr }},
	{path: "admin.pprof", def: "false",
		doc:   "Serve /debug/pprof there.",
		field: func(c *Config) any { return &c.Admin.Pprof }},

	{path: "log.level", env: "SLUICE_LOG_LEVEL", def: "info", rule: oneOf("debug", "info", "warn", "error"),
		doc:   "debug, info, warn or error.",
		field: func(c *Config) any { return &c.Log.Level }},
	{path: "log.format", env: "SLUICE_LOG_FORMAT", def: "auto", rule: oneOf("auto", "json", "console"),
		doc:   "json, console, or auto: console on a terminal, JSON elsewhere.",
		field: func(c *Config) any { return &c.Log.Format }},
})

// fileSuffix and fileVariable end the names under which a secret is read from a file.
const (
	fileSuffix   = "_file"
	fileVariable = "_FILE"
)

// secret reports whether the row holds a Secret, which can also be read from a file.
func (r *row) secret() bool {
	_, ok := r.field(&Config{}).(*Secret)
	return ok
}

// flag returns the name of the row's flag, without dashes: the variable's, less SLUICE_, in kebab case.
func (r *row) flag() string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(r.env, "SLUICE_")), "_", "-")
}

// withVariables fills in the variables that follow from paths.
func withVariables(rows []row) []row {
	for i := range rows {
		if rows[i].env == "" {
			rows[i].env = "SLUICE_" + strings.ToUpper(strings.ReplaceAll(rows[i].path, ".", "_"))
		}
	}
	return rows
}

// rowAt returns the row of a YAML path, or nil.
func rowAt(path string) *row {
	for i := range table {
		if table[i].path == path {
			return &table[i]
		}
	}
	return nil
}
