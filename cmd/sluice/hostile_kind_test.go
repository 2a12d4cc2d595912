package main

import (
	"bytes"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluice-kafka/sluice/deadletter"
)

// hostile is one kind of message that a producer should not send, or that looks as if, and what becomes of it.
type hostile struct {
	name  string
	value maker             // the Kafka value; nil: a null value
	shape func(*kgo.Record) // what is odd about the record around the value; nil: nothing
	way   way               // how it is sent
	end   ending
}

// hostileGroup is a section of docs/hostile-payloads.md.
type hostileGroup struct {
	heading string
	kinds   []hostile
	apart   bool // has a test to itself
}

// hostileGroups is the whole corpus. It is made anew for each test: the test binary is also the `sluice` of other
// tests, which has no use for 20 MiB of it.
func hostileGroups() []hostileGroup {
	return []hostileGroup{
		{heading: "Nothing, and no text", kinds: hostileBytes()},
		{heading: "Not JSON", kinds: hostileGrammar()},
		{heading: "Other formats", kinds: hostileFormats()},
		{heading: "Keys", kinds: hostileKeys()},
		{heading: "Numbers", kinds: hostileNumbers()},
		{heading: "Depth and size", kinds: hostileSizes()},
		{heading: "Strings meant for somebody else", kinds: hostileStrings()},
		{heading: "contact", kinds: hostileContact()},
		{heading: "contact.timestamp", kinds: hostileTimestamps()},
		{heading: "priority", kinds: hostilePriorities()},
		{heading: "tags", kinds: hostileTags()},
		{heading: "callback_url", kinds: hostileURLs()},
		{heading: "The Kafka record around the payload", kinds: hostileRecords()},
		{heading: "Transactions", kinds: hostileTransactions(), apart: true},
		{heading: "With GENESYS_API=integrations, whose requests hold at most 512,000 bytes", kinds: hostileAtPublishedAPI(), apart: true},
	}
}

// ending is what becomes of a message.
type ending struct {
	code          deadletter.Code // empty: it is delivered
	keyword, path string          // of the first violation, where the code is VALIDATION_FAILED
	becomes       maker           // delivered: what is sent; nil: the very bytes that came
	change        string          // delivered: what sluice changed, for the page
	unseen        bool            // it was never there: its transaction was aborted
}

// delivered is the end of a message that is sent as it came.
var delivered = ending{}

// invalid is the end of a payload whose first violation has this keyword and pointer.
func invalid(keyword, path string) ending {
	return ending{code: deadletter.CodeValidationFailed, keyword: keyword, path: path}
}

// changed is the end of a payload that is sent with a change.
func changed(change string, becomes maker) ending { return ending{change: change, becomes: becomes} }

// maker makes the bytes of a payload that bears a mark: text that occurs nowhere else.
type maker func(mark string) []byte

// literal makes a payload of a template, in which MARK stands for the mark.
func literal(template string) maker {
	return func(mark string) []byte { return []byte(strings.ReplaceAll(template, "MARK", mark)) }
}

// around puts bytes before and after a payload.
func around(before string, m maker, after string) maker {
	return func(mark string) []byte { return []byte(before + string(m(mark)) + after) }
}

// swapped replaces text in a payload.
func swapped(m maker, old, replacement string) maker {
	return func(mark string) []byte { return bytes.ReplaceAll(m(mark), []byte(old), []byte(replacement)) }
}

// good is a payload that is delivered as it is.
var good = with()

// with makes a good payload with some members replaced, each given by its name and its JSON: those of contact,
// and any others at the top. A member whose JSON is empty is left out.
func with(nameAndJSON ...string) maker {
	contact := members{{"external_id", `"MARK"`}, {"channel", `"chat"`}, {"timestamp", `"2026-11-23T09:29:00Z"`}}
	top := members{{"contact", ""}, {"priority", "3"}, {"tags", `["a"]`}, {"callback_url", `"https://example.com/MARK"`}}
	var further members
	whole := ""
	for i := 0; i < len(nameAndJSON); i += 2 {
		name, json := nameAndJSON[i], nameAndJSON[i+1]
		switch {
		case name == "contact":
			whole = json
		case name == "metadata" || contact.has(name):
			contact = contact.set(name, json)
		case top.has(name):
			top = top.set(name, json)
		default:
			further = append(further, [2]string{name, json})
		}
	}
	if whole == "" {
		whole = contact.String()
	}
	if whole != without {
		top = top.set("contact", whole)
	}
	return literal(append(top, further...).String())
}

// without leaves contact out, which is made of its members otherwise.
const without = "-"

// members is a JSON object, in order.
type members [][2]string

func (m members) has(name string) bool {
	for _, x := range m {
		if x[0] == name {
			return true
		}
	}
	return false
}

func (m members) set(name, json string) members {
	for i, x := range m {
		if x[0] == name {
			m[i][1] = json
			return m
		}
	}
	return append(m, [2]string{name, json})
}

func (m members) String() string {
	var parts []string
	for _, x := range m {
		if x[1] != "" {
			parts = append(parts, `"`+x[0]+`":`+x[1])
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// sized makes a good payload of exactly n bytes, most of them in its metadata.
func sized(n int) maker {
	padded := with("metadata", `{"padding":"PAD"}`)
	return func(mark string) []byte {
		short := padded(mark)
		pad := strings.Repeat("a", n-len(short)+len("PAD"))
		return bytes.Replace(short, []byte("PAD"), []byte(pad), 1)
	}
}
