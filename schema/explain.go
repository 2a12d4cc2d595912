package schema

// Explanation says what the keyword of a violation means, with an example where one is short enough: a schema,
// and a payload that breaks it in just this way.
type Explanation struct {
	Keyword string
	Meaning string
	Schema  string // empty: no example
	Payload string
}

// Explanations returns the explanations of all keywords of violations, strict decoding first, and of x-unique,
// which no payload can break. Do not change them.
func Explanations() []Explanation { return explanations }

// explanations is the closed set; a test compares it with what the package can report, and tries the examples.
var explanations = []Explanation{
	{KeywordNull, "The message has no value at all: a tombstone, by which compacted topics delete a key.", "", ""},
	{KeywordEmpty, "The message's value has no bytes, or only white space.", "{}", " "},
	{KeywordSize, "The payload has more bytes than schema.max_bytes allows. The worker does not read it.", "", ""},
	{KeywordByteOrderMark, "The payload begins with a Unicode byte-order mark, which JSON does not allow. Editors on Windows put it in front: save as UTF-8 without it.", "", ""},
	{KeywordUTF8, "The payload holds bytes that are not UTF-8, as from a program that writes Latin-1 or binary data.", "", ""},
	{KeywordSyntax, "The payload is not JSON. Often: single quotes, a comma too much, a name without quotes, or text cut off.", "{}", `{'a': 1}`},
	{KeywordTrailing, "Something follows the one JSON value: mostly a second document, which needs a message of its own.", "{}", `{"a":1}{"b":2}`},
	{KeywordDuplicateKey, "A key stands twice in one object. Readers differ in which of the two they take, so neither is sent.", "{}", `{"a":1,"a":2}`},
	{KeywordSurrogate, "An escape from \\ud800 to \\udfff stands without its other half, so it is no character: half an emoji, as when text is cut by length.", "{}", `"\ud83d"`},
	{KeywordDepth, "Objects and arrays are nested more than 64 deep.", "", ""},
	{KeywordNumberLength, "A number has more than 64 characters. Send it as a string if every digit counts.", "", ""},
	{KeywordNumberExponent, "A number's exponent is beyond 308, more than other readers can hold.", "{}", `1e999`},
	{KeywordNameLength, "The names on the way to a value have more than 512 bytes together, and the schema looks at every name.", "", ""},

	{KeywordLiteral, "An integer is written with a fraction or an exponent. The schema marks it x-literal: 3 passes, 3.0 and 3e0 do not, since the other side may not take them for integers.", `{"type":"integer","x-literal":true}`, `3.0`},
	{"x-unique", "A mark that no payload can break: in an array marked so, items that come twice are dropped before the payload is sent. The first one stays.", "", ""},
	{"input", "The payload meets the schema, and cannot become the action's input: flattened, two fields have one name, or a name is one that the action cannot have.", "", ""},
	{KeywordInternal, "The check itself failed, and nothing was proved about the payload. Please report it, with the schema.", "", ""},

	{"required", "A field is missing that must be there. The path names it.", `{"required":["id"]}`, `{}`},
	{"type", "The value is of another type. Nothing is converted: \"3\" is a string, not a number.", `{"type":"integer"}`, `"3"`},
	{"enum", "The value is none of those that are allowed. Case counts.", `{"enum":["chat","voice"]}`, `"Chat"`},
	{"const", "The value is not the only one that is allowed.", `{"const":1}`, `2`},
	{"minimum", "The number is too small.", `{"minimum":1}`, `0`},
	{"maximum", "The number is too large.", `{"maximum":5}`, `9`},
	{"exclusiveMinimum", "The number must be greater than the bound; the bound itself does not pass.", `{"exclusiveMinimum":0}`, `0`},
	{"exclusiveMaximum", "The number must be less than the bound; the bound itself does not pass.", `{"exclusiveMaximum":10}`, `10`},
	{"multipleOf", "The number is not a multiple of the one given.", `{"multipleOf":5}`, `7`},
	{"minLength", "The string has too few characters (code points, not bytes).", `{"minLength":1}`, `""`},
	{"maxLength", "The string has too many characters (code points, not bytes).", `{"maxLength":2}`, `"abc"`},
	{"pattern", "The string does not match the regular expression. Unless it has ^ and $, a match anywhere passes.", `{"pattern":"^https?://"}`, `"ftp://x"`},
	{"format", "The string is not of the format, such as a date-time with its zone.", `{"format":"date-time"}`, `"2026-11-23 09:30"`},
	{"minItems", "The array has too few items.", `{"minItems":1}`, `[]`},
	{"maxItems", "The array has too many items, counted as they were sent.", `{"maxItems":1}`, `[1,2]`},
	{"uniqueItems", "The array holds the same item twice.", `{"uniqueItems":true}`, `[1,1]`},
	{"contains", "No item of the array is as one has to be.", `{"contains":{"const":1}}`, `[2,3]`},
	{"additionalItems", "The array has more items than the schema describes.", `{"items":[{}],"additionalItems":false}`, `[1,2]`},
	{"minProperties", "The object has too few fields.", `{"minProperties":1}`, `{}`},
	{"maxProperties", "The object has too many fields.", `{"maxProperties":1}`, `{"a":1,"b":2}`},
	{"additionalProperties", "The schema knows no such field, and allows no other. Often a name is mistyped.", `{"properties":{"id":{}},"additionalProperties":false}`, `{"Id":1}`},
	{"patternProperties", "The value does not match what fields with such a name must be.", "", ""},
	{"propertyNames", "A field has a name that is not allowed.", `{"propertyNames":{"maxLength":2}}`, `{"abc":1}`},
	{"dependencies", "A field is there without another one that it needs.", `{"dependencies":{"a":["b"]}}`, `{"a":1}`},
	{"anyOf", "The value matches none of the alternatives; what each of them misses is listed beside it.", `{"anyOf":[{"type":"string"},{"type":"null"}]}`, `1`},
	{"oneOf", "The value must match exactly one of the alternatives, and matches none or several.", `{"oneOf":[{"minimum":1},{"maximum":9}]}`, `5`},
	{"allOf", "The value must match all of several schemas. What it breaks of them is listed by its own keyword.", "", ""},
	{"not", "The value matches what the schema excludes.", `{"not":{"type":"null"}}`, `null`},
	{"then", "The condition (\"if\") holds, and what follows from it does not.", `{"if":{"required":["a"]},"then":{"required":["b"]}}`, `{"a":1}`},
	{"else", "The condition (\"if\") does not hold, and what follows from that does not either.", `{"if":{"required":["a"]},"else":{"required":["b"]}}`, `{}`},
	{"false", "The schema allows nothing at this place.", `{"properties":{"a":false}}`, `{"a":1}`},
}
