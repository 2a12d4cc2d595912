package deadletter

import "bytes"

// glance is what a scan of every record reads from its JSON, since the headers lack it. Parsing takes fifty
// times as long.
type glance struct {
	outcome       Outcome
	payloadSHA256 string // hex; empty for a tombstone
}

// glanceAt reads the few members of a record that a scan needs, and passes over all others. ok is false
// where the value is not laid out as JSON objects are; that it is true does not say that the value is JSON.
func glanceAt(value []byte) (g glance, ok bool) {
	c := cursor{text: value}
	ok = c.members(func(name string) bool {
		switch name {
		case "outcome":
			raw, ok := c.quoted()
			g.outcome = Outcome(raw)
			return ok
		case "payload":
			return c.members(func(name string) bool {
				if name != "sha256" {
					return c.skip()
				}
				raw, ok := c.quoted()
				g.payloadSHA256 = string(raw)
				return ok
			})
		default:
			return c.skip()
		}
	})
	return g, ok
}

// cursor moves over JSON text without checking more of it than it needs to find its way.
type cursor struct {
	text []byte
	at   int
}

// next returns the next byte that is not space, without passing it; 0 at the end.
func (c *cursor) next() byte {
	for c.at < len(c.text) {
		switch b := c.text[c.at]; b {
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return b
		}
	}
	return 0
}

// take passes the next byte if it is b.
func (c *cursor) take(b byte) bool {
	if c.next() != b {
		return false
	}
	c.at++
	return true
}

// members calls visit for each member of an object; visit has to pass its value.
func (c *cursor) members(visit func(name string) bool) bool {
	if !c.take('{') {
		return false
	}
	if c.take('}') {
		return true
	}
	for {
		name, ok := c.quoted()
		if !ok || !c.take(':') || !visit(string(name)) {
			return false
		}
		if !c.take(',') {
			return c.take('}')
		}
	}
}

// quoted passes a string and returns what stands between its quotes, escapes as they are.
func (c *cursor) quoted() (raw []byte, ok bool) {
	if !c.take('"') {
		return nil, false
	}
	start := c.at
	for {
		i := bytes.IndexByte(c.text[c.at:], '"')
		if i < 0 {
			return nil, false
		}
		end := c.at + i
		c.at = end + 1
		escapes := 0
		for end-escapes > start && c.text[end-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return c.text[start:end], true
		}
	}
}

// skip passes a value.
func (c *cursor) skip() bool {
	switch c.next() {
	case '"':
		_, ok := c.quoted()
		return ok
	case '{', '[':
		return c.skipNested()
	}
	start := c.at
	for c.at < len(c.text) && bytes.IndexByte([]byte(",}] \t\r\n"), c.text[c.at]) < 0 {
		c.at++
	}
	return c.at > start
}

// skipNested passes an object or an array.
func (c *cursor) skipNested() bool {
	depth := 0
	for c.at < len(c.text) {
		switch c.text[c.at] {
		case '"':
			if _, ok := c.quoted(); !ok {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if c.at++; depth == 0 {
			return true
		}
	}
	return false
}
