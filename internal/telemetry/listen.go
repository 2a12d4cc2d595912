package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
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
	return nil, fmt.Errorf("the admin server cannot listen at %s: %w: set %s to a free host:port of this machine (port 0 takes any)", addr, cause(err), variable)
}

// cause leaves out of a network error what names the address again, and the system call.
func cause(err error) error {
	var call *os.SyscallError
	var op *net.OpError
	switch {
	case errors.As(err, &call):
		return call.Err
	case errors.As(err, &op):
		return op.Err
	default:
		return err
	}
}
