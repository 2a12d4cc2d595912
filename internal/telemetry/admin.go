package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"go.uber.org/zap"
)

// ErrNotHeld is what [AdminConfig.DeadLetterHeld] returns for a message that the worker does not hold.
var ErrNotHeld = errors.New("no message with this id is held")

// AdminConfig says what an [Admin] shows and may do. All functions are called concurrently.
type AdminConfig struct {
	// Live and Ready answer /livez and /readyz. They must be quick. If nil, the answer is yes.
	Live, Ready func() Checks
	// Status returns what /status shows, as JSON. If nil, /status answers 501.
	Status func() any
	// Metrics serves /metrics. If nil, /metrics answers 501.
	Metrics http.Handler
	// Pause and Resume stop and restart the worker's sending. If nil, their path answers 501.
	Pause, Resume func(context.Context) error
	// DeadLetterHeld ends the wait of one held message, by id. It returns [ErrNotHeld] where there is none.
	// If nil, its path answers 501.
	DeadLetterHeld func(ctx context.Context, id string) error
	// Pprof serves /debug/pprof, which shows memory: payloads included.
	Pprof bool
	// Logger gets what goes wrong, and each change that was asked for. If nil, nothing is logged.
	Logger *zap.Logger
}

// Admin is the server of health, metrics, status and control. It has no authentication: it belongs on
// loopback or on a network of operators. Browsers are kept from being used against it (guard.go).
type Admin struct {
	cfg AdminConfig
	log *zap.Logger
}

// NewAdmin returns an Admin; [Admin.Serve] starts it.
func NewAdmin(cfg AdminConfig) *Admin {
	log := cfg.Logger
	if log == nil {
		log = zap.NewNop()
	}
	return &Admin{cfg: cfg, log: log}
}

// Time-outs of the server. Answers may take as long as a profile of 30 s, pprof's default.
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 10 * time.Second
	writeTimeout    = 45 * time.Second
	idleTimeout     = 60 * time.Second
	shutdownTimeout = 5 * time.Second
	maxHeaderBytes  = 16 << 10
)

// Serve answers on l until ctx ends, then lets requests under way finish for at most five seconds. It closes
// l, and returns nil where ctx ended it, else why it cannot go on. All its goroutines have ended by then,
// except for handlers that did not heed the end of their request.
func (a *Admin) Serve(ctx context.Context, l net.Listener) error {
	errorLog, err := zap.NewStdLogAt(a.log, zap.WarnLevel)
	if err != nil {
		return fmt.Errorf("admin server: %w", err)
	}
	srv := &http.Server{
		Handler:           a.Handler(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          errorLog,
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("admin server at %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := srv.Shutdown(bounded); err != nil {
		_ = srv.Close() // what has not finished by now is cut
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin server at %s: %w", l.Addr(), err)
	}
	return nil
}

// Handler returns the admin server's routes, for tests and for embedding in another server.
func (a *Admin) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+PathLive, serveHealth(a.cfg.Live))
	mux.Handle("GET "+PathReady, serveHealth(a.cfg.Ready))
	mux.Handle("GET /metrics", a.metrics())
	mux.Handle("GET /status", a.status())
	mux.Handle("POST /pause", a.control("pause", a.cfg.Pause))
	mux.Handle("POST /resume", a.control("resume", a.cfg.Resume))
	// An id is topic/partition/offset: escaped in one segment, or as it is.
	mux.Handle("POST /held/{id}/dead-letter", a.deadLetterHeld())
	mux.Handle("POST /held/{topic}/{partition}/{offset}/dead-letter", a.deadLetterHeld())
	if a.cfg.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return guard(mux)
}
