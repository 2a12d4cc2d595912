package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Limits of the first contact: a person is waiting for it.
const (
	probeTimeout = 6 * time.Second // for one broker, all steps together
	stepTimeout  = 3 * time.Second // for a step that is not answered; the rest is to find out why
	reachTimeout = 3 * time.Second // for a connection to an advertised broker
)

// Contact makes sure that the cluster can be worked with: that one of the configured brokers is Kafka and lets
// us in, that we may see the topics, and that one of the brokers which the cluster names can be reached. A topic
// may be missing. It takes the steps of a connection one by one, so that its error, an *[Error], says which of
// them failed, where, and what to do: kafka-go's own errors are of the last step at best ("unexpected EOF"), with
// a wrong password it just waits, and a topic that we may not see looks to it like one that does not exist.
// It is meant for the start of a program: a broker that is down afterwards is nothing to give up for.
func (c *Cluster) Contact(ctx context.Context, topics ...string) error {
	broker, err := c.probeAny(ctx)
	if err != nil {
		return err
	}
	view, err := c.View(ctx, broker, topics...)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		if err := view.Topics[topic].Err; err != nil && !errors.Is(err, ErrNoTopic) {
			return c.Refusal(Describe, topic, fmt.Errorf("topic %q: %w", topic, err))
		}
	}
	return c.reachAny(ctx, view.Brokers)
}

// probeAny asks all configured brokers at once and returns one that is in order, where there is one; else the
// error is that of the one that came the furthest.
func (c *Cluster) probeAny(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	type answer struct {
		broker string
		err    *Error
	}
	answers := make(chan answer, len(c.cfg.Brokers))
	for _, addr := range c.cfg.Brokers {
		go func() { answers <- answer{addr, c.probe(ctx, addr)} }()
	}
	var worst *Error
	for range c.cfg.Brokers {
		a := <-answers
		if a.err == nil {
			return a.broker, nil
		}
		if worst == nil || a.err.Trouble > worst.Trouble {
			worst = a.err
		}
	}
	return "", worst
}

// reachAny connects to the brokers as the cluster names them. One is enough: another one may be down.
func (c *Cluster) reachAny(ctx context.Context, brokers []string) error {
	answers := make(chan error, len(brokers))
	for _, b := range brokers {
		go func() { answers <- c.Reach(ctx, b) }()
	}
	var last *Error
	for range brokers {
		if !errors.As(<-answers, &last) {
			return nil
		}
	}
	if last == nil {
		return nil // a cluster without brokers: kafka-go says so where one is needed
	}
	return advertised(c.String(), last)
}

// advertised makes of a connection that failed what it means where the cluster itself has given the address.
func advertised(bootstrap string, e *Error) *Error {
	return &Error{
		Trouble: TroubleAdvertised, Broker: bootstrap, Err: e.Err,
		What: fmt.Sprintf("it answers, but says that it is to be reached at %s, and there %s", e.Broker, e.What),
		Fix: "set advertised.listeners on the broker to an address that can be reached from here, or run sluice where " +
			e.Broker + " can be reached",
	}
}

// unreachable says why there is no connection.
func unreachable(addr string, err error) *Error {
	e := &Error{Trouble: TroubleClosed, Broker: addr, Err: err, Fix: "start it, or " + fixAddress}
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		host, _, _ := net.SplitHostPort(addr)
		e.Trouble, e.Fix = TroubleUnresolved, fixNotLocal
		e.What = fmt.Sprintf("the name %q has no address", host)
	case isTimeout(err):
		e.Trouble, e.Fix = TroubleSilent, fixAddress+", and that no firewall is in between"
		e.What = "nobody answers"
	case isRefused(err):
		e.What = "nobody listens (connection refused)"
	default:
		e.What, e.Fix = "there is no connection ("+rootText(err)+")", fixAddress
	}
	return e
}
