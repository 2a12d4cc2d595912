package deadletter

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// maxDepth is how deeply JSON may be nested to stand inside a record. Deeper JSON is kept as text: a record
// must be readable by common parsers, of which some stop at a few hundred levels.
const maxDepth = 64

// readable is the size in bytes up to which text stays text, however it has to be escaped: a person may read it.
const readable = 4 << 10

// wirePayload is the payload's form on the wire. At most one of JSON, Text and Base64 is set.
type wirePayload struct {
	JSON      json.RawMessage `json:"json,omitempty"`
	Text      *string         `json:"text,omitempty"`
	Base64    *string         `json:"base64,omitempty"`
	Null      bool            `json:"null"`
	Size      int             `json:"size"`
	SHA256    string          `json:"sha256,omitempty"` // absent for a null payload
	Truncated bool            `json:"truncated"`
	Redacted  []string        `json:"redacted,omitempty"` // rules that met something in it
}

// encodePayload chooses the form that decodes to equal bytes: JSON where embedding changes nothing, text
// where it is UTF-8, else base64.
func encodePayload(r Record) wirePayload {
	var w wirePayload
	w.Size, w.SHA256 = r.SourcePayload()
	if r.payloadRedacted() {
		w.Redacted = r.Redacted.Payload
	}
	switch {
	case r.payloadCut():
		w.Truncated = true
		if len(r.Payload) > 0 && !r.payloadRemoved() {
			w.Text, w.Base64 = encodeBytes(r.Payload)
		}
	case r.payloadRemoved():
	case r.Payload == nil:
		w.Null = true
	case survives(r.Payload):
		w.JSON = r.Payload
	default:
		w.Text, w.Base64 = encodeBytes(r.Payload)
	}
	return w
}

// decodePayload returns the payload's bytes, or what there is of them, checked against size and hash where it is
// all.
func decodePayload(w wirePayload) (payload []byte, err error) {
	given := 0
	for _, is := range []bool{w.JSON != nil, w.Text != nil, w.Base64 != nil} {
		if is {
			given++
		}
	}
	redacted, removed := len(w.Redacted) > 0, slices.Contains(w.Redacted, "")
	switch {
	case given > 1:
		return nil, fieldError("payload", "has more than one of json, text and base64")
	case w.Size < 0:
		return nil, fieldError("payload/size", "is negative")
	case w.Null && (given != 0 || w.Size != 0 || w.Truncated || redacted):
		return nil, fieldError("payload", "is null and yet has content")
	case w.Null:
		return nil, nil
	case removed && given != 0:
		return nil, fieldError("payload", "was removed and yet has content")
	case redacted && w.SHA256 == "":
		return nil, fieldError("payload", "is redacted and lacks its hash")
	case given == 0 && !w.Truncated && !removed:
		return nil, fieldError("payload", "has none of json, text, base64 and null")
	case w.Truncated && (w.SHA256 == "" || w.JSON != nil):
		return nil, fieldError("payload", "is truncated, and lacks its hash or is json")
	case w.JSON != nil:
		payload = w.JSON
	default:
		if payload, err = decodeBytes(w.Text, w.Base64); err != nil {
			return nil, fieldError("payload/base64", "is not base64")
		}
	}
	if w.Truncated || redacted {
		if len(payload) > w.Size && !redacted {
			return nil, fieldError("payload/size", "is smaller than what is given of the payload")
		}
		return append([]byte{}, indentedAway(payload, w)...), nil
	}
	return verified(payload, w)
}

// indentedAway returns the payload without what a tool may have indented JSON with on its way: only compact JSON
// is ever embedded, so nothing is lost.
func indentedAway(payload []byte, w wirePayload) []byte {
	if w.JSON != nil {
		if c, err := compact(payload); err == nil {
			return c
		}
	}
	return payload
}

// verified returns the payload if it has the stated size and hash.
func verified(payload []byte, w wirePayload) ([]byte, error) {
	payload = indentedAway(payload, w)
	if len(payload) != w.Size || hash(payload) != w.SHA256 {
		return nil, fieldError("payload", "does not have the stated size and sha256: the record was altered after it was written")
	}
	return payload, nil
}

// encodeBytes returns b as text if it is valid UTF-8, else as base64, and neither for nil. Long text that
// escapes would make longer than base64 becomes base64 too: so a record needs at most 4/3 of the bytes it is
// about, which is what its topic has room for.
func encodeBytes(b []byte) (text, encoded *string) {
	if b == nil {
		return nil, nil
	}
	if utf8.Valid(b) && (len(b) <= readable || len(textBeginning(b, base64.StdEncoding.EncodedLen(len(b)))) == len(b)) {
		s := string(b)
		return &s, nil
	}
	s := base64.StdEncoding.EncodeToString(b)
	return nil, &s
}

// decodeBytes is the inverse of encodeBytes. What it returns is nil only if both are.
func decodeBytes(text, encoded *string) ([]byte, error) {
	switch {
	case text != nil:
		return []byte(*text), nil
	case encoded != nil:
		return base64.StdEncoding.DecodeString(*encoded)
	default:
		return nil, nil
	}
}

// survives reports whether JSON can be embedded in a record and read back with equal bytes: it is valid,
// not too deep, and has no space between its tokens, which the encoder would drop.
func survives(b []byte) bool {
	if !embeddable(b) {
		return false
	}
	c, err := compact(b)
	return err == nil && bytes.Equal(c, b)
}

func compact(b []byte) ([]byte, error) {
	var c bytes.Buffer
	c.Grow(len(b))
	if err := json.Compact(&c, b); err != nil {
		return nil, err
	}
	return c.Bytes(), nil
}

// embeddable reports whether b is JSON that every reader of the record can read: valid also as UTF-8, which
// json.Valid does not check, nested no deeper than maxDepth, and without numbers that are costly to read.
func embeddable(b []byte) bool {
	return utf8.Valid(b) && depth(b) <= maxDepth && !costlyNumber(b) && json.Valid(b)
}

// Numbers beyond these are kept as text: a reader that computes exactly, as JSON Schema validators do, takes
// seconds for a million digits, and all memory for 1e999999999.
const (
	maxNumber   = 64 // characters
	maxExponent = 3  // digits
)

// costlyNumber reports whether there is such a number in b, if b is JSON.
func costlyNumber(b []byte) bool {
	length, exponent, quoted := 0, -1, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
			length, exponent = 0, -1
		case quoted:
		case c >= '0' && c <= '9':
			length++
			if exponent >= 0 {
				exponent++
			}
		case c == 'e' || c == 'E':
			length, exponent = length+1, 0
		case c == '.' || c == '-' || c == '+':
			length++
		default:
			length, exponent = 0, -1
		}
		if length > maxNumber || exponent > maxExponent {
			return true
		}
	}
	return false
}

// depth returns how deeply arrays and objects are nested in b, if b is JSON.
func depth(b []byte) int {
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// firstByte returns the first byte of JSON that is not space.
func firstByte(b []byte) byte {
	if b = bytes.TrimLeft(b, " \t\r\n"); len(b) == 0 {
		return 0
	}
	return b[0]
}

// hash returns the SHA-256 of b in hex.
func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
