package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/kafka"
)

// kafkaChecks are those of the cluster, each on what the ones before it have found.
func kafkaChecks(cfg *config.Config) lane {
	return func(ctx context.Context, report func(finding)) {
		all := []string{checkBrokers, checkLogin, checkAdvertised, checkSource, checkDeadLetters, checkResults, checkGroup}
		skip := func(names []string, what string) {
			for _, name := range names {
				report(notChecked(name, what))
			}
		}
		if cfg.Require(config.NeedKafka) != nil {
			skip(all, "settings of kafka that are in order")
			return
		}
		cluster, err := newCluster(cfg)
		if err != nil {
			report(misconfigured(checkBrokers, strings.TrimPrefix(err.Error(), "kafka: "), "mend that setting; the worker does not start with it"))
			skip(all[1:], "the settings of TLS and login")
			return
		}
		defer cluster.Close()
		k := &clusterCheck{cfg: cfg, cluster: cluster}
		answers := k.probe(ctx)
		report(findBrokers(answers))
		report(k.findLogin(answers))
		broker := usable(answers)
		if broker == "" {
			skip(all[2:], "a broker that answers and lets us in")
			return
		}
		if k.view, err = cluster.View(ctx, broker, cfg.Kafka.Topic, cfg.Kafka.DeadLetterTopic, cfg.Kafka.ResultsTopic, offsetsTopic); err != nil {
			report(failed(checkAdvertised, why(ctx, err), "see to that broker"))
			skip(all[3:], "that answer")
			return
		}
		advertised := k.findAdvertised(ctx)
		report(advertised)
		if advertised.Result == resultFail {
			skip(all[3:], "brokers that can be reached where the cluster says they are")
			return
		}
		k.topics(ctx, report)
		k.group(ctx, report)
	}
}

// clusterCheck is what the checks of one cluster share.
type clusterCheck struct {
	cfg     *config.Config
	cluster *kafka.Cluster
	view    kafka.View
	source  topicFacts
}

// brokerAnswer is what came of the way to one broker: nil where it lets us in.
type brokerAnswer struct {
	addr    string
	trouble *kafka.Error
}

// reached reports whether Kafka is there, whether or not it lets us in.
func (b brokerAnswer) reached() bool {
	return b.trouble == nil || b.trouble.Trouble > kafka.TroubleForeign
}

// text says what is wrong with a broker.
func (b brokerAnswer) text() string { return b.addr + ": " + b.trouble.What }

// probe tries each of the configured brokers, all at once.
func (k *clusterCheck) probe(ctx context.Context) []brokerAnswer {
	brokers := k.cluster.Brokers()
	answers := make([]brokerAnswer, len(brokers))
	var probes sync.WaitGroup
	for i, addr := range brokers {
		probes.Go(func() {
			answers[i].addr = addr
			_ = errors.As(k.cluster.Probe(ctx, addr), &answers[i].trouble)
		})
	}
	probes.Wait()
	return answers
}

// usable returns the first broker that lets us in, or "".
func usable(answers []brokerAnswer) string {
	for _, a := range answers {
		if a.trouble == nil {
			return a.addr
		}
	}
	return ""
}

func findBrokers(answers []brokerAnswer) finding {
	var reached, texts []string
	var first *kafka.Error
	for _, a := range answers {
		if a.reached() {
			reached = append(reached, a.addr)
			continue
		}
		texts = append(texts, a.text())
		if first == nil {
			first = a.trouble
		}
	}
	switch {
	case first == nil:
		return passed(checkBrokers, "%s", counted("answers", "answer", reached, len(answers))+": "+strings.Join(reached, ", "))
	case len(reached) > 0:
		return warned(checkBrokers, counted("answers", "answer", reached, len(answers))+"; "+strings.Join(texts, "; "), first.Fix)
	case len(answers) == 1:
		return failed(checkBrokers, texts[0], first.Fix)
	default:
		return failed(checkBrokers, "none answers; "+strings.Join(texts, "; "), first.Fix)
	}
}

func counted(one, many string, some []string, all int) string {
	verb := many
	if len(some) == 1 {
		verb = one
	}
	return fmt.Sprintf("%d of %d %s", len(some), all, verb)
}

// findLogin looks at what came of TLS and login with the brokers that are there.
func (k *clusterCheck) findLogin(answers []brokerAnswer) finding {
	var texts []string
	var first *kafka.Error
	in, reached := 0, 0
	for _, a := range answers {
		switch {
		case !a.reached():
			continue
		case a.trouble == nil:
			in++
		default:
			texts = append(texts, a.text())
			if first == nil {
				first = a.trouble
			}
		}
		reached++
	}
	switch {
	case reached == 0:
		return notChecked(checkLogin, "a broker that answers")
	case in == 0:
		return failed(checkLogin, strings.Join(texts, "; "), first.Fix)
	case first != nil:
		return warned(checkLogin, fmt.Sprintf("%d of %d let us in; %s", in, reached, strings.Join(texts, "; ")), first.Fix)
	}
	sasl := k.cfg.Kafka.SASL
	if open := k.inTheOpen(answers); open != "" {
		return warned(checkLogin, fmt.Sprintf("accepted: PLAIN as %s, without TLS: the password crosses the network to %s as it is", sasl.Username, open),
			"set SLUICE_KAFKA_TLS=true, or SLUICE_KAFKA_SASL_MECHANISM to a SCRAM one")
	}
	text := "no TLS"
	if k.cfg.Kafka.TLS {
		text = "TLS"
	}
	if sasl.Mechanism == "" {
		return passed(checkLogin, "%s, no login: the brokers accept that", text)
	}
	return passed(checkLogin, "%s, %s as %s: accepted", text, sasl.Mechanism, sasl.Username)
}

// inTheOpen returns the first broker to which a password is sent that anybody on the way can read.
func (k *clusterCheck) inTheOpen(answers []brokerAnswer) string {
	if k.cfg.Kafka.TLS || k.cfg.Kafka.SASL.Mechanism != "PLAIN" {
		return ""
	}
	for _, a := range answers {
		host, _, _ := net.SplitHostPort(a.addr)
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return a.addr
		}
	}
	return ""
}

// findAdvertised connects to the brokers under the addresses that the cluster gives them: all that follows
// goes there, not to the configured ones.
func (k *clusterCheck) findAdvertised(ctx context.Context) finding {
	brokers := k.view.Brokers
	troubles := make([]*kafka.Error, len(brokers))
	var reaches sync.WaitGroup
	for i, addr := range brokers {
		reaches.Go(func() { _ = errors.As(k.cluster.Reach(ctx, addr), &troubles[i]) })
	}
	reaches.Wait()
	var texts []string
	for i, e := range troubles {
		if e != nil {
			texts = append(texts, brokers[i]+": "+e.What)
		}
	}
	if len(texts) == 0 {
		return passed(checkAdvertised, "the cluster has %s, and all can be reached: %s", plural(int64(len(brokers)), "broker"), strings.Join(brokers, ", "))
	}
	return failed(checkAdvertised, "the cluster says that it is to be reached where it cannot be: "+strings.Join(texts, "; "),
		"set advertised.listeners on the broker to an address that can be reached from here, or run sluice where that one can")
}
