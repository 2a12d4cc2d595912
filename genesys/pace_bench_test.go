package genesys

import "testing"

// BenchmarkPace measures what the limiter costs a message that meets no limit.
func BenchmarkPace(b *testing.B) {
	c := &Client{tokens: &tokens{}, pace: &pace{limiter: newLimiter(0)}}
	b.ReportAllocs()
	for b.Loop() {
		if wait, _ := c.Reserve(); wait != 0 {
			b.Fatal("waits")
		}
		c.pace.answered(c.pace.sent(true), heard{})
	}
}
