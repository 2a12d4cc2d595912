package main

import (
	"context"
	"fmt"

	"github.com/sluice-kafka/sluice/genesys"
)

// platformConcurrency is how many executions of actions Genesys Cloud allows an organisation at a time and
// platformVolume how many a minute, live calls included, and platformRate how many requests a minute a token.
const (
	platformConcurrency = 50
	platformVolume      = 2500
	platformRate        = 300
)

// findLimits compares the settings with what the organisation allows; where it does not tell, with what Genesys
// Cloud allows everybody.
func (a *apiCheck) findLimits(ctx context.Context) []finding {
	within, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var found []finding
	l, err := a.client.Limits(within)
	if err != nil {
		found = append(found, warned(checkLimits, "the organisation's limits cannot be read: "+oneLine(err),
			"go by Genesys Cloud's own, which are taken for granted here; the worker does not need to read them"))
	}
	l = genesys.Limits{
		Concurrent: orElse(l.Concurrent, platformConcurrency), Executions: orElse(l.Executions, platformVolume), Requests: orElse(l.Requests, platformRate),
	}
	w, g := a.cfg.Worker, a.cfg.Genesys
	fits := true
	if w.Concurrency > l.Concurrent/2 {
		fits = false
		found = append(found, warned(checkLimits,
			fmt.Sprintf("SLUICE_CONCURRENCY is %d, and the organisation runs %d actions at a time, those of live calls included", w.Concurrency, l.Concurrent),
			fmt.Sprintf("use %d or less, for all workers together: live calls fail while there is no place left for them", max(1, l.Concurrent/5))))
	}
	if rate := min(l.Requests, l.Executions); g.Rate == 0 || int(g.Rate) > rate {
		fits = false
		found = append(found, warned(checkLimits,
			fmt.Sprintf("GENESYS_RATE is %v, and the organisation allows %d requests a minute", g.Rate, rate),
			fmt.Sprintf("use %d or less, for all that use this OAuth client together: what is above is answered 429 and sent again later", rate)))
	}
	if fits && err == nil {
		found = append(found, passed(checkLimits, "the organisation allows %s actions at a time and %s a minute, those of live calls included, "+
			"and %s requests a minute for a token; set are %d at a time and %v a minute",
			grouped(int64(l.Concurrent)), grouped(int64(l.Executions)), grouped(int64(l.Requests)), w.Concurrency, g.Rate))
	}
	return found
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}
