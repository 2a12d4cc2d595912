package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// subject is what a fault is about. Of faults with one subject, only one is in force at a time.
type subject int

const (
	workers subject = iota
	theAPI
	brokers
	deadLetterTopic
	subjects
)

// fault is one kind of trouble. run makes it and returns when it is over.
type fault struct {
	name    string
	subject subject
	weight  int
	needs   func(s *stage) bool // nil: nothing
	run     func(s *stage, f *fleet, r *rand.Rand) string
}

func embedded(s *stage) bool { return s.network != nil }
func real3(s *stage) bool    { return s.nodes != nil }

// faults is the closed list.
var faults = []fault{
	{"kill", workers, 4, nil, func(_ *stage, f *fleet, r *rand.Rand) string {
		n := r.IntN(len(f.all))
		f.end(n, syscall.SIGKILL)
		return fmt.Sprintf("kill -9 of worker %d", n)
	}},
	{"restart", workers, 4, nil, func(_ *stage, f *fleet, r *rand.Rand) string {
		n := r.IntN(len(f.all))
		f.end(n, syscall.SIGTERM)
		return fmt.Sprintf("SIGTERM to worker %d", n)
	}},
	{"freeze", workers, 1, nil, func(_ *stage, f *fleet, r *rand.Rand) string {
		n, d := r.IntN(len(f.all)), between(r, 200*time.Millisecond, 20*time.Second)
		f.freeze(n, d)
		return fmt.Sprintf("worker %d frozen for %s", n, d)
	}},

	{"status", theAPI, 6, nil, func(s *stage, _ *fleet, r *rand.Rand) string {
		codes := []int{500, 502, 503, 504, 401, 403, 404, 429}
		fault := genesystest.Fault{Status: codes[r.IntN(len(codes))], Paths: somePaths(r)}
		if fault.Status == http.StatusTooManyRequests {
			fault.RetryAfter = 1 + r.IntN(2)
		}
		return s.hurt(fault, between(r, 200*time.Millisecond, 6*time.Second))
	}},
	{"storm", theAPI, 3, nil, func(s *stage, _ *fleet, r *rand.Rand) string {
		codes := []int{429, 500, 503}
		fault := genesystest.Fault{Status: codes[r.IntN(len(codes))], Rate: 0.05 + r.Float64()/2, Paths: genesystest.PathInvoke}
		return s.hurt(fault, between(r, time.Second, 4*time.Second))
	}},
	{"slow", theAPI, 2, nil, func(s *stage, _ *fleet, r *rand.Rand) string {
		return s.hurt(genesystest.Fault{Delay: genesystest.Duration(between(r, 100*time.Millisecond, 1500*time.Millisecond))},
			between(r, time.Second, 4*time.Second))
	}},
	{"hang", theAPI, 2, nil, func(s *stage, _ *fleet, r *rand.Rand) string {
		return s.hurt(genesystest.Fault{Hang: true, Execute: r.IntN(2) == 0}, between(r, 500*time.Millisecond, 6*time.Second))
	}},
	{"drop", theAPI, 2, nil, func(s *stage, _ *fleet, r *rand.Rand) string {
		return s.hurt(genesystest.Fault{Reset: true, Execute: r.IntN(2) == 0}, between(r, 200*time.Millisecond, 4*time.Second))
	}},
	{"refuse", theAPI, 2, nil, func(s *stage, _ *fleet, r *rand.Rand) string {
		fault := genesystest.Fault{Refuse: true}
		s.api.SetFault(fault)
		s.proxy.cut()
		return s.hurt(fault, between(r, 200*time.Millisecond, 6*time.Second))
	}},
	{"stall", theAPI, 1, nil, func(s *stage, _ *fleet, r *rand.Rand) string {
		d := between(r, 500*time.Millisecond, 5*time.Second)
		s.proxy.setStall(true)
		time.Sleep(d)
		s.proxy.setStall(false)
		return fmt.Sprintf("the API's network swallows everything for %s", d)
	}},
	{"half-close", theAPI, 1, nil, func(s *stage, _ *fleet, _ *rand.Rand) string {
		s.proxy.halfClose()
		return "the API's connections are half closed"
	}},
	{"cut", theAPI, 1, nil, func(s *stage, _ *fleet, _ *rand.Rand) string {
		s.proxy.cut()
		return "the API's connections are reset"
	}},

	{"kafka-cut", brokers, 2, embedded, func(s *stage, _ *fleet, _ *rand.Rand) string {
		s.network.cut()
		return "the broker's connections are reset"
	}},
	{"kafka-stall", brokers, 1, embedded, func(s *stage, _ *fleet, r *rand.Rand) string {
		d := between(r, 200*time.Millisecond, 8*time.Second)
		s.network.setStall(true)
		time.Sleep(d)
		s.network.setStall(false)
		return fmt.Sprintf("the broker's network swallows everything for %s", d)
	}},
	{"kafka-coordinator", brokers, 1, embedded, func(s *stage, _ *fleet, _ *rand.Rand) string {
		s.Fake.ShufflePartitionLeaders()
		s.Fake.RehashCoordinators()
		return "leaders and coordinators move"
	}},
	{"broker-kill", brokers, 2, real3, func(s *stage, _ *fleet, r *rand.Rand) string {
		n := 1 + r.IntN(s.nodes.Count())
		s.nodes.Kill(s.t, n)
		time.Sleep(between(r, 0, 8*time.Second))
		s.nodes.Restart(s.t, n)
		s.inSync()
		return fmt.Sprintf("kill -9 of broker %d", n)
	}},
	{"broker-restart", brokers, 1, real3, func(s *stage, _ *fleet, r *rand.Rand) string {
		n := 1 + r.IntN(s.nodes.Count())
		s.nodes.Stop(s.t, n)
		s.nodes.Restart(s.t, n)
		s.inSync()
		return fmt.Sprintf("restart of broker %d", n)
	}},

	{"dead-letters", deadLetterTopic, 2, nil, func(s *stage, _ *fleet, r *rand.Rand) string {
		name := s.deadLetters()
		if r.IntN(2) == 0 {
			name = s.results()
		}
		d := between(r, 500*time.Millisecond, 6*time.Second)
		s.configure(name, "max.message.bytes", "1") // refuses every record, however small
		time.Sleep(d)
		s.configure(name, "max.message.bytes", "4194304")
		return fmt.Sprintf("%s takes no record for %s", name, d)
	}},
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return (least + time.Duration(r.Int64N(int64(most-least)))).Round(time.Millisecond)
}

