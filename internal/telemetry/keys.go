package telemetry

// The keys of log fields. One word means one thing in every line.
const (
	KeyTopic       = "topic"
	KeyPartition   = "partition"
	KeyPartitions  = "partitions"
	KeyOffset      = "offset"
	KeyGeneration  = "generation"
	KeyGroup       = "group"
	KeyID          = "id"          // of a message or dead letter: topic/partition/offset
	KeyKeyHash     = "key_hash"    // never the key itself
	KeyAttempt     = "attempt"     // number of one request, from 1
	KeyAttempts    = "attempts"    // how many requests there were
	KeyCode        = "code"        // of a dead letter
	KeyClass       = "class"       // of a dead letter
	KeyFingerprint = "fingerprint" // groups dead letters by cause
	KeyKind        = "kind"        // of a failure at the API
	KeyStatus      = "status"      // HTTP
	KeyRequestID   = "request_id"  // the API's, for a support ticket
	KeyState       = "state"       // the one entered
	KeyFrom        = "from"        // the state left
	KeyReason      = "reason"      // why something is as it is
	KeyCount       = "count"       // how many lines or things one line stands for
	KeyDuration    = "duration"    // seconds in JSON
	KeyAction      = "action"      // what somebody asked for
	KeyAddress     = "address"     // host:port
	KeyWhere       = "where"       // of a configuration problem
)
