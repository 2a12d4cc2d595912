package deadletter

import (
	"context"
	"errors"
	"fmt"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
)

// original is a message as it was produced: the one that a dead letter is about.
type original struct {
	key, value []byte
	headers    []kafkago.Header
	fromRecord bool
}

// Records that are wanted are asked for with little around them, as much as those that stand near each other need if
// they are of a usual size.
const (
	nearOffsets = 2_000
	usualBytes  = 2 << 10
	leastBytes  = 64 << 10
)

// pick hands the records at some offsets of a partition, ascending, to visit. Those that are not there are left
// out: retention has removed them, or the topic never had them.
func (r *Reader) pick(ctx context.Context, partition int, offsets []int64, visit func(*kafkago.Record) error) error {
	for len(offsets) > 0 {
		near := offsets[upTo(offsets, offsets[0]+nearOffsets)-1] - offsets[0] + 1
		size := min(max(near*usualBytes, leastBytes), fetchBytes)
		next, end := offsets[0], offsets[len(offsets)-1]+1
		var res *kafkago.FetchResponse
		err := again(ctx, func(ctx context.Context) (err error) {
			res, err = r.client.Fetch(ctx, &kafkago.FetchRequest{
				Topic: r.cfg.Topic, Partition: partition, Offset: next, MinBytes: 1, MaxBytes: size, MaxWait: fetchWait,
			})
			if err == nil {
				err = res.Error
			}
			return err
		})
		var after int64
		switch {
		case errors.Is(err, kafkago.OffsetOutOfRange):
			first, err := r.first(ctx, partition)
			if err != nil {
				return err
			}
			if after = first; first <= next { // it is beyond the end, and so are the others
				after = end
			}
		case err != nil:
			return fmt.Errorf("read topic %q, partition %d, offset %d: %w", r.cfg.Topic, partition, next, err)
		default:
			after, _, err = drain(res.Records, next, end, func(rec *kafkago.Record) (bool, error) {
				if _, wanted := slices.BinarySearch(offsets, rec.Offset); wanted {
					if err := visit(rec); err != nil {
						return false, err
					}
				}
				return true, nil
			})
			if err != nil {
				return fmt.Errorf("read topic %q, partition %d, offset %d: %w", r.cfg.Topic, partition, after, err)
			}
			after = max(after, next+1) // nothing from there on: it is not there yet, or not any more
		}
		offsets = offsets[upTo(offsets, after):]
	}
	return nil
}

// upTo returns how many of the ascending offsets are below one.
func upTo(offsets []int64, below int64) int {
	n, _ := slices.BinarySearch(offsets, below)
	return n
}

// originals reads the messages of dead letters: from the source topic where it still holds the same one, else from
// the record where that holds all of it.
func (r *Replayer) originals(ctx context.Context, items []*planned) (map[*planned]original, error) {
	found := make(map[*planned]original, len(items))
	err := eachPartition(items, func(x *planned) place { return place{x.partition, x.offset} }, func(partition int, at map[int64][]*planned, offsets []int64) error {
		return r.source.pick(ctx, partition, offsets, func(rec *kafkago.Record) error {
			o, err := messageOf(rec)
			if err != nil {
				return err
			}
			have := payloadHash(o.value)
			for _, x := range at[rec.Offset] { // several, where the topic was created anew
				if x.sha256 == have {
					found[x] = o
				}
			}
			return nil
		})
	})
	if err != nil && !errors.Is(err, kafkago.UnknownTopicOrPartition) {
		return nil, err
	}
	var rest []*planned
	for _, x := range items {
		if _, ok := found[x]; !ok {
			rest = append(rest, x)
		}
	}
	err = eachPartition(rest, func(x *planned) place { return x.at }, func(partition int, at map[int64][]*planned, offsets []int64) error {
		return r.letters.pick(ctx, partition, offsets, func(rec *kafkago.Record) error {
			value, err := kafkago.ReadAll(rec.Value)
			if err != nil {
				return err
			}
			for _, x := range at[rec.Offset] {
				if o, ok := recordedMessage(value, x.letterID); ok {
					found[x] = o
				}
			}
			return nil
		})
	})
	return found, err
}

