package worker_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
)

// canary is a value that must not be seen; a number where JSON wants one is made of digits alone.
func canary(place string) string { return "canary-" + place + "-4915112345678" }

// secretly is a message with canaries in all that is redacted, beneath a name and in a name.
func secretly(rest string) kafkago.Message {
	return kafkago.Message{
		Key: []byte(canary("key")),
		Value: fmt.Appendf(nil, `{"contact":{"external_id":%q,"channel":"chat","timestamp":"2026-11-23T09:28:59Z","metadata":{%q:%q}},%s}`,
			canary("id"), canary("name"), canary("value"), rest),
		Headers: []kafkago.Header{{Key: "Authorization", Value: []byte(canary("header"))}, {Key: "event-id", Value: []byte("e-1")}},
	}
}

var canaryRules = []string{"/contact/external_id", "/contact/metadata", "key", "header:authorization"}

// Whatever the answer and however the payload is broken, nothing of a redacted value is in the dead letter, its
// headers, its key, the log, or what /status shows.
func TestRedaction_NothingIsSeen(t *testing.T) {
	const sound = `"priority":3,"callback_url":"https://example.com/cb"`
	secret := secretly(sound)
	echo := fmt.Sprintf(`{"message":%q,"code":"bad.request","details":[{"errorCode":"ACTION.X","x":%q}],"errors":[{"message":%q}],"raw":%s}`,
		canary("id")+" is unknown", canary("value"), canary("name"), secret.Value)
	stories := map[string]letters{
		"valid, refused": {api: everyRequest(said{status: 422, body: echo})},
		"not JSON in the answer": {api: everyRequest(said{
			status: 400, header: map[string]string{"Content-Type": "text/plain"}, body: string(secret.Value),
		})},
		"forbidden":            {api: everyRequest(said{status: 403, body: echo})},
		"failing":              {api: everyRequest(said{status: 503, body: echo})},
		"action failed":        {api: everyRequest(said{status: 200, body: echo}), style: genesys.APIIntegrations, success: genesys.Success{Pointer: "/ok", Value: true}},
		"unreadable":           {api: everyRequest(said{status: 200, body: canary("id")}), success: genesys.Success{Pointer: "/ok", Value: true}},
		"redirected":           {api: everyRequest(said{status: 302, header: map[string]string{"Location": "https://x/" + canary("id")}})},
		"token refused":        {api: func(bool, int) said { return said{status: 400, body: echo} }, change: giveUpAfter(1e9)},
		"invalid elsewhere":    {msgs: []kafkago.Message{secretly(`"priority":9`)}},
		"a tag too many":       {msgs: []kafkago.Message{secretly(sound + `,"tags":[1,2,3,4,5,6,7,8,9,10,11]`)}},
		"a name twice":         {msgs: []kafkago.Message{secretly(sound + `,"priority":3`)}},
		"not JSON":             {msgs: []kafkago.Message{secretly(`"priority":`)}},
		"not UTF-8":            {msgs: []kafkago.Message{secretly("\"x\":\"\xff\"")}},
		"a panic":              {msgs: []kafkago.Message{{Key: secret.Key, Headers: secret.Headers, Value: []byte(`"panic"`)}}},
		"redacted itself":      {msgs: []kafkago.Message{broken(secret, `"external_id":"`, `"external_id":["`, `","channel"`, `"],"channel"`)}},
		"names in it":          {msgs: []kafkago.Message{broken(secret, `"metadata":{`, `"metadata":[[{`, `}},`, `}]]},`)}},
		"text where it was":    {msgs: []kafkago.Message{{Key: secret.Key, Value: fmt.Appendf(nil, `{"contact":%q}`, canary("id"))}}},
		"all in an array":      {msgs: []kafkago.Message{{Key: secret.Key, Value: []byte("[" + string(secret.Value) + "]")}}},
		"JSON in a string":     {msgs: []kafkago.Message{{Key: secret.Key, Value: fmt.Appendf(nil, "%q", secret.Value)}}},
		"a lone surrogate":     {msgs: []kafkago.Message{broken(secret, canary("value"), canary("value")+`\ud800`)}},
		"nested deeply":        {msgs: []kafkago.Message{broken(secret, `"metadata":{`, `"metadata":{"x":`+strings.Repeat("[", 80)+strings.Repeat("]", 80)+`,`)}},
		"a name that is large": {msgs: []kafkago.Message{broken(secretly(`"priority":9`), canary("name"), canary("name")+strings.Repeat("n", 5000))}},
		"twice, the last held": {msgs: []kafkago.Message{broken(secret, `"metadata":{`, `"metadata":{"`+canary("name")+`":1,`)}},
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			story.rules = canaryRules
			if story.msgs == nil {
				story.msgs = []kafkago.Message{secret}
			}
			found, seen := story.tell(t)
			for _, d := range found {
				requireStrictlyValid(t, d.Value)
				require.NotNil(t, d.Redacted)
				require.False(t, d.Restorable())
				require.NotEmpty(t, d.Source.ID())
				headers, err := json.Marshal(d.Headers)
				require.NoError(t, err)
				all := seen + string(d.Key) + string(d.Value) + string(headers)
				for _, h := range d.Headers {
					all += string(h.Value)
				}
				requireNoCanary(t, all)
			}
		})
	}
}

// Without redaction too, no log line and nothing that /status shows holds any of a message.
func TestRedaction_LogsHoldNoPayloadsAnyway(t *testing.T) {
	secret := secretly(`"priority":3,"callback_url":"https://example.com/cb"`)
	for name, story := range map[string]letters{
		"refused": {api: everyRequest(said{status: 422, body: string(secret.Value)})},
		"failing": {api: everyRequest(said{status: 503, body: string(secret.Value)})},
		"invalid": {msgs: []kafkago.Message{secretly(`"priority":9`)}},
		"broken":  {msgs: []kafkago.Message{secretly(`"priority":`)}},
		"a panic": {msgs: []kafkago.Message{{Key: secret.Key, Headers: secret.Headers, Value: []byte(`"panic"`)}}},
	} {
		t.Run(name, func(t *testing.T) {
			if story.msgs == nil {
				story.msgs = []kafkago.Message{secret}
			}
			found, seen := story.tell(t)
			require.True(t, found[0].Restorable())
			require.Equal(t, string(story.msgs[0].Value), string(found[0].Payload))
			requireNoCanary(t, seen)
		})
	}
}

// broken is a message with parts of its payload replaced.
func broken(m kafkago.Message, oldNew ...string) kafkago.Message {
	m.Value = []byte(strings.NewReplacer(oldNew...).Replace(string(m.Value)))
	return m
}

// requireNoCanary fails if a canary is in the text as it is, in hex or in base64 at any alignment.
func requireNoCanary(t *testing.T, text string) {
	t.Helper()
	require.NotContains(t, text, "canary")
	require.NotContains(t, text, "4915112345678")
	require.NotContains(t, strings.ToLower(text), fmt.Sprintf("%x", "canary"))
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte("xyz"[:shift] + "4915112345678"))
		require.NotContains(t, text, encoded[4:16])
	}
}
