package genesystest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Options says what a Server accepts and how it behaves. The zero Options accept any credentials and any
// action, and succeed.
type Options struct {
	// ClientID and ClientSecret are the credentials that tokens are issued for; if both are empty, any.
	ClientID, ClientSecret string
	// ActionID is the one action that exists; if empty, every id does.
	ActionID string
	// TokenLife is how long a token is valid; if zero, a day. TokenIdle is how long without use, as in an
	// organisation that has to follow HIPAA; if zero, as long as it lives.
	TokenLife, TokenIdle time.Duration
	// Seed makes ids, tokens and the faults hit by Fault.Rate repeatable.
	Seed uint64
	// ID tells the message's id from its payload. If nil, contact.external_id; where there is none, the
	// payload's SHA-256 stands for it.
	ID func(payload []byte) string
	// Behaviour decides how well-formed and authorised calls end; if nil, all succeed.
	Behaviour Behaviour
	// Outage starts by itself; nil for none.
	Outage *Outage
	// OnExecute is told of every execution, one at a time and in order of Seq. It must be quick: all other
	// requests wait for it.
	OnExecute func(Execution)
	// Keep is how many executions [Server.Executions] remembers, the newest; if zero, 100,000; if negative,
	// none.
	Keep int
	// Run says how long an action runs and how it ends; if nil, it has completed at once. In the style that is
	// not published the history shows it; in the published one, the answer waits for it, but no longer than the
	// 60 s after which the platform answers 504. The payload is not to be kept or changed.
	Run func(payload []byte) Run
	// Output is the action's output in the published style, a JSON object; if nil, one with an executionId.
	// The payload is not to be kept or changed.
	Output func(payload []byte) []byte
}

// Server is a fake Genesys Cloud. It is safe for concurrent use. Close it when done.
type Server struct {
	opts    Options
	outage  *outage
	faults  atomic.Pointer[[]*activeFault]
	rolls   atomic.Uint64
	ids     atomic.Uint64
	closed  chan struct{}
	close   sync.Once
	serving sync.WaitGroup

	executed atomic.Int64 // written under mu
	mu       sync.Mutex
	kept     []Execution // a ring, once it is full
	history  history
	answers  map[Path]Tally
	calls    map[string]int // calls of messages that have not succeeded since
	tokens   map[string]*grant
	servers  []*http.Server
}

// New returns a Server. It starts nothing.
func New(opts Options) *Server {
	if opts.TokenLife == 0 {
		opts.TokenLife = 24 * time.Hour
	}
	if opts.ID == nil {
		opts.ID = externalID
	}
	if opts.Keep == 0 {
		opts.Keep = defaultKeep
	}
	return &Server{
		opts:    opts,
		outage:  newOutage(opts.Outage),
		closed:  make(chan struct{}),
		answers: map[Path]Tally{},
		calls:   map[string]int{},
		tokens:  map[string]*grant{},
	}
}

// Serve answers on a listener, of any network, until the server is closed; it then returns nil.
func (s *Server) Serve(l net.Listener) error {
	srv := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.mu.Lock()
	s.servers = append(s.servers, srv)
	s.mu.Unlock()
	select {
	case <-s.closed: // Close may have missed srv
		_ = srv.Close()
	default:
	}
	if err := srv.Serve(&listener{Listener: l, server: s}); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Start serves in the background until the server is closed, and returns the base URL to give to clients.
func (s *Server) Start(l net.Listener) string {
	s.serving.Go(func() { _ = s.Serve(l) })
	return "http://" + l.Addr().String()
}

// Close ends every connection, those that hang too, and waits for what Start started.
func (s *Server) Close() {
	s.close.Do(func() { close(s.closed) })
	s.mu.Lock()
	servers := s.servers
	s.mu.Unlock()
	for _, srv := range servers {
		_ = srv.Close()
	}
	s.serving.Wait()
}

// Dial wraps a client's dial function so that, while a fault refuses connections, it fails as a closed port
// does. A listener alone cannot do that: it can only close what it has accepted.
func (s *Server) Dial(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if s.refuses() {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, address)
	}
}

func (s *Server) refuses() bool {
	for _, f := range s.Faults() {
		if f.Refuse {
			return true
		}
	}
	return false
}

// listener closes what comes in while connections are refused.
type listener struct {
	net.Listener
	server *Server
}

// Accept returns the next connection that is not refused.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !l.server.refuses() {
			return conn, err
		}
		reset(conn)
		_ = conn.Close()
	}
}