// messageOf copies a message.
func messageOf(rec *kafkago.Record) (o original, err error) {
	if o.key, err = kafkago.ReadAll(rec.Key); err != nil {
		return o, err
	}
	o.value, err = kafkago.ReadAll(rec.Value)
	o.headers = slices.Clone(rec.Headers)
	return o, err
}

// recordedMessage returns the message as a dead letter's record has it, if it is the one that is meant and whole.
func recordedMessage(value []byte, l letterID) (original, bool) {
	rec, err := Decode(value)
	if err != nil || rec.Source.ID() != l.id || !rec.sendable() || payloadHash(rec.Payload) != l.sha256 {
		return original{}, false
	}
	o := original{key: rec.Source.Key, value: rec.Payload, fromRecord: true}
	for _, h := range rec.Source.Headers {
		o.headers = append(o.headers, kafkago.Header{Key: h.Key, Value: h.Value})
	}
	return o, true
}

// payloadHash returns the hash as [Entry] has it: empty for a tombstone.
func payloadHash(payload []byte) string {
	if payload == nil {
		return ""
	}
	return hash(payload)
}

// eachPartition groups dead letters by the partition of a place of theirs.
func eachPartition(items []*planned, where func(*planned) place, visit func(partition int, at map[int64][]*planned, offsets []int64) error) error {
	at := map[int]map[int64][]*planned{}
	for _, x := range items {
		p := where(x)
		if at[p.partition] == nil {
			at[p.partition] = map[int64][]*planned{}
		}
		at[p.partition][p.offset] = append(at[p.partition][p.offset], x)
	}
	for _, partition := range sortedKeys(at) {
		offsets := make([]int64, 0, len(at[partition]))
		for offset := range at[partition] {
			offsets = append(offsets, offset)
		}
		slices.Sort(offsets)
		if err := visit(partition, at[partition], offsets); err != nil {
			return err
		}
	}
	return nil
}

// checkSources finds out whose message the source topic does not hold any more, and checks the payloads that
// only it holds whole.
func (r *Replayer) checkSources(ctx context.Context, p *Plan) error {
	limits, err := r.limits(ctx)
	if err != nil {
		return err
	}
	var unchecked []*planned
	for _, x := range p.items {
		at, ok := limits[x.partition]
		x.fromRecord = !ok || x.offset < at.FirstOffset || x.offset >= at.LastOffset
		if !x.checked && !x.fromRecord {
			unchecked = append(unchecked, x)
		}
	}
	for len(unchecked) > 0 {
		chunk := unchecked[:batchOf(unchecked, sendRecords)]
		unchecked = unchecked[len(chunk):]
		found, err := r.originals(ctx, chunk)
		if err != nil {
			return err
		}
		for _, x := range chunk {
			o, ok := found[x]
			if !ok {
				x.fromRecord = true // another message stands there now
				continue
			}
			source := Source{Topic: r.cfg.Topic, Partition: x.partition, Offset: x.offset, Key: o.key, Headers: headersOf(o.headers)}
			_, x.edited, x.invalid = r.ready(p.opts.Edits, source, o.value)
			x.checked = true
			x.key, x.keyed = string(o.key), o.key != nil
		}
	}
	return nil
}

// batchBytes bounds the payloads that are held at a time.
const batchBytes = 8 << 20

// batchOf returns how many dead letters are taken at once, of n at most: one at least.
func batchOf(items []*planned, n int) int {
	size := 0
	for i, x := range items[:min(n, len(items))] {
		if size += x.size; size > batchBytes && i > 0 {
			return i
		}
	}
	return min(n, len(items))
}

func headersOf(headers []kafkago.Header) []Header {
	var all []Header
	for _, h := range headers {
		all = append(all, Header{Key: h.Key, Value: h.Value})
	}
	return all
}
