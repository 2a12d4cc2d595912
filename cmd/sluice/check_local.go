package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-kafka/sluice/internal/config"
)

// localChecks are those that need nobody else.
func localChecks(cfg *config.Config) lane {
	return func(ctx context.Context, report func(finding)) {
		reportConfig(cfg, report)
		if cfg.Require(config.NeedWorker|config.NeedGenesys) != nil {
			report(notChecked(checkTimes, "settings of worker and genesys that are in order"))
		} else {
			for _, f := range findTimes(cfg) {
				report(f)
			}
		}
		report(findSchema(cfg))
		report(findInput(cfg))
		report(findAdmin(ctx, cfg))
	}
}

// reportConfig says where the settings are from, and everything that is wrong with them.
func reportConfig(cfg *config.Config, report func(finding)) {
	var wrong *config.Error
	if !errors.As(cfg.Require(config.ForCheck), &wrong) {
		report(passed(checkConfig, "%s", configOrigins(cfg)))
	} else {
		for _, p := range wrong.Problems {
			report(misconfigured(checkConfig, problemText(p), p.Fix))
		}
	}
	for _, p := range cfg.Warnings() {
		report(warned(checkConfig, problemText(p), p.Fix))
	}
}

// problemText writes a problem without what to do.
func problemText(p config.Problem) string {
	p.Fix = ""
	return p.String()
}

// configOrigins says which files were read, and how many settings stand where.
func configOrigins(cfg *config.Config) string {
	counts := map[config.Source]int64{}
	for _, key := range config.Keys() {
		counts[cfg.Origin(key.Path).Source]++
	}
	text := "no sluice.yaml and no .env here"
	if files := cfg.Files(); len(files) > 0 {
		text = strings.Join(files, " and ") + " read"
	}
	for _, s := range []struct {
		source config.Source
		place  string
	}{
		{config.SourceFile, "from the file"},
		{config.SourceDotEnv, "from .env"},
		{config.SourceEnvironment, "from the environment"},
		{config.SourceFlag, "from flags"},
	} {
		if n := counts[s.source]; n > 0 {
			text += fmt.Sprintf("; %s %s", plural(n, "setting"), s.place)
		}
	}
	return text + fmt.Sprintf("; %d left at their defaults", counts[config.SourceDefault])
}
