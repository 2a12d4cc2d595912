package deadletter

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// large is a record with a payload of so many bytes of JSON.
func large(size int) Record {
	r := sample(CodeMaxRetriesExceeded)
	var b strings.Builder
	b.WriteString(`{"items":[0`)
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `,{"n":%d,"text":"abc <d> \"e\" é","phone":"+49"}`, i)
	}
	r.Payload = []byte(b.String() + "]}")
	return r
}

func BenchmarkEncode_Large(b *testing.B) {
	r := large(1 << 20)
	b.SetBytes(int64(len(r.Payload)))
	b.ReportAllocs()
	for b.Loop() {
		r.KafkaMessage()
	}
}

func BenchmarkDecode_Large(b *testing.B) {
	value := Encode(large(1 << 20))
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := Decode(value)
		require.NoError(b, err)
	}
}

// What it costs to cut 1 MiB to what a small topic takes.
func BenchmarkFit_Large(b *testing.B) {
	r := large(1 << 20)
	b.SetBytes(int64(len(r.Payload)))
	b.ReportAllocs()
	for b.Loop() {
		fit(r, 10<<10)
	}
}

func BenchmarkRedaction_Large(b *testing.B) {
	x := redaction(b, "/items/*/phone")
	r := large(1 << 20)
	b.SetBytes(int64(len(r.Payload)))
	b.ReportAllocs()
	for b.Loop() {
		x.Apply(r)
	}
}
