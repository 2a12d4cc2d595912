package genesys

import (
	"bytes"
)

const (
	// flatGrowth bounds how many times longer than the payload a flat input gets: a long name above many
	// small fields would multiply, and the worker's memory is bounded by what payloads take.
	flatGrowth = 8
	flatAtom   = 64 << 10 // bytes that any flat input may have
)

// flat sends one object of scalars. Objects are followed, their names joined by "_"; an array, and an object
// that is empty, become a string that holds their JSON. Numbers, strings, booleans and null keep their bytes.
func flat(r Request) ([]byte, *Error) {
	if err := readable(r.Payload); err != nil {
		return nil, err
	}
	start := skipSpace(r.Payload, 0)
	if r.Payload[start] != '{' {
		return nil, unmappable("", "the payload is not an object, so it has no fields to be sent")
	}
	f := flattener{raw: r.Payload, limit: flatGrowth*len(r.Payload) + flatAtom, seen: map[string]bool{}}
	f.out = append(make([]byte, 0, len(r.Payload)+256), '{')
	if _, err := f.object(start); err != nil {
		return nil, err
	}
	return append(f.out, '}'), nil
}

// flattener goes over one payload, which is JSON.
type flattener struct {
	raw   []byte
	out   []byte
	limit int
	name  []byte // of the property at hand: the names so far, joined
	path  []byte // its pointer
	seen  map[string]bool
}

// object writes what is in the object that begins at i and returns the offset after it.
func (f *flattener) object(i int) (end int, err *Error) {
	for end = i + 1; ; {
		key, start, more := nextMember(f.raw, end)
		if !more {
			return skipSpace(f.raw, end) + 1, nil
		}
		name, path := len(f.name), len(f.path)
		text := unquote(key)
		if name > 0 {
			f.name = append(f.name, '_')
		}
		f.name = append(f.name, text...)
		f.path = append(append(f.path, '/'), escapePointer.Replace(text)...)
		if end, err = f.value(start); err != nil {
			return end, err
		}
		f.name, f.path = f.name[:name], f.path[:path]
	}
}

func (f *flattener) value(start int) (end int, err *Error) {
	if len(f.name) > maxProperty { // before it goes deeper, where it would only get longer
		return start, f.refuse(errPropertyLong.Error())
	}
	if f.raw[start] == '{' && !isEmptyObject(f.raw, start) {
		return f.object(start)
	}
	end = skipValue(f.raw, start)
	return end, f.property(f.raw[start:end])
}

// property writes one property.
func (f *flattener) property(value []byte) *Error {
	if err := CheckProperty(string(f.name)); err != nil {
		return f.refuse("as a property: " + err.Error())
	}
	if f.seen[string(f.name)] {
		return f.refuse("becomes the same property as another field does")
	}
	f.seen[string(f.name)] = true
	if len(f.out) > 1 {
		f.out = append(f.out, ',')
	}
	f.out = append(appendText(f.out, f.name), ':')
	f.out = appendScalar(f.out, value)
	if len(f.out) > f.limit {
		return f.refuse("flattened, the payload grows too long: names above many fields are repeated for each of them")
	}
	return nil
}

func (f *flattener) refuse(problem string) *Error { return unmappable(string(f.path), problem) }

func isEmptyObject(raw []byte, i int) bool {
	return bytes.HasPrefix(raw[skipSpace(raw, i+1):], []byte("}"))
}
