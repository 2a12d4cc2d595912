package worker_test

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/worker"
)

// brokerFaults are errors that a broker answers while it goes about its business, each on the requests on
// which a real one does.
var brokerFaults = []struct {
	keys []kmsg.Key
	errs []*kerr.Error
}{
	{[]kmsg.Key{kmsg.Fetch, kmsg.ListOffsets}, []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.UnknownTopicOrPartition, kerr.KafkaStorageError, kerr.FencedLeaderEpoch,
	}},
	{[]kmsg.Key{kmsg.OffsetCommit}, []*kerr.Error{
		kerr.RequestTimedOut, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable,
		kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.IllegalGeneration,
	}},
	{[]kmsg.Key{kmsg.OffsetFetch}, []*kerr.Error{kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.UnstableOffsetCommit}},
	{[]kmsg.Key{kmsg.JoinGroup, kmsg.SyncGroup}, []*kerr.Error{
		kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.UnknownMemberID,
	}},
	{[]kmsg.Key{kmsg.SyncGroup}, []*kerr.Error{kerr.RebalanceInProgress}},
	{[]kmsg.Key{kmsg.Heartbeat}, []*kerr.Error{
		kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.NotCoordinator, kerr.CoordinatorNotAvailable,
	}},
	{[]kmsg.Key{kmsg.FindCoordinator}, []*kerr.Error{kerr.CoordinatorNotAvailable}},
}

// planKafka draws broker errors and broken networks.
func (s *scenario) planKafka(r *rand.Rand) {
	for range 1 + r.IntN(6) {
		slot, longest := r.IntN(s.slots), pick(r, 20*time.Second, 5*time.Minute)
		switch r.IntN(9) {
		case 0, 1, 2:
			row := brokerFaults[r.IntN(len(brokerFaults))]
			f := kfake.Fault{Keys: row.keys, Err: pick(r, row.errs...), Count: -1}
			share := pick(r, 0.2, 1)
			s.during(r, longest, "broker: "+f.Err.Message, func(w *world) func() { return w.faultBroker(f, share) })
		case 3:
			s.during(r, longest, "brokers down", (*world).stopBrokers)
		case 4:
			s.during(r, longest, "half-open", func(w *world) func() { return w.freeze(slot) })
		case 5:
			delay := between(r, 10*time.Millisecond, 2*time.Second)
			s.during(r, longest, "slow network", func(w *world) func() { return w.slowNetwork(delay) })
		case 6:
			s.during(r, 6*time.Second, "connections reset", func(w *world) func() { return w.reset(slot) })
		case 7:
			s.during(r, 6*time.Second, "leaders move", func(w *world) func() { return w.move((*kfake.Cluster).ShufflePartitionLeaders) })
		case 8:
			s.during(r, 6*time.Second, "coordinators move", func(w *world) func() { return w.move((*kfake.Cluster).RehashCoordinators) })
		}
	}
}

// planDeadLetters draws times in which the dead-letter topic takes nothing.
func (s *scenario) planDeadLetters(r *rand.Rand) {
	for range 1 + r.IntN(3) {
		f := kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic + ".dlq", Count: -1, Err: pick(r,
			kerr.NotEnoughReplicas, kerr.NotLeaderForPartition, kerr.TopicAuthorizationFailed, kerr.InvalidRecord,
			kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend, kerr.KafkaStorageError)}
		share := pick(r, 0.3, 1)
		s.during(r, s.span/2, "dead-letter topic: "+f.Err.Message, func(w *world) func() { return w.faultBroker(f, share) })
	}
}

// interval is a time of trouble; to is zero while it lasts.
type interval struct{ from, to time.Time }

// kafkaTrouble notes that Kafka is in trouble, from now until the returned function is called.
func (w *world) kafkaTrouble() func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := &interval{from: time.Now()}
	w.troubles = append(w.troubles, i)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		i.to = time.Now()
	}
}

// recovery is how long after a trouble its consequences may show: a session that ends, a join, a commit.
const recovery = 2 * time.Minute

// troubled reports whether Kafka was in trouble at some time since t.
func (w *world) troubled(t time.Time) bool {
	return slices.ContainsFunc(w.troubles, func(i *interval) bool { return i.to.IsZero() || i.to.Add(recovery).After(t) })
}

// faultBroker answers a share of the requests that f selects with its error.
func (w *world) faultBroker(f kfake.Fault, share float64) func() {
	healed := w.kafkaTrouble()
	n := 0
	f.When = func(kmsg.Request) bool {
		n++
		return roll(w.scenario.seed, f.Err.Message, n) < share
	}
	handle := w.Fake.Fault(f)
	return func() {
		for range handle.Hits() {
			w.tally.count(tallyFaulted)
		}
		handle.Remove()
		healed()
	}
}

