package genesys

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNoInvocation means that the history does not list an invocation with this id.
var ErrNoInvocation = errors.New("the history lists no such invocation")

const (
	// firstLook is the wait before the second look at an invocation; it grows by half up to maxLook.
	firstLook, maxLook = time.Second, 10 * time.Second
	// looks is how often an invocation may be missing from the history before it counts as unknown: one that
	// was accepted a moment ago may be listed a moment later.
	looks = 3
)

// Await looks for one invocation in the history, again and again, until it has ended, and returns it as it
// was seen last; onLook, if not nil, is told of each look that found it.
//
// An error is one of [Client.History], ErrNoInvocation, or, where ctx ends first, its cause; an answer that
// may be another one the next time, such as a 503, ends nothing. The Invocation is there with an error too,
// where it was ever seen.
func (c *Client) Await(ctx context.Context, id string, q HistoryQuery, onLook func(Invocation)) (Invocation, error) {
	var last Invocation
	var trouble error // of the last look that came to an end
	missing := 0
	for wait := firstLook; ; wait = min(wait*3/2, maxLook) {
		now, err := c.find(ctx, id, q)
		var failed *Error
		switch {
		case err == nil:
			last, missing, trouble = now, 0, nil
			if onLook != nil {
				onLook(last)
			}
			if last.State() != StateRunning {
				return last, nil
			}
		case errors.Is(err, ErrNoInvocation):
			if missing++; missing == looks {
				return last, err
			}
			trouble = err
		case ctx.Err() != nil:
			return last, cutOff(ctx, trouble)
		case errors.As(err, &failed) && failed.mayPass():
			trouble = err
		default:
			return last, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return last, cutOff(ctx, trouble)
		}
	}
}

// cutOff is why ctx ended, and what was in the way until then.
func cutOff(ctx context.Context, trouble error) error {
	if trouble == nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w; the last look: %w", context.Cause(ctx), trouble)
}

// find reads the history up to one invocation.
func (c *Client) find(ctx context.Context, id string, q HistoryQuery) (Invocation, error) {
	for i, err := range c.History(ctx, q) {
		if err != nil {
			return Invocation{}, err
		}
		if i.ID == id {
			return i, nil
		}
	}
	return Invocation{}, fmt.Errorf("%w: %s", ErrNoInvocation, id)
}

// mayPass says whether the same request, which asks for nothing to be done, may be answered another time.
func (e *Error) mayPass() bool {
	switch e.Kind {
	case KindServer, KindGateway, KindNotSent, KindBroken, KindRemote, KindRateLimited:
		return true
	case KindCanceled, KindInput, KindTooLarge, KindActionFailed, KindUnreadable, KindProcessing,
		KindUnauthorized, KindForbidden, KindNotFound, KindRefused:
	}
	return false
}
