package deployments_test

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The worker waits for the fake to be healthy, so the fake has to answer the health check of a worker.
func TestMock_AnswersItsHealthCheck(t *testing.T) {
	service := compose(t).Services["genesys"]
	require.Contains(t, service.Command, "127.0.0.1:8080", "where health asks if nothing else is said")
	addr := freeAddr(t)
	mock := sluice(t, nil, append(service.Command[:2:2], "--addr", "127.0.0.1:0", "--admin-addr", addr)...)
	require.NoError(t, mock.Start())

	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		out, err := sluice(t, []string{"SLUICE_ADMIN_ADDR=" + addr}, service.HealthCheck.Test[2:]...).CombinedOutput()
		assert.NoError(c, err, "%s", out)
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, mock.Process.Signal(os.Interrupt))
	assert.NoError(t, mock.Wait())
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}
