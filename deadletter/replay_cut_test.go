package deadletter

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/internal/kafka"
)

// knife ends a process's connections for good at the n-th request that it writes, as kill -9 does: just before it
// reaches the broker, or just after.
type knife struct {
	mu     sync.Mutex
	at     int // 0: never
	after  bool
	writes int
	cut    bool
	conns  []net.Conn
	dead   func()      // ends what the process leaves behind
	deaf   atomic.Bool // the next answer is lost
}

var errCut = errors.New("the process is dead")

func (k *knife) dial(dial kafka.DialFunc) kafka.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		k.mu.Lock()
		dead := k.cut
		k.mu.Unlock()
		if dead {
			return nil, errCut
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		k.mu.Lock()
		k.conns = append(k.conns, conn)
		k.mu.Unlock()
		return &cutConn{conn, k}, nil
	}
}

type cutConn struct {
	net.Conn
	k *knife
}

func (c *cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.k.deaf.CompareAndSwap(true, false) {
		_ = c.Close()
		return 0, errCut
	}
	return n, err
}

func (c *cutConn) Write(b []byte) (int, error) {
	c.k.mu.Lock()
	c.k.writes++
	now, dead := c.k.writes == c.k.at, c.k.cut
	c.k.cut = dead || now
	conns := c.k.conns
	c.k.mu.Unlock()
	if dead {
		return 0, errCut
	}
	if !now {
		return c.Conn.Write(b)
	}
	if c.k.after {
		_, _ = c.Conn.Write(b)
		time.Sleep(50 * time.Millisecond) // the broker reads and acts
	}
	for _, conn := range conns {
		_ = conn.Close()
	}
	return 0, errCut
}

// mortal returns a replayer that the knife ends.
func (s *scene) mortal(t *testing.T, k *knife) *Replayer {
	t.Helper()
	cfg := s.broker.Config()
	cfg.Dial, cfg.MetadataTTL = k.dial(cfg.Dial), time.Minute // fewer requests than are worth being cut at
	cluster, err := kafka.New(cfg)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	k.dead = cluster.Close
	return s.replayer(t, func(c *ReplayConfig) { c.Cluster, c.ClaimFor = cluster, time.Minute })
}

// lastReplay returns the id of the only replay in the log; empty where there is none.
func (s *scene) lastReplay(t *testing.T) (id string) {
	t.Helper()
	for id = range s.state(t).replays {
	}
	return id
}

// cutAt has a replay die at a request, and says whether it lived.
func (s *scene) cutAt(t *testing.T, k *knife) (lived bool) {
	t.Helper()
	r := s.mortal(t, k)
	defer k.dead()
	p, err := r.Plan(t.Context(), cutOptions)
	if err == nil {
		_, err = r.Run(t.Context(), p)
	}
	return err == nil
}

var everyCut = flag.Bool("replay.every-cut", false, "cut replays off at every request, not at one in five")

// In batches of four, so that there are many places to be cut at.
var cutOptions = ReplayOptions{Rate: 16}

const cutLetters = 14

// However a replay is cut off, at whatever request, resuming it sends what was not sent, and nothing twice. The same
// holds where nobody resumes it and somebody else begins anew, at once or when its claims have lapsed.
func TestReplay_CutAtAnyRequest(t *testing.T) {
	total := 0
	onScene(t, cutLetters, func(t *testing.T, s *scene) {
		k := &knife{}
		require.True(t, s.cutAt(t, k))
		total = k.writes
	})
	t.Logf("%d requests", total)
	require.Greater(t, total, 20)
	step := 5
	switch {
	case *everyCut:
		step = 1
	case testing.Short():
		step = 15
	}
	for at := 1; at <= total; at += step {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("resumed/%d/%t", at, after), func(t *testing.T) {
				onScene(t, cutLetters, func(t *testing.T, s *scene) {
					s.cutAt(t, &knife{at: at, after: after})
					s.goOn(t)
					s.audit(t, s.letters)
				})
			})
			t.Run(fmt.Sprintf("begun anew/%d/%t", at, after), func(t *testing.T) {
				onScene(t, cutLetters, func(t *testing.T, s *scene) {
					s.cutAt(t, &knife{at: at, after: after})
					r := s.replayer(t, func(c *ReplayConfig) { c.By = "bob@home" })
					for range 2 {
						p, err := r.Plan(t.Context(), ReplayOptions{})
						require.NoError(t, err)
						_, err = r.Run(t.Context(), p)
						require.NoError(t, err)
						time.Sleep(3*time.Minute + time.Second) // what was claimed is not any more
					}
					s.audit(t, s.letters)
				})
			})
		}
	}
}

// goOn resumes the replay that is in the log, or begins one where nothing was sent.
func (s *scene) goOn(t *testing.T) {
	t.Helper()
	r := s.replayer(t)
	id := s.lastReplay(t)
	if id != "" {
		report, err := r.Resume(t.Context(), id, ReplayOptions{})
		if !errors.Is(err, ErrNothingSent) {
			require.NoError(t, err)
			require.Zero(t, report.Left)
			require.Empty(t, report.Skipped)
			return
		}
	}
	p, err := r.Plan(t.Context(), ReplayOptions{})
	require.NoError(t, err)
	_, err = r.Run(t.Context(), p)
	require.NoError(t, err)
}

// Even the one that resumes may be cut off, and the next, at any request.
func TestReplay_CutAgainAndAgain(t *testing.T) {
	for first := 12; first < 60; first += 9 {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			onScene(t, cutLetters, func(t *testing.T, s *scene) {
				s.cutAt(t, &knife{at: first, after: true})
				for at := 3; at < 40; at += 3 {
					if id := s.lastReplay(t); id != "" {
						k := &knife{at: at, after: at%2 == 0}
						_, _ = s.mortal(t, k).Resume(t.Context(), id, cutOptions)
						k.dead()
					}
				}
				s.goOn(t)
				s.audit(t, s.letters)
			})
		})
	}
}

// A process that was thought dead and goes on finds out that another has taken over, before it writes again.
func TestReplay_TwoRunsOfOne(t *testing.T) {
	onScene(t, 60, func(t *testing.T, s *scene) {
		done := make(chan error)
		r := s.replayer(t)
		p, err := r.Plan(t.Context(), ReplayOptions{Rate: 4})
		require.NoError(t, err)
		go func() {
			_, err := r.Run(t.Context(), p)
			done <- err
		}()
		time.Sleep(5 * time.Second)
		report, err := s.replayer(t, func(c *ReplayConfig) { c.By = "bob@home" }).Resume(t.Context(), s.lastReplay(t), ReplayOptions{})
		require.NoError(t, err)
		require.Equal(t, 60, report.Replayed)
		var stop *StopError
		require.ErrorAs(t, <-done, &stop)
		require.Equal(t, StopTaken, stop.Stop)
		require.ErrorContains(t, stop, "bob@home has resumed it")
		s.audit(t, s.letters)
	})
}
