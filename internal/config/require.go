package config

import "strings"

// Need is a set of parts of the configuration that a command uses.
type Need uint8

// The parts. NeedCredentials is the client's id, its secret and the action's id, which have no default:
// `sluice demo` needs the rest of genesys but not these.
const (
	NeedKafka Need = 1 << iota
	NeedSchema
	NeedWorker
	NeedGenesys
	NeedCredentials
	NeedAdmin
	NeedLog
)

// What each command needs.
const (
	ForRun         = NeedKafka | NeedSchema | NeedWorker | NeedGenesys | NeedCredentials | NeedAdmin | NeedLog
	ForCheck       = ForRun
	ForDemo        = NeedSchema | NeedWorker | NeedGenesys | NeedAdmin | NeedLog
	ForValidate    = NeedSchema
	ForInvoke      = NeedSchema | NeedGenesys | NeedCredentials
	ForInvocations = NeedGenesys | NeedCredentials
	ForProduce     = NeedKafka
	ForTopics      = NeedKafka
	ForDeadLetters = NeedKafka
	ForReplay      = NeedKafka | NeedSchema
	ForAdmin       = NeedAdmin // held, pause, resume, health
)

// Require reports whether the settings that need names are all there and sound. The error is an *[Error]
// with every problem among them, and with what concerns everybody: files that cannot be read, unknown keys.
func (c *Config) Require(need Need) error {
	var found []Problem
	for _, p := range c.problems {
		if p.needs == 0 || p.needs&need != 0 {
			found = append(found, p)
		}
	}
	if found == nil {
		return nil
	}
	return &Error{Problems: found}
}

// need returns the part that a setting belongs to, which follows from its path's first segment.
func (r *row) need() Need {
	if r.required {
		return NeedCredentials
	}
	group, _, _ := strings.Cut(r.path, ".")
	switch group {
	case "kafka":
		return NeedKafka
	case "schema":
		return NeedSchema
	case "worker", "dead_letter":
		return NeedWorker
	case "genesys":
		return NeedGenesys
	case "admin":
		return NeedAdmin
	case "log":
		return NeedLog
	default:
		return 0 // everybody; a test holds that the table has no such row
	}
}
