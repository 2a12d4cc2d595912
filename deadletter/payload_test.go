package deadletter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a record is about takes at most 4/3 of its bytes, whatever they are: internal/kafka makes the topic as
// large as that.
func TestEncode_TakesAtMostAThirdMore(t *testing.T) {
	const size, story = 256 << 10, 4 << 10
	for name, unit := range map[string]string{
		"letters": "a", "quotes": `"`, "backslashes": `\`, "line breaks": "\n", "control characters": "\x01",
		"U+2028": "\u2028", "U+FFFD": "\ufffd", "emoji": "😀", "markup": "<", "no UTF-8": "\xff", "mixed": "a\"\x00é\xff",
	} {
		t.Run(name, func(t *testing.T) {
			long := []byte(strings.Repeat(unit, size/len(unit)))
			for part, fill := range map[string]func(*Record){
				"payload": func(r *Record) { r.Payload = long },
				"key":     func(r *Record) { r.Source.Key = long },
				"header":  func(r *Record) { r.Source.Headers = []Header{{Key: "h", Value: long}} },
				"name":    func(r *Record) { r.Source.Headers = []Header{{Key: string(long), Value: []byte{}}} },
			} {
				r := sample(CodeValidationFailed)
				fill(&r)
				value := Encode(r)
				require.LessOrEqual(t, len(value), size*4/3+story, part)
				requireValid(t, value)
				back, err := Decode(value)
				require.NoError(t, err)
				same(t, r, back)
			}
		})
	}
}

// Short text is for people, whatever it looks like escaped.
func TestEncode_KeepsShortTextAsText(t *testing.T) {
	r := sample(CodeValidationFailed)
	r.Payload = []byte(strings.Repeat(`"`, readable))
	require.NotNil(t, encodePayload(r).Text)
	r.Payload = append(r.Payload, '"')
	require.Nil(t, encodePayload(r).Text)
}

// A number that costs its reader seconds or all memory must not stand in a record as JSON.
func TestEncode_KeepsCostlyNumbersAsText(t *testing.T) {
	long := strings.Repeat("9", maxNumber)
	for payload, embedded := range map[string]bool{
		long: true, long + "9": false, "-" + long: false, "[" + long + "," + long + "]": true,
		"1e308": true, "1E-0999": false, "1e999999999": false, `{"a":[1.5e+1000]}`: false,
		`"` + long + long + `"`: true, `"\"1e999999999"`: true, `{"e12345":true}`: true, "[true,12,false]": true,
	} {
		r := sample(CodeValidationFailed)
		r.Payload = []byte(payload)
		require.Equal(t, embedded, encodePayload(r).JSON != nil, payload)
		value := Encode(r)
		requireValid(t, value)
		back, err := Decode(value)
		require.NoError(t, err)
		require.Equal(t, payload, string(back.Payload))
	}
}
