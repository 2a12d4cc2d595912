package main

import (
	"testing"

	"github.com/sluice-kafka/sluice/deadletter"
)

// publishedLimit is the largest request body that the API which Genesys publishes takes, in bytes.
const publishedLimit = 512_000

var tooLarge = ending{code: deadletter.CodePayloadTooLarge}

// hostileAtPublishedAPI returns valid payloads about as large as that API takes. What counts is what is sent.
func hostileAtPublishedAPI() []hostile {
	return []hostile{
		{name: "512,000 bytes", value: sized(publishedLimit), end: delivered},
		{name: "512,001 bytes", value: sized(publishedLimit + 1), end: tooLarge},
		{name: "511,995 bytes, before `\"tags\":[]` is added", value: untagged(publishedLimit - 5), end: tooLarge},
		{name: "512,001 bytes, before duplicates are removed", value: swapped(sized(publishedLimit-3), `["a"]`, `["a","a"]`), end: changed(
			"duplicates removed, order kept", sized(publishedLimit-3))},
		{name: "exactly 1 MiB", value: sized(1 << 20), end: tooLarge},
		{name: "1 MiB and a byte, which is invalid first", value: sized(1<<20 + 1), end: invalid("size", "")},
	}
}

// untagged makes a good payload of n bytes without tags.
func untagged(n int) maker {
	const tags = `"tags":["a"],`
	return swapped(sized(n+len(tags)), tags, "")
}

func TestIntegration_HostilePayloadsAtThePublishedAPI(t *testing.T) {
	playHostile(t, hostileAtPublishedAPI(), 1, "GENESYS_API", "integrations", "GENESYS_RATE", "none")
}
