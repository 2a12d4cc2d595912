// Package schema says whether a payload is fit to be sent on, and if not, why.
//
// A [Validator] is made of one JSON Schema by [Compile] or [Load]; [Default] is the schema that sluice brings.
// [Validator.Validate] takes a message's bytes and returns the payload to send, or a [*Error] that lists what is
// wrong. It keeps no state: a Validator may be used by any number of goroutines.
//
// # One payload's way
//
//   - prove.go, claim.go: one pass that sees most valid payloads to be valid. It never refuses, and what it does
//     not prove goes the whole way, as if it had not been there:
//   - decode.go: one strict pass. The bytes are UTF-8 without a byte-order mark, one JSON value, with no key
//     twice, no half surrogate pair, nothing nested deeper than 64 and no number that a float64 cannot hold.
//     [DecodingKeywords] names the rules; the first one broken ends the check. gojsonschema itself would take
//     the last of two equal keys, bytes after the value, and bytes that are no text.
//   - view.go: the same pass builds the tree for the library, and in it only what the schema looks at.
//   - report.go, message.go: gojsonschema judges the tree; its errors become [Violation] values, sorted, without
//     any value of the payload. A panic in it is a violation ([KeywordInternal]), not a crash.
//   - rewrite.go: x-literal, x-unique and default, on the bytes. Where nothing changes, the very slice that came
//     in goes out; else unknown fields, number literals, key order and white space stay as sent.
//
// # Our annotations
//
// They can stand in any schema, on the ways on which it certainly applies: properties, items (one schema for
// all items), $ref, allOf. The linter refuses the first two anywhere else, where they would do nothing.
//
//   - "x-unique": true, beside "type": "array": after validation, items equal to an earlier one are removed.
//     Equal is what JSON Schema calls so: 1 and 1.0 are.
//   - "x-literal": true, beside "type": "integer": 3.0 and 3e0 are refused. Elsewhere they are integers.
//   - "default" under properties: filled in where the member is missing, after validation, as it is written in
//     the schema file. So a member that is required is required, default or not; and nothing is filled in inside
//     a default. It has to be valid against its own schema.
//
// # What a schema may say
//
// Drafts -04, -06 and -07; without $schema, -07. Whatever gojsonschema would pass over in silence is refused
// when the schema is loaded, all of it at once and with its place ([LintError]): other drafts, unknown keywords
// and formats, keywords beside $ref, a $ref that leads to the network, out of the schema's folder, to nothing,
// or back to itself. The library is given a copy without names and files in it, so it never resolves anything.
//
// Formats are checked on strings only (format.go lists them). A date-time needs its zone; second 60 is accepted
// where RFC 3339 has it, as the last second of a month in UTC, although many readers refuse it: a producer whose
// payload must be read by such has to say so with a pattern.
//
// Two limits are the library's own: const, enum and uniqueItems compare numbers as float64; patterns are RE2,
// matched anywhere in the string.
//
// # What it costs
//
// Validate takes one to two microseconds for an ordinary message that is valid, where the schema says no more than the
// prover knows: type, enum and const of strings, limits of strings, numbers and arrays, pattern, format, items,
// uniqueItems of strings, properties, required, additionalProperties, allOf, $ref. Else it takes about ten, most of
// it in the library.
//
// With the default schema nothing up to 1 MiB takes more than 50 ms: fields and items that no rule can depend on are
// checked for syntax, but never built, and an array beyond its maxItems is not looked into. Of a long array that has
// to be looked into, and of a large additionalProperties object, the first 1,024 values are judged in one go and the
// rest one by one until 32 violations are found; so [Error.Count] is what was found, and can be less than what
// there is. Where values have to be judged, valid ones cost about a microsecond each, wrong ones several. Where a
// schema looks at a value in alternatives or as a whole (anyOf, oneOf, not, if, contains, dependencies,
// patternProperties, ...), all of it goes to the library at once: a maxItems around it does not bound the time, only
// [Options.MaxBytes] does.
package schema
