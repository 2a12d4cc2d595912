package genesys_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// BenchmarkAttempt measures one attempt over TCP on the loopback, client and fake together.
func BenchmarkAttempt(b *testing.B) {
	api := genesystest.New(genesystest.Options{Keep: -1})
	defer api.Close()
	l, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	require.NoError(b, err)
	base := api.Start(l)
	c := newClient(b, func(c *genesys.Config) { c.BaseURL = base })
	r := genesys.Request{Payload: []byte(payload)}
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Attempt(b.Context(), r); err != nil {
				b.Error(err)
			}
		}
	})
}
