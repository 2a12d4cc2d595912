package genesys

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// The sources beside pointers.
const (
	sourceID        = "$id"
	sourceKey       = "$key"
	sourceTimestamp = "$timestamp"
	sourceHeader    = "$header."
)

// source is where a property's value comes from.
type source struct {
	tokens []string // of the pointer; nil for the others
	name   string   // sourceID, sourceKey, sourceTimestamp, or sourceHeader
	header string
}

// parseSource reads a source, or says what is wrong with it.
func parseSource(text string) (source, error) {
	switch {
	case text == sourceID, text == sourceKey, text == sourceTimestamp:
		return source{name: text}, nil
	case strings.HasPrefix(text, sourceHeader) && len(text) > len(sourceHeader):
		return source{name: sourceHeader, header: text[len(sourceHeader):]}, nil
	case strings.HasPrefix(text, "$"):
		return source{}, fmt.Errorf("unknown source: use $id, $key, $timestamp, $header.NAME or a JSON pointer (got %q)", text)
	case strings.HasPrefix(text, "/"):
		tokens, ok := pointerTokens(text)
		if !ok {
			return source{}, fmt.Errorf("not a JSON pointer: in a name, write ~0 for ~ and ~1 for / (got %q)", text)
		}
		return source{tokens: tokens}, nil
	case text == "":
		return source{}, errors.New("no source: use a JSON pointer such as /contact/external_id, $id, $key, $timestamp or $header.NAME")
	default:
		return source{}, fmt.Errorf("not a JSON pointer: did you mean /%s? (got %q)", strings.ReplaceAll(text, ".", "/"), text)
	}
}

// pointerTokens splits an RFC 6901 pointer that begins with a slash; ok is false where an escape is wrong.
func pointerTokens(pointer string) (tokens []string, ok bool) {
	tokens = strings.Split(pointer[1:], "/")
	for i, t := range tokens {
		if strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(t), "~") {
			return nil, false
		}
		tokens[i] = unescapePointer.Replace(t)
	}
	return tokens, true
}

var (
	escapePointer   = strings.NewReplacer("~", "~0", "/", "~1")
	unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")
)

// picker builds the input property by property.
type picker struct{ properties []property }

type property struct {
	name   string
	prefix []byte // "name":
	from   source
}

// newPicker takes a map that has no problems. Properties are sent in the order of their names, so that equal
// messages give equal bytes.
func newPicker(sources map[string]string) *picker {
	p := &picker{}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		from, _ := parseSource(sources[name])
		p.properties = append(p.properties, property{name, append(appendText(nil, name), ':'), from})
	}
	return p
}

func (p *picker) input(r Request) ([]byte, *Error) {
	if err := readable(r.Payload); err != nil {
		return nil, err
	}
	body := make([]byte, 1, len(r.Payload)+64)
	body[0] = '{'
	for i := range p.properties {
		at := &p.properties[i]
		before := len(body)
		if before > 1 {
			body = append(body, ',')
		}
		body = append(body, at.prefix...)
		with, ok, err := at.append(body, r)
		switch {
		case err != nil:
			return nil, err
		case ok:
			body = with
		default:
			body = body[:before]
		}
	}
	return append(body, '}'), nil
}

// append adds the property's value to body; ok is false where the message has none.
func (p *property) append(body []byte, r Request) (with []byte, ok bool, err *Error) {
	switch p.from.name {
	case sourceID:
		return appendText(body, r.ID), r.ID != "", nil
	case sourceKey:
		if r.Key != nil && !utf8.Valid(r.Key) {
			return nil, false, p.notText("key", sourceKey)
		}
		return appendText(body, r.Key), r.Key != nil, nil
	case sourceTimestamp:
		return appendText(body, r.Timestamp.UTC().Format(timestampLayout)), !r.Timestamp.IsZero(), nil
	case sourceHeader:
		value, ok := lastHeader(r.Headers, p.from.header)
		if !utf8.Valid(value) {
			return nil, false, p.notText("header", sourceHeader+p.from.header)
		}
		return appendText(body, value), ok, nil
	}
	value, ok := find(r.Payload, p.from.tokens)
	if !ok {
		return body, false, nil
	}
	return appendScalar(body, value), true, nil
}

// timestampLayout is RFC 3339 in UTC with the milliseconds that Kafka keeps.
const timestampLayout = "2006-01-02T15:04:05.000Z"

func (p *property) notText(what, from string) *Error {
	return unmappable("", fmt.Sprintf("the message's %s is not UTF-8 text, which property %s (%s) needs", what, p.name, from))
}

// lastHeader returns the last header of a name, as Kafka's own clients do where there is more than one.
func lastHeader(headers []Header, name string) (value []byte, ok bool) {
	for _, h := range slices.Backward(headers) {
		if h.Key == name {
			return h.Value, true
		}
	}
	return nil, false
}