func somePaths(r *rand.Rand) genesystest.Path {
	return []genesystest.Path{genesystest.PathAll, genesystest.PathInvoke, genesystest.PathToken}[r.IntN(3)]
}

// hurt puts a fault of the API in force for a while.
func (s *stage) hurt(fault genesystest.Fault, d time.Duration) string {
	s.api.SetFault(fault)
	time.Sleep(d)
	s.api.ClearFault()
	kind, _ := json.Marshal(fault) // as one would PUT it to /_faults
	return fmt.Sprintf("the API for %s: %s", d, kind)
}

func (s *stage) inSync() {
	for _, name := range []string{s.topic, s.deadLetters(), s.results(), "__consumer_offsets"} {
		s.AwaitInSync(s.t, name)
	}
}

// configure sets one setting of a topic, again until the brokers take it.
func (s *stage) configure(topic, name, value string) {
	for {
		res, err := s.Client().IncrementalAlterConfigs(context.Background(), &kafkago.IncrementalAlterConfigsRequest{
			Resources: []kafkago.IncrementalAlterConfigsRequestResource{{
				ResourceType: kafkago.ResourceTypeTopic, ResourceName: topic,
				Configs: []kafkago.IncrementalAlterConfigsRequestConfig{{Name: name, Value: value, ConfigOperation: kafkago.ConfigOperationSet}},
			}},
		})
		if err == nil && len(res.Resources) == 1 && res.Resources[0].Error == nil {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// choose returns the faults of a run in their order: a function of the seed.
func choose(s *stage, r *rand.Rand, n int, only string) []fault {
	var bag []fault
	for _, f := range faults {
		if f.needs != nil && !f.needs(s) || only != "" && !slices.Contains(strings.Split(only, ","), f.name) {
			continue
		}
		for range f.weight {
			bag = append(bag, f)
		}
	}
	var plan []fault
	for range n {
		plan = append(plan, bag[r.IntN(len(bag))])
	}
	return plan
}

// torment runs the faults, with pauses, and those with different subjects over each other.
func torment(t *testing.T, s *stage, f *fleet, seed uint64, n int, only string) {
	r := rand.New(rand.NewPCG(seed, 0))
	var busy [subjects]sync.Mutex
	var running sync.WaitGroup
	for i, fault := range choose(s, r, n, only) {
		own := rand.New(rand.NewPCG(seed, uint64(i)+1))
		busy[fault.subject].Lock()
		running.Go(func() {
			defer busy[fault.subject].Unlock()
			s.tell("%4d %s", i+1, fault.run(s, f, own))
		})
		time.Sleep(between(r, 0, 2**flagPause))
		if t.Failed() {
			break
		}
	}
	running.Wait()
}
