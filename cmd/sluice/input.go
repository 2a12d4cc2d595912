package main

import (
	"fmt"
	"strings"

	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/config"
)

// inputConfig maps the setting of the action's input to the client's own.
func inputConfig(cfg *config.Config) genesys.Input {
	in := cfg.Genesys.Input
	return genesys.Input{Mode: genesys.InputMode(in.Mode), Map: in.Map}
}

// placedInput adds to an error about the input where that was set.
func placedInput(cfg *config.Config, err error) error {
	origin := cfg.Origin("genesys.input")
	if origin.Source != config.SourceFile || !strings.Contains(err.Error(), "genesys.input") {
		return err
	}
	return fmt.Errorf("%w\n(genesys.input is set in %s)", err, origin)
}
