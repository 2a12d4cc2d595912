package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"go.uber.org/zap"
)

// answer is the one shape of results and errors, as `sluice validate -o json` prints it too.
type answer struct {
	Status  string `json:"status"` // success or error
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

func (a *Admin) metrics() http.Handler {
	if a.cfg.Metrics == nil {
		return notHere("metrics")
	}
	return a.cfg.Metrics
}

func (a *Admin) status() http.Handler {
	if a.cfg.Status == nil {
		return notHere("status")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, a.cfg.Status())
	})
}

// control runs one of the worker's switches.
func (a *Admin) control(name string, do func(context.Context) error) http.Handler {
	if do == nil {
		return notHere(name)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.change(w, r, name, do)
	})
}

func (a *Admin) deadLetterHeld() http.Handler {
	if a.cfg.DeadLetterHeld == nil {
		return notHere("ending a held message")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		if id == "" {
			id = strings.Join([]string{r.PathValue("topic"), r.PathValue("partition"), r.PathValue("offset")}, "/")
		}
		a.change(w, r, "dead-letter a held message", func(ctx context.Context) error {
			return a.cfg.DeadLetterHeld(ctx, id)
		}, zap.String(KeyID, id))
	})
}

// change does what was asked for, answers, and leaves a line in the log: who looks at a stopped worker
// wants to know that somebody stopped it.
func (a *Admin) change(w http.ResponseWriter, r *http.Request, name string, do func(context.Context) error, fields ...zap.Field) {
	fields = append(fields, zap.String(KeyAction, name), zap.String(KeyAddress, r.RemoteAddr))
	switch err := do(r.Context()); {
	case errors.Is(err, ErrNotHeld):
		writeError(w, http.StatusNotFound, "NOT_FOUND", err.Error()+": `sluice held ls` lists those that are")
	case err != nil:
		a.log.Warn("asked for over the admin server, and failed", append(fields, zap.Error(err))...)
		writeError(w, http.StatusInternalServerError, "FAILED", name+": "+err.Error())
	default:
		a.log.Info("done as asked for over the admin server", fields...)
		writeJSON(w, http.StatusOK, answer{Status: "success"})
	}
}

// notHere answers for what this process does not offer.
func notHere(what string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotImplemented, "NOT_AVAILABLE", what+" is not available in this process")
	})
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, answer{Status: "error", Code: code, Message: message})
}

// writeJSON answers with v, indented, since people read it with curl. What cannot be marshalled is an error
// before anything is sent.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		status = http.StatusInternalServerError
		body = []byte(`{"status": "error", "code": "INTERNAL_ERROR", "message": "the answer cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that has gone needs no answer
}
