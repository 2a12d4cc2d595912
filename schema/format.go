package schema

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xeipuuv/gojsonschema"
)

// format is one value of the keyword "format".
type format struct {
	check  func(string) bool
	phrase string // what a value "must be"
}

// formats holds the formats that sluice checks, all of them on strings only, as JSON Schema has it. They replace
// the library's, which take "12:00" for a date-time, "Bob <bob@example.com>" for an email address, an IPv6
// address with dots in it for an IPv4 one, spaces in a URI, and fail every number. idn-hostname is missing on
// purpose: the linter refuses it, because nothing here could check it.
var formats = map[string]format{
	"date-time":             {isDateTime, "a date-time with a zone, as RFC 3339 writes it: 2026-01-31T12:00:00Z"},
	"date":                  {isDate, "a date: 2026-01-31"},
	"time":                  {isTime, "a time with a zone: 12:00:00Z"},
	"email":                 {isEmail, "an email address"},
	"idn-email":             {isEmail, "an email address"},
	"hostname":              {isHostname, "a host name"},
	"ipv4":                  {isIPv4, "an IPv4 address"},
	"ipv6":                  {isIPv6, "an IPv6 address"},
	"uri":                   {isURI, "a URI with a scheme"},
	"uri-reference":         {isURIReference, "a URI or a reference relative to one"},
	"iri":                   {isIRI, "an IRI with a scheme"},
	"iri-reference":         {isIRIReference, "an IRI or a reference relative to one"},
	"uri-template":          {isURITemplate, "a URI template"},
	"uuid":                  {uuid.MatchString, "a UUID"},
	"regex":                 {isRegex, "a regular expression (RE2)"},
	"json-pointer":          {isJSONPointer, "a JSON pointer"},
	"relative-json-pointer": {relativePointer.MatchString, "a relative JSON pointer"},
}

// The library keeps its checkers in one global table. They go there before anything can be compiled; schemas of
// other packages in the same program see them too.
func init() {
	for name, f := range formats {
		gojsonschema.FormatCheckers.Add(name, stringChecker(f.check))
	}
}

// stringChecker is a check that passes what is not a string.
type stringChecker func(string) bool

// IsFormat implements gojsonschema.FormatChecker.
func (c stringChecker) IsFormat(value any) bool {
	s, ok := value.(string)
	return !ok || c(s)
}

// Lengths from which a value is refused unseen. They bound what a check can cost: a regular expression takes
// far more memory than its text.
const (
	maxEmail = 254  // octets (RFC 5321 section 4.5.3.1.3, without the angle brackets)
	maxHost  = 253  // octets (RFC 1035 section 2.3.4, as text)
	maxRegex = 4096 // bytes
)

var (
	hostname        = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
	uuid            = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	relativePointer = regexp.MustCompile(`^(0|[1-9][0-9]*)(#|(/([^~/]|~0|~1)*)*)$`)
)

func isEmail(s string) bool {
	if len(s) > maxEmail {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && (a.Address == s || a.String() == "<"+s+">") // the latter with quotes in s
}

func isHostname(s string) bool { return len(s) <= maxHost && hostname.MatchString(s) }

func isIPv4(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6() && a.Zone() == ""
}

func isURI(s string) bool          { return isASCII(s) && isIRI(s) }
func isURIReference(s string) bool { return isASCII(s) && isIRIReference(s) }

func isIRI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && hasURICharacters(s)
}

func isIRIReference(s string) bool {
	_, err := url.Parse(s)
	return err == nil && hasURICharacters(s)
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// hasURICharacters reports whether s has only characters that RFC 3986, or RFC 3987 beyond ASCII, allows
// somewhere; that they stand in the right places is url.Parse's part.
func hasURICharacters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("\"<>\\^`{|}", r)
	}) < 0
}

// isURITemplate checks RFC 6570's outer form: literals, and expressions in braces that do not nest.
func isURITemplate(s string) bool {
	for s != "" {
		literal, rest, open := strings.Cut(s, "{")
		if !hasURICharacters(literal) {
			return false
		}
		if !open {
			return true
		}
		expression, after, closed := strings.Cut(rest, "}")
		if !closed || expression == "" || !hasURICharacters(strings.Replace(expression, "|", "", 1)) {
			return false
		}
		s = after
	}
	return true
}

func isRegex(s string) bool {
	if len(s) > maxRegex {
		return false
	}
	_, err := regexp.Compile(s)
	return err == nil
}

func isJSONPointer(s string) bool {
	if s != "" && s[0] != '/' {
		return false
	}
	for i := strings.IndexByte(s, '~'); i >= 0; {
		if i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1' {
			return false
		}
		next := strings.IndexByte(s[i+1:], '~')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return true
}
