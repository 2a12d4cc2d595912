package kafka

import (
	"fmt"
	"strings"
)

// Trouble is the kind of what keeps sluice from a cluster. The later a step towards an answer fails, the
// higher it is: of several brokers that fail, the one that came the furthest tells the most.
type Trouble int

// The troubles, in the order in which the steps are taken: name, connection, encryption, protocol, login,
// and then the rest of the cluster.
const (
	TroubleUnresolved  Trouble = iota + 1 // the host has no address
	TroubleClosed                         // nobody listens there, or there is no way there
	TroubleSilent                         // no answer in time
	TroubleForeign                        // what answers is not Kafka
	TroubleEncrypted                      // the broker speaks TLS, and we do not
	TroublePlain                          // we speak TLS, and the broker does not
	TroubleAuthority                      // its certificate is of an authority that is not known here
	TroubleServerName                     // its certificate is of another host
	TroubleCertificate                    // its certificate is otherwise not valid
	TroubleClient                         // it wants another certificate of ours
	TroubleNoLogin                        // it wants a login, and none is set
	TroubleLogin                          // a login is set, and it knows none
	TroubleMechanism                      // it does not offer the mechanism
	TroubleRefused                        // it refuses the user or the password
	TroubleAdvertised                     // the cluster names brokers that cannot be reached
	TroubleForbidden                      // the user may not do that
)

// Error says what keeps sluice from a cluster or one of its topics, in words for people. It never holds a
// password.
type Error struct {
	Trouble Trouble
	// Broker is the host:port where it happened.
	Broker string
	// What completes the sentence about the broker; Fix is what to do about it.
	What, Fix string
	Err       error // the cause; nil where the broker's answer says it all
}

// Error says what happened, where, and what to do.
func (e *Error) Error() string { return e.Summary() + ": " + e.Fix }

// Summary says what happened and where, without what to do.
func (e *Error) Summary() string {
	switch e.Trouble {
	case TroubleUnresolved, TroubleClosed, TroubleSilent, TroubleAdvertised:
		return "cannot reach Kafka at " + e.Broker + ": " + e.What
	case TroubleForeign, TroubleEncrypted, TroublePlain, TroubleAuthority, TroubleServerName, TroubleCertificate,
		TroubleClient, TroubleNoLogin, TroubleLogin, TroubleMechanism, TroubleRefused:
		return "cannot use Kafka at " + e.Broker + ": " + e.What
	case TroubleForbidden:
	}
	return e.What
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Credentials reports whether other credentials, or more rights of theirs, would help.
func (e *Error) Credentials() bool {
	switch e.Trouble {
	case TroubleClient, TroubleNoLogin, TroubleMechanism, TroubleRefused, TroubleForbidden:
		return true
	case TroubleUnresolved, TroubleClosed, TroubleSilent, TroubleForeign, TroubleEncrypted, TroublePlain, TroubleAuthority,
		TroubleServerName, TroubleCertificate, TroubleLogin, TroubleAdvertised:
	}
	return false
}

const (
	fixAddress  = "check SLUICE_KAFKA_BROKERS"
	fixSASL     = "set SLUICE_KAFKA_SASL_MECHANISM, SLUICE_KAFKA_SASL_USERNAME and SLUICE_KAFKA_SASL_PASSWORD"
	fixNotLocal = fixAddress + "; names of a compose or Kubernetes network are known only inside it"
)

func (c *Cluster) mechanismRefused(broker string, offered []string) *Error {
	fix := "ask its administrator which login it takes"
	if ours := supported(offered); len(ours) > 0 {
		fix = "set SLUICE_KAFKA_SASL_MECHANISM=" + ours[0] + ", and the user and password that go with it"
	}
	return &Error{
		Trouble: TroubleMechanism, Broker: broker, Fix: fix,
		What: fmt.Sprintf("the broker does not offer the login %s; it offers %s", c.cfg.SASL.Mechanism, listed(offered)),
	}
}

func (c *Cluster) loginRefused(broker string, err error) *Error {
	return &Error{
		Trouble: TroubleRefused, Broker: broker, Err: err,
		What: fmt.Sprintf("the broker refuses user %q and its password (%s)", c.cfg.SASL.Username, c.cfg.SASL.Mechanism),
		Fix:  "check SLUICE_KAFKA_SASL_USERNAME and SLUICE_KAFKA_SASL_PASSWORD, and that the user exists for this mechanism",
	}
}

func loginWanted(broker string, offered []string) *Error {
	return &Error{
		Trouble: TroubleNoLogin, Broker: broker, Fix: fixSASL,
		What: "the broker wants a login, and none is set; it offers " + listed(offered),
	}
}

// supported returns those of the offered mechanisms that sluice speaks, the strongest first.
func supported(offered []string) []string {
	var ours []string
	for _, m := range []string{"SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"} {
		for _, o := range offered {
			if m == o {
				ours = append(ours, m)
			}
		}
	}
	return ours
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
