package deadletter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// lookTime bounds the search for newer messages.
const lookTime = 15 * time.Second

// PlanNewer tells of messages on the source topic that are newer than what is to be replayed, of the same keys:
// their receiver would get the old one last.
type PlanNewer struct {
	Count   int    `json:"count"` // of messages to be replayed whose key has a newer one
	Example string `json:"example,omitempty"`
	// NotLookedAt says of which part of the topic nobody looked, and why; empty: all of it was looked at.
	NotLookedAt string `json:"not_looked_at,omitempty"`

	keys map[partitionKey]int64 // the newest offset of each key
}

// partitionKey is a key in its partition.
type partitionKey struct {
	partition int
	key       string
}

func (x *planned) newerKey() partitionKey { return partitionKey{x.partition, x.key} }

// lookForNewer reads the source topic behind what is planned, as far as the bounds allow.
func (r *Replayer) lookForNewer(ctx context.Context, p *Plan) error {
	p.Newer.keys = map[partitionKey]int64{}
	from := map[int]int64{}
	ours := map[place]bool{}
	for _, x := range p.items {
		ours[place{x.partition, x.offset}] = true
		if !x.keyed {
			continue
		}
		p.Newer.keys[x.newerKey()] = -1
		if at, ok := from[x.partition]; !ok || x.offset < at {
			from[x.partition] = x.offset
		}
	}
	if len(from) == 0 {
		return nil
	}
	ends, err := r.limits(ctx)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	left := r.cfg.LookAhead
	missed := 0
	for _, partition := range sortedKeys(from) {
		at, ok := ends[partition]
		if !ok {
			continue // the topic was created anew, with fewer of them
		}
		look := span{partition: partition, start: max(from[partition], at.FirstOffset), end: at.LastOffset}
		if look.end-look.start > left {
			missed++
			continue
		}
		left -= max(0, look.end-look.start)
		_, err := r.source.read(limited, look, func(int64) {}, func(rec *kafkago.Record) (bool, error) {
			key, err := kafkago.ReadAll(rec.Key)
			k := partitionKey{partition, string(key)}
			if _, planned := p.Newer.keys[k]; err == nil && key != nil && planned && !ours[place{partition, rec.Offset}] && !isReplay(rec.Headers) {
				p.Newer.keys[k] = max(p.Newer.keys[k], rec.Offset)
			}
			return err == nil, err
		})
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case limited.Err() != nil:
			missed++
		case err != nil:
			return fmt.Errorf("read topic %q, partition %d: %w", r.cfg.Topic, partition, err)
		}
	}
	if missed > 0 {
		p.Newer.NotLookedAt = fmt.Sprintf("%d of %d partitions: more messages came since than are looked at in good time", missed, len(from))
	}
	return nil
}

func isReplay(headers []kafkago.Header) bool {
	return slices.ContainsFunc(headers, func(h kafkago.Header) bool { return h.Key == HeaderReplayID })
}

func sortedKeys[V any](m map[int]V) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// limits returns the first and the last offset of every partition of the source topic.
func (r *Replayer) limits(ctx context.Context) (map[int]kafkago.PartitionOffsets, error) {
	n, err := r.topicPartitions(ctx)
	if err != nil {
		return nil, err
	}
	var asks []kafkago.OffsetRequest
	for id := range n {
		asks = append(asks, kafkago.FirstOffsetOf(id), kafkago.LastOffsetOf(id))
	}
	limits, err := r.source.offsets(ctx, asks)
	if err != nil {
		return nil, fmt.Errorf("ask for the offsets of topic %q: %w", r.cfg.Topic, err)
	}
	return limits, nil
}

// PlanGroup tells of the consumer group that is to handle what is replayed.
type PlanGroup struct {
	Name string `json:"name"`
	Lag  int64  `json:"lag"` // messages that stand before those that are replayed
	// PerSecond is how fast it gets through them, as seen for two seconds; 0: not seen to move.
	PerSecond float64 `json:"per_second"`
	Unknown   string  `json:"unknown,omitempty"` // why the lag is not known
}

// watchGroup is how long a group is watched to see how fast it is.
const watchGroup = 2 * time.Second

// lookAtGroups asks who reads the source topic, and how far they are.
func (r *Replayer) lookAtGroups(ctx context.Context, p *Plan) error {
	p.Group.Name = r.cfg.Group
	for _, g := range slices.Sorted(maps.Keys(p.For)) {
		if p.For[g] > p.For[p.Group.Name] {
			p.Group.Name = g
		}
	}
	partitions, err := r.topicPartitions(ctx)
	if err != nil {
		return err
	}
	if groups, all, err := r.cfg.Cluster.GroupsOn(ctx, r.cfg.Topic, partitions); err != nil {
		p.OthersUnknown = err.Error()
	} else {
		p.Others = slices.DeleteFunc(groups, func(g string) bool { return p.For[g] > 0 || g == p.Group.Name })
		if !all {
			p.OthersUnknown = "not every group could be looked at"
		}
	}
	p.Takes = -1
	if err := r.watch(ctx, &p.Group, partitions); err != nil {
		p.Group.Unknown = err.Error()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p.Takes = p.takes()
	return nil
}

// watch measures a group's lag and, where there is one, its speed.
func (r *Replayer) watch(ctx context.Context, g *PlanGroup, partitions int) error {
	before, err := r.cfg.Cluster.Progress(ctx, g.Name, r.cfg.Topic, partitions)
	if err != nil {
		return err
	}
	g.Lag = before.Lag
	if before.Partitions == 0 {
		return errors.New("the group has committed nothing for this topic: has its worker ever run?")
	}
	if before.Lag == 0 || !kafka.Sleep(ctx, watchGroup) {
		return nil
	}
	after, err := r.cfg.Cluster.Progress(ctx, g.Name, r.cfg.Topic, partitions)
	if err != nil {
		return err
	}
	g.PerSecond = max(0, float64(after.Committed-before.Committed)/watchGroup.Seconds())
	g.Lag = after.Lag
	return nil
}

// takes estimates how long it takes until the last message has ended; negative: not known.
func (p *Plan) takes() time.Duration {
	seconds := 0.0
	if p.Rate > 0 {
		seconds = float64(p.Replays) / p.Rate
	}
	switch {
	case p.Group.Unknown != "" || p.Group.Lag > 0 && p.Group.PerSecond <= 0:
		return -1
	case p.Group.Lag > 0:
		seconds = max(seconds, float64(p.Group.Lag+int64(p.Replays))/p.Group.PerSecond)
	}
	return time.Duration(seconds * float64(time.Second))
}
