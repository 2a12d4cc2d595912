package genesys

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// renewBefore is how long before its expiry a token is renewed; one that lives for less than twice as
	// long is renewed at half its life.
	renewBefore = 30 * time.Second
	// assumedLife is that of a token whose answer names none: the shortest that Genesys issues.
	assumedLife = 5 * time.Minute
	// failureMemory is how long a failed token request answers for those that come after it.
	failureMemory = time.Second
	// refusalSpacing is the least time between token requests while they are refused, and between renewals
	// that a 401 asks for while no new token is accepted. It doubles up to maxRefusalSpacing where the
	// login host refuses these very credentials.
	refusalSpacing    = 5 * time.Second
	maxRefusalSpacing = time.Minute
	// earlyBy is how early a caller may be and wait, rather than be given the remembered failure: one that
	// asks every five seconds by a timer of its own must not find every other turn still closed.
	earlyBy = 50 * time.Millisecond
)

// token is one access token.
type token struct {
	value    string
	header   http.Header // of a request that bears it; shared, never written to
	renewAt  time.Time
	expires  time.Time
	accepted atomic.Bool // the API has answered it with something else than 401
}

// lives says whether there is a token that has not expired.
func (t *token) lives(now time.Time) bool { return t != nil && now.Before(t.expires) }

// exchanger makes one token request.
type exchanger interface {
	exchange(ctx context.Context) (*token, *Error)
}

// tokens keeps the current token. However many ask, one token request is under way at a time; its outcome
// is everybody's, and a failure is remembered, so that nobody's retries become a storm at the login host.
type tokens struct {
	exchanger exchanger
	timeout   time.Duration
	timedOut  error
	onToken   func(time.Time, error)

	mu       sync.Mutex
	current  *token
	flight   *flight   // the token request under way
	failed   *Error    // the last token request's failure; nil after a success
	retryAt  time.Time // failed answers for everybody until then
	refusals int       // refusals of these credentials since the last success
	limited  int       // 429s in a row
	dropped  time.Time // when a 401 last dropped a token
	closed   bool
	wg       sync.WaitGroup
}

// flight is one token request; done is closed when token or err is set.
type flight struct {
	done   chan struct{}
	cancel context.CancelFunc
	token  *token
	err    *Error
}

func newTokens(cfg Config, transport http.RoundTripper) *tokens {
	timeout := min(cfg.Timeout, 30*time.Second)
	t := &tokens{timeout: timeout, timedOut: timeoutError(timeout), onToken: cfg.OnToken}
	t.exchanger = newExchange(cfg, transport, t.timedOut)
	return t
}

// get returns a token that has not expired. Where one has to be fetched it waits for that, at most until
// ctx ends; the fetch goes on for the others.
func (t *tokens) get(ctx context.Context) (*token, *Error) {
	t.mu.Lock()
	if t.failed != nil && !t.current.lives(time.Now()) {
		if err := t.waitUntil(ctx, t.retryAt); err != nil {
			t.mu.Unlock()
			return nil, err
		}
	}
	now := time.Now()
	if cur := t.current; cur.lives(now) {
		if !now.Before(cur.renewAt) {
			_, _ = t.start(now) // the present one serves until the new one is there
		}
		t.mu.Unlock()
		return cur, nil
	}
	f, err := t.start(now)
	t.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case <-f.done:
		if f.err != nil {
			return nil, f.err.clone()
		}
		return f.token, nil
	case <-ctx.Done():
		return nil, gaveUp(ctx)
	}
}

func gaveUp(ctx context.Context) *Error {
	return &Error{Kind: KindCanceled, Op: OpToken, Err: context.Cause(ctx)}
}

// waitUntil waits for a moment that is at most earlyBy away, and not for any other. The caller holds the
// lock, which is released meanwhile.
func (t *tokens) waitUntil(ctx context.Context, at time.Time) *Error {
	wait := time.Until(at)
	if wait <= 0 || wait > earlyBy {
		return nil
	}
	t.mu.Unlock()
	defer t.mu.Lock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return gaveUp(ctx)
	}
}

