package deadletter

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

const (
	// mostCauses bounds how many causes are told apart. Hostile payloads can have any number, since the names
	// of their properties are part of it.
	mostCauses = 10_000
	// MostKeys is how many different keys are counted for a cause; of more, only that there are more.
	MostKeys = 10_000
	// keysInAll bounds the keys counted for all causes together: with 8 to 21 bytes each, some 20 MiB.
	keysInAll = 1_000_000
	// mostPartitions bounds the source partitions that are listed for a cause.
	mostPartitions = 1_000
	// parsedPerCause is how many records of a cause are parsed in the hope of one that tells it in words:
	// what was cut to fit its topic may not.
	parsedPerCause = 3
)

// Stats are the dead letters by what caused them.
type Stats struct {
	Causes  []Cause // the most frequent first
	Others  int64   // dead letters of causes beyond the first 10,000, which are not told apart
	Scanned Scanned
}

// Cause is a group of dead letters that failed for the same reason: those of one fingerprint.
type Cause struct {
	Fingerprint string // empty for records of which only headers can be read, and they do not tell
	Code        Code
	What        string // the cause in a few words, such as "/priority maximum" or "HTTP 503 Service Unavailable"
	Count       int64
	First, Last time.Time // when the first and the last of them failed
	Keys        int       // different source keys, up to MostKeys; messages without a key have none
	MoreKeys    bool      // there are more
	Partitions  []int     // of the source topic, sorted
	Example     string    // the newest one's id; empty where it does not tell
	Moves       []MoveCount
}

// MoveCount is who has to act on some of the dead letters of a cause: they may differ in class and outcome.
type MoveCount struct {
	Move
	Class   Class
	Outcome Outcome
	Count   int64
}

// Stats groups the dead letters that the filter selects by cause. It parses only a few records of each; its
// memory is bounded, at about 64 MiB for telling repeats and 40 MiB for causes and keys. The filter's limit
// is ignored.
func (r *Reader) Stats(ctx context.Context, f Filter) (Stats, error) {
	s := r.newScan(f)
	t := tally{hashes: s.hashes, causes: make(map[causeKey]*tallied), keysLeft: keysInAll}
	err := s.run(ctx, func(l *letter) bool {
		if !l.repeat {
			t.add(l)
		}
		return true
	})
	if err != nil {
		return Stats{}, err
	}
	return Stats{Causes: t.sorted(), Others: t.others, Scanned: s.scanned}, nil
}

// tally counts.
type tally struct {
	hashes   hashes
	causes   map[causeKey]*tallied
	others   int64
	keysLeft int
}

// causeKey is what a cause goes by: the code counts for records without a fingerprint, of which only the
// headers can be read.
type causeKey struct {
	fingerprint string
	code        Code
}

// tallied is a cause while it is counted.
type tallied struct {
	Cause
	keys       hashSet
	partitions map[int]struct{}
	moves      map[kind]int64
	parsed     int
	unreadable int // of those parsed
}

// kind is what says, together with the code, who has to act.
type kind struct {
	class   Class
	outcome Outcome
}

func (t *tally) add(l *letter) {
	key := causeKey{l.fingerprint, l.code}
	c, ok := t.causes[key]
	if !ok {
		if len(t.causes) >= mostCauses {
			t.others++
			return
		}
		c = &tallied{
			Cause: Cause{Fingerprint: l.fingerprint, Code: l.code},
			keys:  hashSet{most: MostKeys}, partitions: make(map[int]struct{}), moves: make(map[kind]int64),
		}
		t.causes[key] = c
	}
	c.Count++
	c.happened(l)
	c.moves[kindOf(l)]++
	if l.key != nil {
		t.addKey(c, l.key)
	}
	if c.What == "" && c.parsed < parsedPerCause {
		c.parsed++
		if e := l.entry(); e.Err != nil {
			c.unreadable++
		} else {
			c.What = e.What()
		}
	}
}

// happened notes when and where.
func (c *tallied) happened(l *letter) {
	at := l.failedAt
	if at.IsZero() {
		at = l.time
	}
	if c.First.IsZero() || at.Before(c.First) {
		c.First = at
	}
	if at.After(c.Last) || c.Count == 1 {
		c.Last, c.Example = at, l.id
	}
	if _, partition, _, err := ParseID(l.id); err == nil && len(c.partitions) < mostPartitions {
		c.partitions[partition] = struct{}{}
	}
}

func (t *tally) addKey(c *tallied, key []byte) {
	before := c.keys.n
	if added := c.keys.add(t.hashes.of(string(key))); added && c.keys.n == before {
		c.MoreKeys = true
	}
	if t.keysLeft -= c.keys.n - before; t.keysLeft <= 0 { // from now on no cause takes in more
		for _, c := range t.causes {
			c.keys.most = c.keys.n
		}
	}
}

// kindOf returns the kind of a letter, of which hostile records could otherwise make any number.
func kindOf(l *letter) kind {
	k := kind{l.class, l.glance.outcome}
	if !slices.Contains([]Class{ClassContract, ClassPermanent, ClassTransient, ClassUnknown, ClassInternal}, k.class) {
		k.class = ""
	}
	if k.outcome.Meaning() == "" {
		k.outcome = OutcomeNone
	}
	return k
}

func (t *tally) sorted() []Cause {
	causes := make([]Cause, 0, len(t.causes))
	for _, c := range t.causes {
		if c.What == "" && c.unreadable == c.parsed {
			c.What = "cannot be decoded"
		}
		c.Keys = c.keys.n
		c.Partitions = slices.Sorted(maps.Keys(c.partitions))
		c.Moves = c.moveCounts()
		causes = append(causes, c.Cause)
	}
	slices.SortFunc(causes, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), b.Last.Compare(a.Last), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return causes
}

// moveCounts returns who has to act, those that concern most of the dead letters first.
func (c *tallied) moveCounts() []MoveCount {
	var moves []MoveCount
	for k, n := range c.moves {
		r := Record{Code: c.Code, Class: k.class, Outcome: k.outcome}
		moves = append(moves, MoveCount{Move: r.Move(), Class: k.class, Outcome: k.outcome, Count: n})
	}
	slices.SortFunc(moves, func(a, b MoveCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Outcome, b.Outcome))
	})
	return moves
}
