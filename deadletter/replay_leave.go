package deadletter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// leaveOutSent takes out what a replay that broke off has sent, as the source topic shows.
func (r *Replayer) leaveOutSent(ctx context.Context, p *Plan, left *skips) error {
	now := time.Now()
	sent := map[string]map[string]bool{}
	lost := map[string]bool{}
	kept := p.items[:0]
	for _, x := range p.items {
		id := p.state.at(x.letterID, now).Unsettled
		if id == "" {
			kept = append(kept, x)
			continue
		}
		if sent[id] == nil {
			found, err := r.sentBy(ctx, p.state.replays[id])
			var e *lostTrackError
			if lost[id] = errors.As(err, &e); err != nil && !lost[id] {
				return err
			}
			if found == nil {
				found = map[string]bool{}
			}
			sent[id] = found
			if !lost[id] || p.opts.IncludeUnknown {
				p.ended[id] = true
			}
		}
		switch {
		case lost[id] && !p.opts.IncludeUnknown:
			left.add(SkipUnknown, x.id, fmt.Sprintf("nobody can tell whether replay %s has sent it: the source topic does not hold any more what that may have written", id))
		case lost[id]:
			x.unknown = true
			kept = append(kept, x)
		case !sent[id][x.id] || p.opts.Again:
			kept = append(kept, x)
		default:
			p.Settled++
			if !slices.Contains(p.BrokenOff, id) {
				p.BrokenOff = append(p.BrokenOff, id)
			}
		}
	}
	p.items = kept
	return nil
}

// oneOfEachID leaves out all but the newest of the dead letters that share an ID, as they do where the topic was created
// anew: what a replay has sent is found by its ID.
func oneOfEachID(items []*planned, left *skips) []*planned {
	newest := make(map[string]*planned, len(items))
	for _, x := range items {
		if y := newest[x.id]; y == nil || byAge(y.age, x.age) < 0 {
			newest[x.id] = x
		}
	}
	return slices.DeleteFunc(items, func(x *planned) bool {
		older := newest[x.id] != x
		if older {
			left.add(SkipSameID, x.id, "a newer dead letter has the same ID, since the topic was created anew: once that is dealt with, replay this one")
		}
		return older
	})
}

// topicPartitions returns how many partitions the source topic has.
func (r *Replayer) topicPartitions(ctx context.Context) (int, error) {
	parts, err := r.cfg.Cluster.Partitions(ctx, r.cfg.Topic)
	if errors.Is(err, kafka.ErrNoTopic) {
		return 0, fmt.Errorf("the source topic, which replays write to: %w", err)
	}
	return len(parts), err
}

// Options returns what the plan was made for.
func (p *Plan) Options() ReplayOptions { return p.opts }
