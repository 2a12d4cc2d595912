package worker

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"maps"
	"strings"
	"time"
)

// carry is what one owner of a partition tells the next beyond the committed position: which messages after
// it have ended already, and how many attempts waiting ones have spent. It travels in the commit's metadata,
// so that a rebalance or a crash repeats only what was in flight, even behind a key that has been stuck for
// hours. It is a hint: without it messages are repeated, never lost.
type carry struct {
	witness  witness
	done     []span        // ascending, apart from each other
	attempts map[int64]int // offset → attempts spent
	verified bool          // the witness was met
}

// witness is the lowest message that a carry speaks of. Where the record at its offset has another timestamp,
// the topic is not the one the carry was written for, and none of it may be believed.
type witness struct {
	offset    int64
	timestamp time.Time // in milliseconds, as Kafka keeps it
}

// span is a range of offsets [from, to).
type span struct{ from, to int64 }

const (
	// carryPrefix marks metadata as ours and names its version. Metadata without it was written by another
	// program and is ignored.
	carryPrefix = "sluice1:"
	// maxMetadata keeps below the 4,096 bytes that brokers accept by default (offset.metadata.max.bytes).
	maxMetadata = 4000
)

const (
	carryRuns = iota
	carryBitmap
)

var errCarry = errors.New("damaged metadata")

// encode returns the metadata for a commit at position, at most maxMetadata characters. Where not all fits,
// attempts are dropped first, then the highest of what is done.
func (c carry) encode(position int64) string {
	if c.empty() {
		return ""
	}
	for {
		if text := c.text(position); len(text) <= maxMetadata {
			return text
		}
		if len(c.attempts) > 0 {
			c.attempts = nil
		} else {
			c.done = c.done[:len(c.done)*3/4]
		}
	}
}

func (c carry) text(position int64) string {
	b := binary.AppendVarint(nil, c.witness.offset-position)
	b = binary.AppendVarint(b, c.witness.timestamp.UnixMilli())
	runs, bitmap := c.runs(position), c.bitmap(position)
	if len(runs) <= len(bitmap) {
		b = append(b, carryRuns)
		b = binary.AppendUvarint(b, uint64(len(runs)))
		b = append(b, runs...)
	} else {
		b = append(b, carryBitmap)
		b = binary.AppendUvarint(b, uint64(len(bitmap)))
		b = append(b, bitmap...)
	}
	for offset, spent := range c.attempts {
		b = binary.AppendUvarint(b, uint64(offset-position))
		b = binary.AppendUvarint(b, uint64(spent))
	}
	return carryPrefix + base64.RawStdEncoding.EncodeToString(b)
}

// runs encodes the spans as the lengths of what is not done and what is, in turn.
func (c carry) runs(position int64) []byte {
	var b []byte
	at := position
	for _, s := range c.done {
		b = binary.AppendUvarint(b, uint64(s.from-at))
		b = binary.AppendUvarint(b, uint64(s.to-s.from))
		at = s.to
	}
	return b
}

// bitmap encodes the spans as one bit an offset.
func (c carry) bitmap(position int64) []byte {
	if len(c.done) == 0 {
		return nil
	}
	b := make([]byte, (c.done[len(c.done)-1].to-position+7)/8)
	for _, s := range c.done {
		for o := s.from - position; o < s.to-position; o++ {
			b[o/8] |= 1 << (o % 8)
		}
	}
	return b
}

// decodeCarry reads the metadata of a commit at position. Metadata that is empty or not ours yields nothing.
func decodeCarry(metadata string, position int64) (carry, error) {
	encoded, ours := strings.CutPrefix(metadata, carryPrefix)
	if !ours {
		return carry{}, nil
	}
	b, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil || len(metadata) > maxMetadata {
		return carry{}, errCarry
	}
	d := carryDecoder{b: b}
	var c carry
	c.witness.offset = position + d.varint()
	c.witness.timestamp = time.UnixMilli(d.varint())
	kind := d.byte()
	data := carryDecoder{b: d.bytes()}
	switch kind {
	case carryRuns:
		for at := position; len(data.b) > 0 && !data.bad; {
			from := at + data.uvarint()
			at = from + data.uvarint()
			c.done = append(c.done, span{from, at})
		}
	case carryBitmap:
		c.done = bitmapSpans(data.b, position)
	default:
		return carry{}, errCarry
	}
	for len(d.b) > 0 && !d.bad {
		offset := position + d.uvarint()
		if c.attempts == nil {
			c.attempts = map[int64]int{}
		}
		c.attempts[offset] = int(d.uvarint())
	}
	if d.bad || data.bad {
		return carry{}, errCarry
	}
	return c, nil
}

