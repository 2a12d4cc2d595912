package deadletter

import "hash/maphash"

// hashes makes 64-bit hashes of byte strings, which differ from process to process, so that nobody can
// choose keys that collide.
type hashes struct{ seed maphash.Seed }

func newHashes() hashes { return hashes{maphash.MakeSeed()} }

// of hashes parts; their borders count.
func (h hashes) of(parts ...string) uint64 {
	var m maphash.Hash
	m.SetSeed(h.seed)
	for _, p := range parts {
		_, _ = m.WriteString(p)
		_ = m.WriteByte(0xff) // in no UTF-8 text
	}
	return m.Sum64()
}

// hashSet is a set of 64-bit hashes, open-addressed and at most three quarters full, so that a member takes
// 11 to 21 bytes. Among a million members the chance that any two collide is one in 37 million.
type hashSet struct {
	most  int // members; what comes later is not held
	n     int
	slots []uint64 // a power of two of them; 0 is a free one
}

// add adds a hash, and reports whether it is not among those that the set holds.
func (s *hashSet) add(h uint64) (added bool) {
	if h == 0 {
		h = 1
	}
	if s.n < s.most && (s.n+1)*4 > len(s.slots)*3 {
		s.grow()
	}
	if len(s.slots) == 0 {
		return true
	}
	i := s.find(h)
	if s.slots[i] == h {
		return false
	}
	if s.n < s.most {
		s.slots[i] = h
		s.n++
	}
	return true
}

// full reports whether the set holds no more than it has.
func (s *hashSet) full() bool { return s.n >= s.most }

// find returns where h is, or else the free slot where it belongs.
func (s *hashSet) find(h uint64) int {
	mask := uint64(len(s.slots) - 1)
	i := h & mask
	for s.slots[i] != 0 && s.slots[i] != h {
		i = (i + 1) & mask
	}
	return int(i) //nolint:gosec // below the length of a slice
}

func (s *hashSet) grow() {
	old := s.slots
	s.slots = make([]uint64, max(8, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			s.slots[s.find(h)] = h
		}
	}
}
