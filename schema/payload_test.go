package schema_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/schema"
)

// broken is a violation as the tables name it.
type broken struct{ path, keyword string }

// TestValidator_DefaultSchema goes through the table of the payload's fields, rule by rule.
func TestValidator_DefaultSchema(t *testing.T) {
	v := setup(t)
	for _, row := range []struct {
		name string
		raw  string
		want []broken // none: valid
	}{
		{"everything", valid, nil},
		{"the least", with(`"tags":`, ``), nil},
		{"white space around", " \t\r\n" + valid + "\n", nil},

		{"not an object: array", `[]`, []broken{{"", "type"}}},
		{"not an object: string", `"x"`, []broken{{"", "type"}}},
		{"not an object: number", `1`, []broken{{"", "type"}}},
		{"not an object: null", `null`, []broken{{"", "type"}}},
		{"empty object", `{}`, []broken{{"/callback_url", "required"}, {"/contact", "required"}, {"/priority", "required"}}},

		{"no contact", with(`"contact":`, ``), []broken{{"/contact", "required"}}},
		{"contact null", with(`"contact":`, `null`), []broken{{"/contact", "type"}}},
		{"contact array", with(`"contact":`, `[]`), []broken{{"/contact", "type"}}},
		{"contact empty", with(`"contact":`, `{}`), []broken{
			{"/contact/channel", "required"}, {"/contact/external_id", "required"}, {"/contact/timestamp", "required"}}},
		{"unknown field in contact", contact(`"nickname":`, `"x"`), nil},

		{"no external_id", contact(`"external_id":`, ``), []broken{{"/contact/external_id", "required"}}},
		{"external_id null", contact(`"external_id":`, `null`), []broken{{"/contact/external_id", "type"}}},
		{"external_id number", contact(`"external_id":`, `12`), []broken{{"/contact/external_id", "type"}}},
		{"external_id empty", contact(`"external_id":`, `""`), []broken{{"/contact/external_id", "minLength"}}},
		{"external_id of 1", contact(`"external_id":`, `"x"`), nil},
		{"external_id of 255", contact(`"external_id":`, quoted("x", 255)), nil},
		{"external_id of 255 code points", contact(`"external_id":`, quoted("😀", 255)), nil},
		{"external_id of 255 escaped code points", contact(`"external_id":`, quoted(`\ud83d\ude00`, 255)), nil},
		{"external_id of 256", contact(`"external_id":`, quoted("x", 256)), []broken{{"/contact/external_id", "maxLength"}}},
		{"external_id of 2000", contact(`"external_id":`, quoted("é", 2000)), []broken{{"/contact/external_id", "maxLength"}}},
		{"external_id of a space", contact(`"external_id":`, `" "`), nil},

		{"no channel", contact(`"channel":`, ``), []broken{{"/contact/channel", "required"}}},
		{"channel chat", contact(`"channel":`, `"chat"`), nil},
		{"channel voice", contact(`"channel":`, `"voice"`), nil},
		{"channel email", contact(`"channel":`, `"email"`), nil},
		{"channel web", contact(`"channel":`, `"web"`), nil},
		{"channel web, escaped", contact(`"channel":`, `"\u0077eb"`), nil},
		{"channel sms", contact(`"channel":`, `"sms"`), []broken{{"/contact/channel", "enum"}}},
		{"channel Chat", contact(`"channel":`, `"Chat"`), []broken{{"/contact/channel", "enum"}}},
		{"channel chat with space", contact(`"channel":`, `"chat "`), []broken{{"/contact/channel", "enum"}}},
		{"channel empty", contact(`"channel":`, `""`), []broken{{"/contact/channel", "enum"}}},
		{"channel huge", contact(`"channel":`, quoted("chat", 1000)), []broken{{"/contact/channel", "enum"}}},
		{"channel null", contact(`"channel":`, `null`), []broken{{"/contact/channel", "type"}}},
		{"channel list", contact(`"channel":`, `["chat"]`), []broken{{"/contact/channel", "type"}}},

		{"no timestamp", contact(`"timestamp":`, ``), []broken{{"/contact/timestamp", "required"}}},
		{"timestamp with offset", contact(`"timestamp":`, `"2026-01-31T12:00:00.123456789+05:30"`), nil},
		{"timestamp without zone", contact(`"timestamp":`, `"2026-01-31T12:00:00"`), []broken{{"/contact/timestamp", "format"}}},
		{"timestamp a date", contact(`"timestamp":`, `"2026-01-31"`), []broken{{"/contact/timestamp", "format"}}},
		{"timestamp a time", contact(`"timestamp":`, `"12:00:00Z"`), []broken{{"/contact/timestamp", "format"}}},
		{"timestamp empty", contact(`"timestamp":`, `""`), []broken{{"/contact/timestamp", "format"}}},
		{"timestamp a number", contact(`"timestamp":`, `1767182400`), []broken{{"/contact/timestamp", "type"}}},
		{"timestamp null", contact(`"timestamp":`, `null`), []broken{{"/contact/timestamp", "type"}}},

		{"metadata empty", contact(`"metadata":`, `{}`), nil},
		{"metadata null", contact(`"metadata":`, `null`), nil},
		{"metadata of anything", contact(`"metadata":`, `{"a":[1,{"b":null}],"c":1e300,"x":"y"}`), nil},
		{"metadata a string", contact(`"metadata":`, `"{}"`), []broken{{"/contact/metadata", "type"}}},
		{"metadata a list", contact(`"metadata":`, `[]`), []broken{{"/contact/metadata", "type"}}},
		{"metadata false", contact(`"metadata":`, `false`), []broken{{"/contact/metadata", "type"}}},

		{"no priority", with(`"priority":`, ``), []broken{{"/priority", "required"}}},
		{"priority 1", with(`"priority":`, `1`), nil},
		{"priority 5", with(`"priority":`, `5`), nil},
		{"priority 0", with(`"priority":`, `0`), []broken{{"/priority", "minimum"}}},
		{"priority -0", with(`"priority":`, `-0`), []broken{{"/priority", "minimum"}}},
		{"priority 6", with(`"priority":`, `6`), []broken{{"/priority", "maximum"}}},
		{"priority -1", with(`"priority":`, `-1`), []broken{{"/priority", "minimum"}}},
		{"priority huge", with(`"priority":`, `9007199254740993`), []broken{{"/priority", "maximum"}}},
		{"priority 3.0", with(`"priority":`, `3.0`), []broken{{"/priority", "x-literal"}}},
		{"priority 3e0", with(`"priority":`, `3e0`), []broken{{"/priority", "x-literal"}}},
		{"priority 0.3E+1", with(`"priority":`, `0.3E+1`), []broken{{"/priority", "x-literal"}}},
		{"priority 30e-1", with(`"priority":`, `30e-1`), []broken{{"/priority", "x-literal"}}},
		{"priority 7.0", with(`"priority":`, `7.0`), []broken{{"/priority", "maximum"}, {"/priority", "x-literal"}}},
		{"priority 3.5", with(`"priority":`, `3.5`), []broken{{"/priority", "type"}}},
		{"priority a string", with(`"priority":`, `"3"`), []broken{{"/priority", "type"}}},
		{"priority true", with(`"priority":`, `true`), []broken{{"/priority", "type"}}},
		{"priority false", with(`"priority":`, `false`), []broken{{"/priority", "type"}}},
		{"priority null", with(`"priority":`, `null`), []broken{{"/priority", "type"}}},
		{"priority list", with(`"priority":`, `[3]`), []broken{{"/priority", "type"}}},

		{"tags empty", with(`"tags":`, `[]`), nil},
		{"tags of 10", with(`"tags":`, list(`"a"`, 10)), nil},
		{"tags of 11, all the same", with(`"tags":`, list(`"a"`, 11)), []broken{{"/tags", "maxItems"}}},
		{"tags null", with(`"tags":`, `null`), []broken{{"/tags", "type"}}},
		{"tags a string", with(`"tags":`, `"a,b"`), []broken{{"/tags", "type"}}},
		{"tags an object", with(`"tags":`, `{}`), []broken{{"/tags", "type"}}},
		{"tags with a number", with(`"tags":`, `["a",1]`), []broken{{"/tags/1", "type"}}},
		{"tags with null", with(`"tags":`, `[null]`), []broken{{"/tags/0", "type"}}},
		{"tags with an empty string", with(`"tags":`, `[""]`), nil},

		{"no callback_url", with(`"callback_url":`, ``), []broken{{"/callback_url", "required"}}},
		{"callback_url http", with(`"callback_url":`, `"http://x"`), nil},
		{"callback_url https", with(`"callback_url":`, `"https://example.com/a?b=c"`), nil},
		{"callback_url with escaped slashes", with(`"callback_url":`, `"http:\/\/x"`), nil},
		{"callback_url ftp", with(`"callback_url":`, `"ftp://x"`), []broken{{"/callback_url", "pattern"}}},
		{"callback_url relative", with(`"callback_url":`, `"//x"`), []broken{{"/callback_url", "pattern"}}},
		{"callback_url upper case", with(`"callback_url":`, `"HTTP://x"`), []broken{{"/callback_url", "pattern"}}},
		{"callback_url after a line", with(`"callback_url":`, `"x\nhttp://x"`), []broken{{"/callback_url", "pattern"}}},
		{"callback_url empty", with(`"callback_url":`, `""`), []broken{{"/callback_url", "pattern"}}},
		{"callback_url null", with(`"callback_url":`, `null`), []broken{{"/callback_url", "type"}}},

		{"unknown fields", with(`"extra":`, `{"deep":[1,2,{"x":1.50}]}`), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := v.Validate([]byte(row.raw))
			assert.Equal(t, row.want, violations(t, err), "payload %s: %v", row.raw, err)
		})
	}
}

