package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/term"
)

func init() {
	cobra.EnableCommandSorting = false // the order of commands() is that of a person's way through them
}

// app is what every command is given.
type app struct {
	streams    term.Streams
	abort      context.Context // ends with the second signal; a command's own context ends with the first
	configFile string
}

// run is the whole program as a function: it returns the exit code. stop ends with the first signal, abort
// with the second.
func run(stop, abort context.Context, args []string, streams term.Streams) int {
	a := &app{streams: streams, abort: abort}
	root := a.rootCmd()
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	err := root.ExecuteContext(stop)
	if err == nil {
		return exitOK
	}
	if errors.Is(err, context.Canceled) && stop.Err() != nil {
		return exitInterrupted
	}
	printError(streams, err)
	return exitCode(err)
}

func (a *app) rootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:   "sluice",
		Short: "Kafka to Genesys Cloud Data Actions, with dead letters you can read",
		Long: `sluice reads payload messages from a Kafka topic, validates each against a JSON Schema,
invokes a Genesys Cloud Data Action with it, and writes what cannot be delivered as
structured records to a dead-letter topic.

See it work, with nothing installed:  sluice demo`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&a.configFile, "config", "", "configuration `file` (default: ./sluice.yaml where there is one)")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.commands()...)
	for _, cmd := range root.Commands() {
		explainArgs(cmd)
	}
	explainArgs(root)
	return root
}

// explainArgs makes wrong arguments a usage error, which names the command's help.
func explainArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return &exitError{code: exitUsage, err: argsError(cmd, args, err), try: cmd.CommandPath() + " --help"}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		explainArgs(sub)
	}
}

// argsError says which command does not exist, and which was probably meant.
func argsError(cmd *cobra.Command, args []string, err error) error {
	if !cmd.HasSubCommands() || len(args) == 0 {
		if strings.Contains(err.Error(), "arg(s)") { // cobra's own words
			return fmt.Errorf("%s for %s; it is typed: %s", plural(int64(len(args)), "argument"), cmd.CommandPath(), cmd.UseLine())
		}
		return err
	}
	text := fmt.Sprintf("%s has no command %q", cmd.CommandPath(), args[0])
	cmd.SuggestionsMinimumDistance = 2 // cobra sets it only on the way to its own error
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf("; did you mean %q?", strings.Join(near, `" or "`))
	}
	return errors.New(text)
}

// settings gives a command flags for the settings whose paths begin with one of the prefixes.
func settings(cmd *cobra.Command, prefixes ...string) {
	for _, key := range config.Keys() {
		if key.Flag == "" || !hasPrefix(key.Path, prefixes) || cmd.Flags().Lookup(key.Flag) != nil {
			continue
		}
		text := firstSentence(key.Doc) + " [" + key.Variable + "]"
		if key.Default != "" {
			text += " (default " + key.Default + ")"
		}
		f := cmd.Flags().VarPF(new(setting), key.Flag, "", text)
		f.Annotations = map[string][]string{settingFlag: nil}
	}
}

// settingFlag marks the flags that are settings.
const settingFlag = "setting"

// setting is the value of such a flag: kept as text, for config to read and judge.
type setting string

func (s *setting) Set(text string) error { *s = setting(text); return nil }
func (s *setting) String() string        { return string(*s) }
func (s *setting) Type() string          { return "value" }

func hasPrefix(path string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

func firstSentence(doc string) string {
	sentence, _, _ := strings.Cut(doc, ". ")
	return strings.TrimSuffix(sentence, ".")
}

// load reads the configuration for a command and tells of what is odd in it.
func (a *app) load(cmd *cobra.Command, need config.Need) (*config.Config, error) {
	cfg := config.Load(config.Options{File: a.configFile, Flags: settingsGiven(cmd)})
	a.tellWarnings(cfg)
	if err := cfg.Require(need); err != nil {
		return nil, err
	}
	return cfg, nil
}

func (a *app) tellWarnings(cfg *config.Config) {
	for _, w := range cfg.Warnings() {
		fmt.Fprintf(a.streams.Err, "%s %s\n", a.streams.ErrStyle().Yellow("Warning:"), w)
	}
}

// settingsGiven returns the flags of settings that were given, by name.
func settingsGiven(cmd *cobra.Command) map[string]string {
	flags := map[string]string{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if _, ok := f.Annotations[settingFlag]; ok {
			flags[f.Name] = f.Value.String()
		}
	})
	return flags
}
