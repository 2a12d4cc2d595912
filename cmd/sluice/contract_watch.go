package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/telemetry"
	"github.com/sluice-kafka/sluice/schema"
)

const (
	// contractEvery is how often a running worker looks at the contract: it changes when somebody publishes
	// the action anew, which is seldom.
	contractEvery = time.Hour
	// contractAgain is how soon it looks again where the API did not answer.
	contractAgain = 5 * time.Minute
)

// contractWatch compares the schema with the action's contract while the worker runs. It tells, and never stops
// anything: what the action really refuses is its own to say.
type contractWatch struct {
	client    *genesys.Client
	validator *schema.Validator
	input     genesys.Input
	metrics   *telemetry.Metrics
	log       *zap.Logger
	said      string // the last thing that was logged and is not to be repeated each hour
}

// newContractWatch returns nil where the API style has no contracts.
func newContractWatch(cfg *config.Config, client *genesys.Client, v *schema.Validator, m *telemetry.Metrics, log *zap.Logger) *contractWatch {
	if genesys.API(cfg.Genesys.API) != genesys.APIIntegrations {
		return nil
	}
	return &contractWatch{client: client, validator: v, input: inputConfig(cfg), metrics: m, log: log}
}

// run looks at the contract now and every hour, until ctx ends.
func (w *contractWatch) run(ctx context.Context) {
	if w == nil {
		return
	}
	for {
		timer := time.NewTimer(w.look(ctx))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// look compares once, and returns when to look again.
func (w *contractWatch) look(ctx context.Context) (again time.Duration) {
	defer func() { // the contract is whatever the API sends
		if p := recover(); p != nil {
			w.log.Error("comparing the contract panicked", zap.String("panic", fmt.Sprintf("%T", p)), zap.ByteString("stack", debug.Stack()))
			again = contractEvery
		}
	}()
	action, contract, err := readContract(ctx, w.client)
	if ctx.Err() != nil {
		return contractEvery
	}
	if err != nil {
		return w.unread(err)
	}
	all := findDrift(w.validator, contract, w.input)
	byAction, bySchema := countDrift(all)
	w.metrics.ContractDrift(byAction, bySchema)
	fields := []zap.Field{
		zap.String("action", action.Name), zap.Int("version", action.Version),
		zap.Int("refused_by_action", byAction), zap.Int("refused_by_schema", bySchema),
	}
	if byAction > 0 { // every hour: messages fail meanwhile
		w.said = ""
		w.log.Warn("the action refuses what the schema accepts: such messages will be dead-lettered; sluice schema diff shows all of it",
			append(fields, zap.Strings("differs", firstDrift(all)))...)
		return contractEvery
	}
	text := "the schema agrees with the action's contract"
	if bySchema > 0 {
		text = "the action takes what the schema accepts; the schema is the stricter one"
	}
	w.once(text, fields...)
	return contractEvery
}

// unread tells that there is nothing to compare with.
func (w *contractWatch) unread(err error) time.Duration {
	var e *genesys.Error
	switch {
	case errors.As(err, &e) && e.Kind == genesys.KindForbidden:
		w.once("the action's contract is not compared with the schema: the OAuth client lacks the permission integrations:action:view")
		return contractEvery
	case errors.Is(err, errNoContract):
		w.once("the action's contract is not compared with the schema: the API does not tell it")
		return contractEvery
	}
	w.once("the action's contract is not compared with the schema for now", zap.Error(err))
	return contractAgain
}

// once logs what it did not log last.
func (w *contractWatch) once(text string, fields ...zap.Field) {
	if key := text + fmt.Sprint(fields); key != w.said {
		w.said = key
		w.log.Info(text, fields...)
	}
}

// firstDrift names the first of the fields that the action refuses.
func firstDrift(all []drifted) (names []string) {
	const most = 8
	for _, d := range all {
		if d.RefusedBy == refusedByAction && len(names) < most {
			names = append(names, d.Field+" "+d.Kind)
		}
	}
	return names
}