func TestValidator_Messages(t *testing.T) {
	v := setup(t)
	for _, row := range []struct{ raw, message, expected, got string }{
		{contact(`"channel":`, `"sms"`), "must be one of chat, voice, email, web", "chat, voice, email, web", "string"},
		{contact(`"channel":`, ``), "is required", "", ""},
		{contact(`"metadata":`, `1`), "must be an object or null", "object or null", "integer"},
		{contact(`"external_id":`, `""`), "must have at least 1 character", "1 character", "0 characters"},
		{contact(`"external_id":`, quoted("x", 5000)), "must have at most 255 characters", "255 characters", "5000 characters"},
		{contact(`"timestamp":`, `"12:00"`), "must be a date-time with a zone, as RFC 3339 writes it: 2026-01-31T12:00:00Z", "date-time", "5 characters"},
		{with(`"priority":`, `6`), "must be at most 5", "5", "integer"},
		{with(`"priority":`, `2.5`), "must be an integer", "integer", "number"},
		{with(`"priority":`, `3e0`), "must be written as an integer, without a decimal point or an exponent", "digits only", "integer with a fraction or an exponent"},
		{with(`"tags":`, list(`"a"`, 5000)), "must have at most 10 items", "10 items", "5000 items"},
		{with(`"callback_url":`, `"ftp://x"`), "must match the pattern ^https?://", "^https?://", "7 characters"},
	} {
		_, err := v.Validate([]byte(row.raw))
		var e *schema.Error
		require.ErrorAs(t, err, &e)
		require.Len(t, e.Violations, 1)
		got := e.Violations[0]
		assert.Equal(t, [3]string{row.message, row.expected, row.got}, [3]string{got.Message, got.Expected, got.Got})
	}
}

