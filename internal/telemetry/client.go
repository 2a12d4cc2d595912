package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Paths of the admin server that change or tell of the worker's state.
const (
	PathStatus = "/status"
	PathPause  = "/pause"
	PathResume = "/resume"
)

// PathDeadLetterHeld returns the path that ends a held message.
func PathDeadLetterHeld(id string) string {
	parts := strings.Split(id, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return "/held/" + strings.Join(parts, "/") + "/dead-letter"
}

// Status reads the worker's state from the admin server at addr into the value that state points to.
func Status(ctx context.Context, addr string, state any) error {
	return ask(ctx, addr, http.MethodGet, PathStatus, state)
}

// Control asks the admin server at addr for a change, by one of the paths above. The error wraps [ErrNotHeld]
// where a message that is to be ended is not held.
func Control(ctx context.Context, addr, path string) error {
	return ask(ctx, addr, http.MethodPost, path, nil)
}

// ask makes one request; it uses no proxy. An answer other than 200 becomes an error in the server's words.
func ask(ctx context.Context, addr, method, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	target, err := reachable(addr)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+target+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("admin address %q: %w", addr, err)
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return noAnswer(target, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxReport))
	if err != nil {
		return noAnswer(target, err)
	}
	if res.StatusCode != http.StatusOK {
		var said answer
		if json.Unmarshal(body, &said) != nil || said.Message == "" {
			return notOurs(target, res.Status, path)
		}
		if res.StatusCode == http.StatusNotFound {
			return ErrNotHeld
		}
		return errors.New(said.Message)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return notOurs(target, res.Status, path)
	}
	return nil
}

func noAnswer(target string, err error) error {
	return fmt.Errorf("no answer from the admin server at %s: %w: see that `sluice run` is up and SLUICE_ADMIN_ADDR the same here and there", target, cause(err))
}

func notOurs(target, status, path string) error {
	return fmt.Errorf("%s answers %s at %s, not as a sluice does: set SLUICE_ADMIN_ADDR to the worker's", target, status, path)
}
