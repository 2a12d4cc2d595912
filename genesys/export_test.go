package genesys

import "flag"

// Long makes the tests of hours and months of operation as long as they say they are.
var Long = flag.Bool("long", false, "hours of virtual time for the rate's figures, a month for the token's: see docs/rate.md")

// These let tests and fuzz targets reach what is not exported.
var (
	ParseRetryAfter = parseRetryAfter
	KindOf          = kindOf
	Nameless        = nameless
)

// ParsedFailure is what an error body tells.
type ParsedFailure struct{ Code, Message, RequestID, ActionCode string }

// ParseFailure reads an error body.
func ParseFailure(body []byte) ParsedFailure {
	f := parseFailure(body)
	return ParsedFailure{f.code, f.message, f.requestID, f.actionCode}
}