// renew is told that rejected got a 401. It returns the token to try instead: a newer one where there is
// one, else a new one. It returns nil and no error where a renewal would be no use, because the last one
// was moments ago and the API has not accepted its token either.
func (t *tokens) renew(ctx context.Context, rejected *token) (*token, *Error) {
	dropped, err := t.drop(ctx, rejected)
	if err != nil || !dropped {
		return nil, err
	}
	return t.get(ctx)
}

// drop makes sure that rejected is not the current token, and says whether it could.
func (t *tokens) drop(ctx context.Context, rejected *token) (bool, *Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == rejected && !rejected.accepted.Load() {
		next := t.dropped.Add(refusalSpacing)
		if err := t.waitUntil(ctx, next); err != nil {
			return false, err
		}
		if t.current == rejected && time.Now().Before(next) {
			return false, nil
		}
	}
	if t.current == rejected {
		t.current, t.dropped = nil, time.Now()
	}
	return true, nil
}

// start returns the token request under way, after starting one where there is none, or the remembered
// failure. The caller holds the lock.
func (t *tokens) start(now time.Time) (*flight, *Error) {
	switch {
	case t.flight != nil:
		return t.flight, nil
	case t.closed:
		return nil, &Error{Kind: KindCanceled, Op: OpToken, Err: errClosed}
	case t.failed != nil && now.Before(t.retryAt):
		return nil, t.failed.clone()
	}
	// Not derived from any caller's context: the token is for all of them.
	ctx, cancel := context.WithTimeoutCause(context.Background(), t.timeout, t.timedOut)
	f := &flight{done: make(chan struct{}), cancel: cancel}
	t.flight = f
	t.wg.Go(func() {
		defer cancel()
		f.token, f.err = t.exchanger.exchange(ctx)
		t.land(f, now)
	})
	return f, nil
}

var errClosed = errors.New("the client is closed")

// land ends a token request that began at start.
func (t *tokens) land(f *flight, start time.Time) {
	if t.onToken != nil {
		if f.err != nil {
			t.onToken(time.Time{}, f.err)
		} else {
			t.onToken(f.token.expires, nil)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flight, t.failed = nil, f.err
	if f.err == nil {
		t.current, t.refusals, t.limited = f.token, 0, 0
	} else {
		t.retryAt = t.nextTry(f.err, start)
	}
	close(f.done)
}

// nextTry says when the next token request may start. Refusals are spaced from start to start.
func (t *tokens) nextTry(err *Error, start time.Time) time.Time {
	switch err.Kind {
	case KindUnauthorized, KindForbidden, KindNotFound, KindRefused:
		spacing := refusalSpacing
		if errors.Is(err, errCredentials) {
			spacing = min(refusalSpacing<<min(t.refusals, 8), maxRefusalSpacing)
			t.refusals++
		}
		return start.Add(spacing)
	case KindRateLimited:
		t.limited++
		return time.Now().Add(withJitter(pauseOf(err.RetryAfter, t.limited), rand.Float64())) //nolint:gosec // jitter, not a key
	case KindCanceled, KindInput, KindTooLarge, KindActionFailed, KindUnreadable, KindProcessing, KindRemote,
		KindServer, KindGateway, KindNotSent, KindBroken:
	}
	return time.Now().Add(max(failureMemory, err.RetryAfter))
}

// pausedUntil returns until when no request can be sent because the login host has answered 429 and there is no token;
// the zero time where one can. Its limits are its own: while there is a token, invocations go on.
func (t *tokens) pausedUntil(now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == nil || t.failed.Kind != KindRateLimited || t.current.lives(now) || !now.Before(t.retryAt) {
		return time.Time{}
	}
	return t.retryAt
}

// close ends the token request under way and waits for it.
func (t *tokens) close() {
	t.mu.Lock()
	t.closed = true
	if t.flight != nil {
		t.flight.cancel()
	}
	t.mu.Unlock()
	t.wg.Wait()
}