func bitmapSpans(b []byte, position int64) []span {
	var spans []span
	for i := range int64(len(b)) * 8 {
		if b[i/8]&(1<<(i%8)) == 0 {
			continue
		}
		at := position + i
		if n := len(spans); n > 0 && spans[n-1].to == at {
			spans[n-1].to++
		} else {
			spans = append(spans, span{at, at + 1})
		}
	}
	return spans
}

// carryDecoder reads numbers off a slice; once something is missing or out of bounds, it is bad for good.
type carryDecoder struct {
	b   []byte
	bad bool
}

// maxDistance bounds what a number may be, so that sums of damaged ones cannot overflow.
const maxDistance = 1 << 48

func (d *carryDecoder) uvarint() int64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > maxDistance {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return int64(v)
}

func (d *carryDecoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 || v > maxDistance || v < -maxDistance {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *carryDecoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *carryDecoder) bytes() []byte {
	n := d.uvarint()
	if n > int64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

// ended reports whether the message at offset has ended already; offsets must be asked in ascending order.
func (c *carry) ended(offset int64) bool {
	for len(c.done) > 0 && c.done[0].to <= offset {
		c.done = c.done[1:]
	}
	return len(c.done) > 0 && c.done[0].from <= offset
}

// verify checks the carry against a fetched record before anything at or after its offset is believed. It
// returns false, and forgets everything, where the log turns out to be another one.
func (c *carry) verify(offset int64, timestamp time.Time) bool {
	if c.verified || offset < c.witness.offset || c.empty() {
		return true
	}
	if offset == c.witness.offset && timestamp.UnixMilli() == c.witness.timestamp.UnixMilli() {
		c.verified = true
		return true
	}
	*c = carry{}
	return false
}

// carry returns what the next owner of a partition is to know; the lock is held. What the last owner left of
// messages that have not been fetched again yet is passed on.
func (e *engine) carry(p *partition) carry {
	lowest, spans := p.window.done()
	c := carry{done: spans, attempts: map[int64]int{}, witness: witness{lowest.offset, lowest.timestamp}}
	for el := e.troubled.Front(); el != nil; el = el.Next() {
		m := troubledMessage(el)
		if m.part != p || m.spent == 0 {
			continue
		}
		if len(c.done)+len(c.attempts) == 0 || m.offset < c.witness.offset {
			c.witness = witness{m.offset, m.timestamp}
		}
		c.attempts[m.offset] = m.spent
	}
	if left := p.carry.from(p.window.next); !left.empty() {
		if !p.carry.verified {
			return left // its witness has not been met: the next owner must meet it, not one of ours
		}
		if c.empty() {
			c.witness = left.witness
			if last := p.window.last; last.marked && left.witness.offset <= last.offset {
				// The next owner would not fetch the witness any more. The record before the position is one.
				c.witness = witness{last.offset, last.timestamp}
				c.done = append(c.done, span{last.offset, last.offset + 1})
			}
		}
		c.done = append(c.done, left.done...)
		maps.Copy(c.attempts, left.attempts)
	}
	return c
}

func (c *carry) empty() bool { return len(c.done) == 0 && len(c.attempts) == 0 }

// from returns what a carry says of offsets at or after next.
func (c *carry) from(next int64) carry {
	left := carry{witness: c.witness, attempts: map[int64]int{}}
	for _, s := range c.done {
		if s.to > next {
			left.done = append(left.done, span{max(s.from, next), s.to})
		}
	}
	for offset, spent := range c.attempts {
		if offset >= next {
			left.attempts[offset] = spent
		}
	}
	return left
}
