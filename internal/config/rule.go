package config

import (
	"cmp"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxDrain bounds worker.drain. The rebalance time-out that sluice asks for is the drain and ten seconds:
// while one member drains all others wait, so a longer drain would stop the group rather than save calls.
const maxDrain = 10 * time.Minute

// rule checks one decoded value, given the pointer to it. It returns what is wrong with it, or nil.
type rule func(field any) *flaw

// drain accepts how long a drain may be.
func drain(field any) *flaw {
	if v := *field.(*time.Duration); v < 0 || v > maxDrain {
		return &flaw{"out of range", "use a value from 0s to " + duration(maxDrain) + ": while one worker drains, the others of its group wait"}
	}
	return nil
}

// oneOf accepts the listed words.
func oneOf(words ...string) rule {
	return func(field any) *flaw {
		if slices.Contains(words, *field.(*string)) {
			return nil
		}
		named := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
		return &flaw{"unknown value", "use " + strings.Join(named[:len(named)-1], ", ") + " or " + named[len(named)-1]}
	}
}

// between accepts values from lo to hi, both included.
func between[T cmp.Ordered](lo, hi T) rule {
	return func(field any) *flaw {
		if v := *field.(*T); v < lo || v > hi {
			return &flaw{"out of range", "use a value from " + encode(&lo) + " to " + encode(&hi)}
		}
		return nil
	}
}

// optional accepts the empty string, and else what r accepts.
func optional(r rule) rule {
	return func(field any) *flaw {
		if *field.(*string) == "" {
			return nil
		}
		return r(field)
	}
}

// maxTopicName and topicPattern are Kafka's own rule (org.apache.kafka.common.internals.Topic).
const maxTopicName = 249

var topicPattern = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

func topicName(field any) *flaw {
	name := *field.(*string)
	if !topicPattern.MatchString(name) || len(name) > maxTopicName || name == "." || name == ".." {
		return &flaw{"not a topic name", "use 1 to 249 letters, digits, dots, underscores and dashes"}
	}
	return nil
}

// topicTemplate accepts a topic name in which {topic} stands for the source topic's.
func topicTemplate(field any) *flaw {
	name := strings.ReplaceAll(*field.(*string), topicPlaceholder, "x")
	return topicName(&name)
}

// plainName accepts a name that other systems gave: anything printable without spaces around it.
func plainName(field any) *flaw {
	name := *field.(*string)
	switch {
	case name == "":
		return &flaw{"empty", "give it a name"}
	case strings.TrimSpace(name) != name, strings.ContainsFunc(name, unicode.IsControl), len(name) > 255:
		return &flaw{"not a name", "use at most 255 printable characters without spaces around them"}
	}
	return nil
}

func brokers(field any) *flaw {
	const fix = "use host:port[,host:port…]"
	addrs := *field.(*[]string)
	if len(addrs) == 0 {
		return &flaw{"no brokers", fix}
	}
	for _, a := range addrs {
		if host, port, err := net.SplitHostPort(a); err != nil || host == "" || !isPort(port) || port == "0" {
			return &flaw{"not a broker's address", fix}
		}
	}
	return nil
}

func listenAddr(field any) *flaw {
	if _, port, err := net.SplitHostPort(*field.(*string)); err != nil || !isPort(port) {
		return &flaw{"not an address to listen at", "use host:port, such as 127.0.0.1:8080; port 0 takes a free one"}
	}
	return nil
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// apiPath begins the path of everything that is asked of the API.
const apiPath = "/api/v2"

// httpURL accepts where requests may go. Credentials in it would end up in logs, and a query or fragment
// would be lost when a path is added.
func httpURL(field any) *flaw {
	u, err := url.Parse(*field.(*string))
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.Opaque != "":
		return &flaw{"not a URL", "begin it with https://, as in " + defaultBaseURL}
	case u.User != nil:
		return &flaw{"credentials in a URL", "leave them out; the client's id and secret have settings of their own"}
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return &flaw{"query or fragment in a base URL", "leave it out"}
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), apiPath):
		return &flaw{"ends with the API's own path", "leave out " + apiPath + ": sluice adds it"}
	}
	return nil
}

// redactions accepts what can be named to be left out of dead letters. A property whose name holds a comma needs
// sluice.yaml's list.
func redactions(field any) *flaw {
	rules := *field.(*[]string)
	for i, rule := range rules {
		problem, fix := redaction(rule)
		if problem == "" {
			continue
		}
		if len(rules) > 1 {
			problem = "number " + strconv.Itoa(i+1) + " " + problem
		}
		return &flaw{problem, fix}
	}
	return nil
}

// tilde finds what a ~ in a JSON pointer must not be.
var tilde = regexp.MustCompile(`~([^01]|$)`)

func redaction(rule string) (problem, fix string) {
	name, isHeader := strings.CutPrefix(rule, "header:")
	switch {
	case !utf8.ValidString(rule):
		return "is not UTF-8", "write it as the payload or the header has it, in UTF-8"
	case rule == "payload", rule == "key":
		return "", ""
	case isHeader && name == "":
		return "lacks the header's name", "use header:NAME, or header:* for every header"
	case isHeader:
		return "", ""
	case !strings.HasPrefix(rule, "/"):
		return "names nothing that can be redacted", "use a JSON pointer, which begins with /, such as /contact/external_id; or payload, key or header:NAME"
	case tilde.MatchString(rule):
		return "is not a JSON pointer", "in a name, write ~ as ~0 and / as ~1"
	}
	return "", ""
}

// inputShape checks no more than the shape: what a source may be is the API client's knowledge.
func inputShape(field any) *flaw {
	in := *field.(*Input)
	if in.Mode != "" {
		return oneOf("payload", "flat")(&in.Mode)
	}
	if len(in.Map) == 0 {
		return &flaw{"empty", "use payload, flat, or in sluice.yaml a map of property name to source"}
	}
	for name, source := range in.Map {
		if name == "" || source == "" {
			return &flaw{"a property without a name or a source",
				"give each a JSON pointer, $id, $key, $timestamp or $header.NAME"}
		}
	}
	return nil
}