// Values of a payload may be personal data: none may get into an error, which goes to logs and records.
func TestValidator_ErrorsHoldNoValue(t *testing.T) {
	v := setup(t)
	const secret = "s3cr3t"
	for _, raw := range []string{
		contact(`"channel":`, `"`+secret+`"`), contact(`"timestamp":`, `"`+secret+`"`), with(`"priority":`, `"`+secret+`"`),
		with(`"tags":`, `{"a":"`+secret+`"}`), with(`"callback_url":`, `"`+secret+`"`), `"` + secret, `"` + secret + `" 1`,
		contact(`"external_id":`, quoted(secret, 300)), `{"a":` + secret + `}`,
	} {
		_, err := v.Validate([]byte(raw))
		var e *schema.Error
		require.ErrorAs(t, err, &e, raw)
		for _, violation := range e.Violations {
			assert.NotContains(t, strings.Join([]string{violation.Path, violation.Message, violation.Expected, violation.Got, e.Error()}, " "), secret)
		}
	}
}

func TestValidator_ListsAtMost32AndCountsAll(t *testing.T) {
	v := compile(t, `{"additionalProperties": false}`)
	_, err := v.Validate([]byte("{" + strings.TrimSuffix(numbered(`"k%06d":0,`, 5000), ",") + "}"))
	var e *schema.Error
	require.ErrorAs(t, err, &e)
	assert.Len(t, e.Violations, schema.MaxViolations)
	assert.Equal(t, 5000, e.Count)
	assert.Equal(t, "/k000000", e.Violations[0].Path)
	assert.Equal(t, "/k000031", e.Violations[31].Path)
}

func TestValidator_ViolationsAreSortedAndTheSameEachTime(t *testing.T) {
	v := setup(t)
	raw := []byte(`{"contact":{"metadata":1,"channel":2},"tags":[1,"a",2],"priority":9.0}`)
	_, first := v.Validate(raw)
	for range 50 {
		_, err := v.Validate(raw)
		assert.Equal(t, first, err)
	}
	assert.Equal(t, []broken{
		{"/callback_url", "required"}, {"/contact/channel", "type"}, {"/contact/external_id", "required"},
		{"/contact/metadata", "type"}, {"/contact/timestamp", "required"}, {"/priority", "maximum"},
		{"/priority", "x-literal"}, {"/tags/0", "type"}, {"/tags/2", "type"},
	}, violations(t, first))
}

// One validator serves every message of a worker; the race detector looks on.
func TestValidator_ConcurrentUse(t *testing.T) {
	v := setup(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				payload, err := v.Validate([]byte(with(`"tags":`, `["a","a"]`)))
				assert.NoError(t, err)
				assert.Equal(t, with(`"tags":`, `["a"]`), string(payload))
				_, err = v.Validate([]byte(`{"contact":{}}`))
				assert.Len(t, violations(t, err), 5)
			}
		})
	}
	all.Wait()
}
