package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Listen opens the admin server's address, host:port. Where it is taken and nobody chose it by hand, a free
// port of the same host is opened instead: the caller logs the listener's address, which says so. Where it
// was chosen by hand, a probe or a person will look for it there, so that is an error; it names the address
// and what set it, variable.
func Listen(ctx context.Context, addr string, byHand bool, variable string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err == nil {
		return l, nil
	}
	if errors.Is(err, syscall.EADDRINUSE) && !byHand {
		host, _, splitErr := net.SplitHostPort(addr)
		if splitErr == nil {
			l, err = lc.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
		}
		if err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("admin server cannot listen at %s: %w: set %s to a free host:port (port 0 takes any)", addr, err, variable)
}
