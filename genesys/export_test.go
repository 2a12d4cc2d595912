package genesys

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