func (w *world) stopBrokers() func() {
	healed := w.kafkaTrouble()
	w.down.Store(true)
	for _, p := range w.all {
		p.network.reset()
	}
	return func() {
		w.down.Store(false)
		healed()
	}
}

func (w *world) freeze(slot int) func() {
	p := w.slots[slot]
	if p == nil {
		return func() {}
	}
	healed := w.kafkaTrouble()
	w.tally.count(tallyFreezes)
	p.network.freeze()
	return func() {
		p.network.thaw()
		healed()
	}
}

func (w *world) reset(slot int) func() {
	healed := w.kafkaTrouble()
	if p := w.slots[slot]; p != nil {
		p.network.reset()
	}
	return healed
}

func (w *world) slowNetwork(delay time.Duration) func() {
	healed := w.kafkaTrouble()
	for _, p := range w.all {
		p.network.set(func(n *network) { n.delay = delay })
	}
	return func() {
		for _, p := range w.all {
			p.network.set(func(n *network) { n.delay = 0 })
		}
		healed()
	}
}

func (w *world) move(what func(*kfake.Cluster)) func() {
	healed := w.kafkaTrouble()
	what(w.Fake)
	return healed
}

// observeBroker looks at every commit as the broker receives it.
func (w *world) observeBroker() {
	w.Fake.Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, TopLevel: true, Count: -1, When: func(req kmsg.Request) bool {
			w.commitReceived(req.(*kmsg.OffsetCommitRequest))
			return false
		}},
		// An idle consumer asks twice a second. Letting it wait for longer shows the same behaviour with a
		// tenth of the requests, and so ten times the hours in a second.
		kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, TopLevel: true, Count: -1, When: func(req kmsg.Request) bool {
			req.(*kmsg.FetchRequest).MaxWaitMillis *= 10
			return false
		}},
	)
	if !w.scenario.metadata {
		w.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.OffsetMetadataTooLarge, Count: -1, When: func(req kmsg.Request) bool {
			return slices.ContainsFunc(req.(*kmsg.OffsetCommitRequest).Topics[0].Partitions, func(p kmsg.OffsetCommitRequestTopicPartition) bool {
				return p.Metadata != nil && *p.Metadata != ""
			})
		}})
	}
}

// covered tells which messages of a partition a commit says have ended.
type covered struct {
	partition int
	number    int // of the commit, in the order of arrival
	ended     []bool
}

// commitReceived holds a commit against what has ended at this moment.
func (w *world) commitReceived(req *kmsg.OffsetCommitRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, _, _ := strings.Cut(req.MemberID, "-")
	p := w.byName[name]
	if p == nil {
		w.violate(nil, "a commit of an unknown member %q", req.MemberID)
		return
	}
	w.commits++
	p.sent = p.sent[:0]
	for _, part := range req.Topics[0].Partitions {
		id, metadata := int(part.Partition), ""
		if part.Metadata != nil {
			metadata = *part.Metadata
		}
		ended, err := worker.Carried(metadata, part.Offset)
		if err != nil {
			w.violate(nil, "%s committed metadata that cannot be read: %v", name, err)
			return
		}
		if metadata != "" {
			w.tally.count(tallyCarried)
		}
		w.story.tell(name, nil, "commits %d/%d with %d characters", id, part.Offset, len(metadata))
		c := covered{partition: id, number: w.commits}
		if int(part.Offset) > len(w.log[id]) {
			w.violate(nil, "%s committed %d/%d, past the end of the log", name, id, part.Offset)
		}
		for _, m := range w.log[id] {
			has := m.offset < part.Offset || ended(m.offset)
			if has && !m.ended {
				w.violate(m, "%s committed position %d of partition %d, with metadata, past a message that has not ended", name, part.Offset, id)
			}
			c.ended = append(c.ended, has)
		}
		p.sent = append(p.sent, c)
	}
}

// commitAccepted takes in that the broker took the process's last commit: what it covers may never be
// repeated, nor forgotten by a later commit.
func (w *world) commitAccepted(p *process) {
	for _, c := range p.sent {
		if c.number < w.accepted[c.partition] {
			continue // another owner's later one is known already
		}
		w.accepted[c.partition] = c.number
		for i, has := range c.ended {
			m := w.log[c.partition][i]
			if !has && m.kept {
				w.violate(m, "%s committed without telling of a message that an earlier commit had told of", p.name)
			}
			m.kept = m.kept || has
		}
	}
	p.sent = p.sent[:0]
}

// roll draws from [0, 1), the same for the same arguments.
func roll(seed uint64, what string, n int) float64 {
	h := fnv.New64a()
	h.Write([]byte(what))                                             //nolint:errcheck // never fails
	return rand.New(rand.NewPCG(seed^h.Sum64(), uint64(n))).Float64() //nolint:gosec // a scenario, not a key
}
