package kafka

import (
	"errors"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
)

// Operation is what somebody may or may not do with a topic, by the name that Kafka's ACLs have for it.
type Operation string

// The operations.
const (
	Describe        Operation = "Describe"
	DescribeConfigs Operation = "DescribeConfigs"
	Read            Operation = "Read"
	Write           Operation = "Write"
	Create          Operation = "Create"
)

// Refusal turns a broker's refusal of an operation on a topic into an *[Error] that says who may not do what,
// and how it is granted. Any other error is returned as it is.
func (c *Cluster) Refusal(op Operation, topic string, err error) error {
	if !errors.Is(err, kafkago.TopicAuthorizationFailed) && !errors.Is(err, kafkago.ClusterAuthorizationFailed) {
		return err
	}
	who, principal := "whoever has not logged in", "ANONYMOUS"
	switch {
	case c.cfg.SASL.Username != "":
		who, principal = fmt.Sprintf("user %q", c.cfg.SASL.Username), c.cfg.SASL.Username
	case c.cfg.TLS.Cert != "":
		who, principal = "the client certificate "+c.cfg.TLS.Cert, "NAME"
	}
	return &Error{
		Trouble: TroubleForbidden, Broker: c.String(), Err: err,
		What: fmt.Sprintf("%s may not %s topic %q at %s", who, op.verb(), topic, c),
		Fix:  fmt.Sprintf("have it allowed: kafka-acls --add --allow-principal User:%s --operation %s --topic %s", principal, op, topic),
	}
}

func (op Operation) verb() string {
	switch op {
	case Describe:
		return "see"
	case DescribeConfigs:
		return "read the settings of"
	case Read:
		return "read"
	case Write:
		return "write to"
	case Create:
		return "create"
	default:
		return string(op)
	}
}
