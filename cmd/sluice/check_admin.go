package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/telemetry"
	"github.com/sluice-kafka/sluice/worker"
)

// findAdmin looks at whether the admin server could listen.
func findAdmin(ctx context.Context, cfg *config.Config) finding {
	if cfg.Require(config.NeedAdmin) != nil {
		return notChecked(checkAdmin, "settings of admin that are in order")
	}
	addr := cfg.Admin.Addr
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err == nil {
		_ = l.Close()
		return passed(checkAdmin, "%s is free", addr)
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return failed(checkAdmin, fmt.Sprintf("cannot listen at %s: %v", addr, innermost(err)), "set SLUICE_ADMIN_ADDR to a host:port of this machine")
	}
	var s worker.Snapshot
	if telemetry.Status(ctx, addr, &s) == nil && s.Breaker.State != "" {
		return passed(checkAdmin, "%s is that of a worker that runs already (%s)", addr, workerState(s))
	}
	if cfg.Origin("admin.addr").ByHand() {
		return failed(checkAdmin, addr+" is taken by something else, and the worker does not start without it",
			"set SLUICE_ADMIN_ADDR to a free host:port (port 0 takes any)")
	}
	return warned(checkAdmin, addr+" is taken by something else: the worker will take a free port and log it", "set SLUICE_ADMIN_ADDR to have it where you look for it")
}

func workerState(s worker.Snapshot) string {
	if !s.Joined {
		return "not a member of its group yet"
	}
	return fmt.Sprintf("%s, breaker %s, %s held", plural(int64(len(s.Partitions)), "partition"), s.Breaker.State, plural(int64(s.Held), "message"))
}

// innermost returns the error at the end of the chain: the outer ones of net repeat the address.
func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
