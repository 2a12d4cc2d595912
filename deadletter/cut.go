package deadletter

import "slices"

// Part names what was left out of a record that did not fit its topic. The parts are cut in this order,
// each only if those before it were not enough.
type Part string

// The closed set of parts.
const (
	// PartPayload: the payload's end, or all of it; its size and hash stay.
	PartPayload Part = "payload"
	// PartHeaders: the source headers' longer values; names and sizes stay.
	PartHeaders Part = "headers"
	// PartDetails: details, and the attempts between the first three and the last ten.
	PartDetails Part = "details"
	// PartKey: the source key. Its hash stays, and takes its place as the key of the Kafka record.
	PartKey Part = "key"
	// PartContext: attempts, violations, headers, the names of action and processor, the message's end.
	PartContext Part = "context"
	// PartAll: everything that is not an identity, a code, a coordinate, a time or a hash.
	PartAll Part = "all"
)

// Cut tells what was left out of a record so that it fits its topic, and keeps the identity of what was. A record
// of which only the key was redacted has one without parts.
type Cut struct {
	Parts []Part // in the order they were cut; only PartAll where all was
	// PayloadSize is the size of the whole payload in bytes, of which the record's Payload is the beginning.
	// It and PayloadSHA256 are zero where the payload is whole.
	PayloadSize   int
	PayloadSHA256 string // hex
	KeySHA256     string // hex; the source key's hash where the key was cut or redacted, else empty
}

// payloadCut reports whether the record's Payload is only the beginning of the source payload.
func (r Record) payloadCut() bool { return r.Cut != nil && r.Cut.PayloadSHA256 != "" }

// payloadRedacted reports whether something was removed from the payload on purpose.
func (r Record) payloadRedacted() bool { return r.Redacted != nil && len(r.Redacted.Payload) > 0 }

// payloadRemoved reports whether all of the payload was removed on purpose.
func (r Record) payloadRemoved() bool {
	return r.payloadRedacted() && slices.Contains(r.Redacted.Payload, "")
}

// keyCut reports whether the source key was replaced by its hash.
func (r Record) keyCut() bool { return r.Cut != nil && r.Cut.KeySHA256 != "" }

// allCut reports whether only what identifies the record is left.
func (r Record) allCut() bool { return r.Cut != nil && slices.Contains(r.Cut.Parts, PartAll) }

// clone returns a copy that can be changed; of nil, an empty one.
func (c *Cut) clone() *Cut {
	if c == nil {
		return new(Cut)
	}
	return &Cut{Parts: slices.Clone(c.Parts), PayloadSize: c.PayloadSize, PayloadSHA256: c.PayloadSHA256, KeySHA256: c.KeySHA256}
}

// note adds a part that was cut.
func (c *Cut) note(p Part) {
	switch {
	case slices.Contains(c.Parts, PartAll) || slices.Contains(c.Parts, p):
	case p == PartAll:
		c.Parts = []Part{PartAll}
	default:
		c.Parts = append(c.Parts, p)
	}
}

// uncutPayload notes that the payload is whole after all.
func (c *Cut) uncutPayload() {
	c.PayloadSize, c.PayloadSHA256 = 0, ""
	c.Parts = slices.DeleteFunc(c.Parts, func(p Part) bool { return p == PartPayload })
}
