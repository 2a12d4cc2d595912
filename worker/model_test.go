package worker

import (
	"slices"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"
	"pgregory.net/rapid"
)

// owners is a partition that is passed from owner to owner, as a model: what its log holds, what has ended,
// and what the group was told of it.
type owners struct {
	w      *Worker
	log    []logged
	end    int64              // next offset of the log
	clock  int64              // no two records have the same timestamp
	ended  map[int64]bool     // truth: these have ended
	told   map[int64]bool     // the group's last commit says so
	marked map[int64]bool     // the present owner knows that these have ended
	group  commitPoint        // that commit
	stale  bool               // that commit speaks of a topic that is gone
	engine *engine            // the present owner
	open   map[int64]*message // what it has in flight
}

type logged struct {
	offset    int64
	timestamp time.Time
}

func (o *owners) part() *partition { return o.engine.parts[0] }

// begin lets a new owner take over from what the group has.
func (o *owners) begin() {
	if o.engine != nil {
		o.engine.timer.Stop()
	}
	first := int64(0)
	o.engine = newEngine(o.w, 1<<20)
	o.engine.assign("t", o.w.start(0, o.group, kafkago.PartitionOffsets{FirstOffset: first, LastOffset: o.end}))
	o.open, o.marked = map[int64]*message{}, map[int64]bool{}
	for _, rec := range o.log {
		if o.stale && rec.offset < o.part().window.next {
			o.ended[rec.offset] = true // passed over, as in any group that commits offsets
		}
	}
}

// receive fetches the next record, as engine.add does.
func (o *owners) receive(t *rapid.T) {
	for _, rec := range o.log {
		p := o.part()
		if rec.offset < p.window.next {
			continue
		}
		m := &message{part: p, offset: rec.offset, timestamp: rec.timestamp}
		m.handle = p.window.add(m.offset, m.timestamp)
		switch carried := o.engine.carriedOver(p, m); {
		case carried && !o.ended[m.offset]:
			t.Fatalf("offset %d was skipped and has not ended: lost", m.offset)
		case carried:
			o.marked[m.offset] = true
			p.window.mark(m.handle)
		case o.told[m.offset]:
			t.Fatalf("offset %d is repeated although the group was told of its end: %+v", m.offset, o.group)
		default:
			o.open[m.offset] = m
		}
		return
	}
	o.engine.skipTo(o.part(), o.end)
}

// holds reports whether the log has the record that a witness names.
func (o *owners) holds(w witness) bool {
	return slices.ContainsFunc(o.log, func(r logged) bool { return r.offset == w.offset && r.timestamp.Equal(w.timestamp) })
}

func (o *owners) one(t *rapid.T) *message {
	var offsets []int64
	for _, rec := range o.log {
		if o.open[rec.offset] != nil {
			offsets = append(offsets, rec.offset)
		}
	}
	if len(offsets) == 0 {
		return nil
	}
	return o.open[rapid.SampledFrom(offsets).Draw(t, "offset")]
}

// commit tells the group, where the broker takes it, and with its metadata where it takes that.
func (o *owners) commit(t *rapid.T, accepted, metadata bool) {
	points := o.engine.uncommitted()
	point, ok := points[0]
	if !ok {
		return
	}
	if !accepted {
		o.engine.setCommitted(points, kafkago.RequestTimedOut)
		return
	}
	if !metadata {
		point.metadata = ""
		points[0] = point
	}
	o.engine.setCommitted(points, nil)
	before := o.told
	o.stale = false
	o.group, o.told = point, map[int64]bool{}
	left, err := decodeCarry(point.metadata, point.offset)
	if err != nil {
		t.Fatalf("%q: %v", point.metadata, err)
	}
	believed := o.holds(left.witness)
	unverified := !o.part().carry.empty() && !o.part().carry.verified
	full := o.engine.carry(o.part())
	full.attempts = nil
	cut := len(full.text(point.offset)) > maxMetadata
	for _, rec := range o.log {
		told := rec.offset < point.offset || believed && left.ended(rec.offset)
		switch {
		case told && !o.ended[rec.offset]:
			t.Fatalf("offset %d is committed at %d and has not ended", rec.offset, point.offset)
		case told:
			o.told[rec.offset] = true
		case !metadata, cut, unverified: // not all that is known was told
		case before[rec.offset]:
			t.Fatalf("offset %d was told of before, and is forgotten by a commit at %d", rec.offset, point.offset)
		case o.marked[rec.offset]:
			t.Fatalf("offset %d has ended and is neither before %d nor in the metadata", rec.offset, point.offset)
		}
	}
}

// TestCarry_NothingLostNorRepeatedFromOwnerToOwner drives a partition through any interleaving of fetches,
// completions, commits, rebalances and crashes: what is committed has ended, and what had ended when it was
// committed is neither repeated nor skipped in a topic that only bears the same name.
func TestCarry_NothingLostNorRepeatedFromOwnerToOwner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{Topic: "t", Group: "g", Logger: zap.NewNop()}.withDefaults()
		o := &owners{
			w:     &Worker{cfg: cfg, log: cfg.Logger, judge: newJudge(cfg.Concurrency)},
			ended: map[int64]bool{}, told: map[int64]bool{}, group: commitPoint{offset: -1},
		}
		o.begin()
		defer func() { o.engine.timer.Stop() }()
		produce := func(t *rapid.T) {
			for range rapid.IntRange(1, 40).Draw(t, "records") {
				o.clock++
				o.log = append(o.log, logged{o.end, time.UnixMilli(o.clock)})
				o.end += rapid.SampledFrom([]int64{1, 1, 1, 1, 7}).Draw(t, "gap")
			}
		}
		many := func(t *rapid.T, what string, do func()) {
			for range rapid.IntRange(1, 30).Draw(t, what) {
				do()
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"produce": produce,
			"receive": func(t *rapid.T) { many(t, "received", func() { o.receive(t) }) },
			"end": func(t *rapid.T) {
				many(t, "ended", func() {
					if m := o.one(t); m != nil {
						delete(o.open, m.offset)
						o.ended[m.offset], o.marked[m.offset] = true, true
						m.part.window.mark(m.handle)
						m.part.dirty = true
						if m.troubledAt != nil {
							o.engine.troubled.Remove(m.troubledAt)
						}
					}
				})
			},
			"fail": func(t *rapid.T) {
				if m := o.one(t); m != nil {
					m.spent = min(m.spent+1, cfg.MaxAttempts-1)
					m.part.dirty = true
					o.engine.trouble(m, time.UnixMilli(o.clock))
				}
			},
			"commit":           func(t *rapid.T) { o.commit(t, true, true) },
			"commit fails":     func(t *rapid.T) { o.commit(t, false, true) },
			"metadata refused": func(t *rapid.T) { o.commit(t, true, rapid.IntRange(0, 3).Draw(t, "taken") > 0) },
			"rebalance":        func(t *rapid.T) { o.commit(t, true, true); o.begin() },
			"crash":            func(*rapid.T) { o.begin() },
			"recreate": func(t *rapid.T) {
				if rapid.IntRange(0, 5).Draw(t, "kept") > 0 {
					return
				}
				o.log, o.end, o.told = nil, 0, map[int64]bool{}
				o.ended = map[int64]bool{}
				produce(t)
				produce(t)
				o.stale = true
				o.begin()
			},
		})
	})
}
