package chaos_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// concurrency is each worker's, and so the most duplicates that its death may cause.
const concurrency = 16

// fleet is the workers of a run, each kept running as an orchestrator would.
type fleet struct {
	s    *stage
	dir  string // logs
	mu   sync.Mutex
	all  []*process
	over bool
	runs sync.WaitGroup
	// unasked counts ends that nobody asked for: a worker that cannot reach Kafka when it starts says so and
	// ends.
	unasked int
}

// process is one place for a worker, with the one that is running there.
type process struct {
	n       int
	cmd     *exec.Cmd
	asked   bool // its end is asked for
	starts  int
	started chan struct{} // closed when the next one has started
}

func newFleet(t *testing.T, s *stage, n int) *fleet {
	t.Helper()
	dir, err := os.MkdirTemp("", "sluice-chaos-logs") //nolint:usetesting // the logs of a failure are kept
	require.NoError(t, err)
	f := &fleet{s: s, dir: dir}
	for i := range n {
		p := &process{n: i, started: make(chan struct{})}
		f.all = append(f.all, p)
		f.runs.Go(func() { f.keep(t, p) })
		<-p.started
	}
	t.Cleanup(func() {
		f.stop()
		if t.Failed() {
			t.Logf("logs of the workers are in %s", dir)
		} else {
			_ = os.RemoveAll(dir)
		}
	})
	return f
}

// keep runs a worker again whenever it has ended.
func (f *fleet) keep(t *testing.T, p *process) {
	for {
		f.mu.Lock()
		if f.over {
			f.mu.Unlock()
			return
		}
		log, err := os.OpenFile(filepath.Join(f.dir, fmt.Sprintf("worker-%d.log", p.n)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			p.cmd = exec.CommandContext(context.Background(), binary, "run") // it is ended by signals
			p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = f.dir, append(os.Environ(), f.s.env()...), log, log
			err = p.cmd.Start()
		}
		if err != nil {
			f.mu.Unlock()
			t.Errorf("start worker %d: %v", p.n, err)
			return
		}
		p.asked = false
		p.starts++
		close(p.started)
		p.started = make(chan struct{})
		cmd := p.cmd
		f.mu.Unlock()

		err = cmd.Wait()
		_ = log.Close()
		f.mu.Lock()
		asked := p.asked
		if !asked {
			f.unasked++
		}
		f.mu.Unlock()
		// One that has just started dies of any signal: it does not yet listen to them.
		if asked && err != nil && !cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
			t.Errorf("worker %d was asked to leave: %v", p.n, err)
		}
		if !asked {
			time.Sleep(500 * time.Millisecond) // as an orchestrator spaces restarts
		}
	}
}

// end sends a signal that ends a worker, and returns when its successor has started.
func (f *fleet) end(n int, sig syscall.Signal) {
	f.mu.Lock()
	p := f.all[n]
	p.asked = true
	next := p.started
	_ = p.cmd.Process.Signal(sig)
	f.mu.Unlock()
	<-next
}

// freeze stops a worker as a machine that hangs does, for a while.
func (f *fleet) freeze(n int, d time.Duration) {
	f.mu.Lock()
	cmd := f.all[n].cmd
	f.mu.Unlock()
	_ = cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(d)
	_ = cmd.Process.Signal(syscall.SIGCONT)
}

// stop asks every worker to leave and waits until all have.
func (f *fleet) stop() {
	f.mu.Lock()
	if f.over {
		f.mu.Unlock()
		return
	}
	f.over = true
	for _, p := range f.all {
		p.asked = true
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	f.mu.Unlock()
	f.runs.Wait()
}
