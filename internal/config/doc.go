// Package config turns sluice.yaml, the environment and flags into one Config of plain values.
//
// Every setting is one row of one table (table.go): its YAML path, variable, flag, default, rule and
// sentence. Loading, [Config.Print], [WriteDocs] and the "did you mean" of errors all read that table, so a
// setting cannot be documented without being read, or read without being shown.
//
// Later sources win: defaults, sluice.yaml, .env, the environment, flags. [Load] never fails; what is wrong
// is kept, and [Config.Require] reports all of it at once, as far as the command at hand needs it:
//
//	cfg := config.Load(config.Options{Flags: flags})
//	if err := cfg.Require(config.ForRun); err != nil {
//		return err // where: problem (got x): what to do, a line each
//	}
//
// A value of a [Secret] is never part of a problem, a warning or a print. This package knows none of the
// packages it configures: the command line maps its values to theirs.
package config
