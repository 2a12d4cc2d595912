package schema

// The keywords of violations that are not keywords of JSON Schema. The first group, in the order in which the
// rules are tried, is strict decoding: one of them ends the check, because nothing sure can be said about a
// payload that two readers may read in two ways. Together with the keywords of the drafts they are the closed
// set of [Violation.Keyword].
const (
	KeywordNull           = "null"           // no value at all: a tombstone
	KeywordEmpty          = "empty"          // no bytes, or only white space
	KeywordSize           = "size"           // more bytes than [Options.MaxBytes]
	KeywordByteOrderMark  = "byteOrderMark"  // a Unicode byte-order mark in front
	KeywordUTF8           = "utf8"           // bytes that are not UTF-8
	KeywordSyntax         = "syntax"         // not JSON (RFC 8259)
	KeywordTrailing       = "trailing"       // something after the one JSON value
	KeywordDuplicateKey   = "duplicateKey"   // a key twice in one object, escapes resolved
	KeywordSurrogate      = "surrogate"      // a \ud800-\udfff escape without its other half
	KeywordDepth          = "depth"          // objects and arrays nested deeper than [MaxDepth]
	KeywordNumberLength   = "numberLength"   // a number of more than [MaxNumberLength] characters
	KeywordNumberExponent = "numberExponent" // an exponent beyond ±[MaxExponent]
	KeywordNameLength     = "nameLength"     // names of more than 512 bytes on the way to a value, where a schema looks at every name

	KeywordLiteral  = "x-literal" // an integer written with a fraction or an exponent where the schema forbids it
	KeywordInternal = "internal"  // the check itself failed (a panic in the library); nothing was proved about the payload
)

// The limits of strict decoding. They keep a payload within what every reader behind sluice can hold: the
// exponent is that of a float64, the depth well under any parser's.
const (
	DefaultMaxBytes = 1 << 20 // bytes, where [Options.MaxBytes] is zero
	MaxDepth        = 64      // nested objects and arrays; a lone number has depth 0
	MaxNumberLength = 64      // characters
	MaxExponent     = 308     // absolute value of the exponent as written
)

// DecodingKeywords returns the keywords of strict decoding, in the order in which the rules are tried.
func DecodingKeywords() []string {
	return []string{
		KeywordNull, KeywordEmpty, KeywordSize, KeywordByteOrderMark, KeywordUTF8, KeywordSyntax, KeywordTrailing,
		KeywordDuplicateKey, KeywordSurrogate, KeywordDepth, KeywordNumberLength, KeywordNumberExponent,
		KeywordNameLength,
	}
}
