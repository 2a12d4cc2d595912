package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-kafka/sluice/internal/config"
)

// flagError says in words what is wrong with a flag, and which one was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	var bare *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown):
		err = unknownFlag(cmd, unknown)
	case errors.As(err, &invalid):
		err = fmt.Errorf("--%s: %s (got %q)", invalid.GetFlag().Name, wanted(invalid), invalid.GetValue())
	case errors.As(err, &bare):
		err = fmt.Errorf("--%s has no value: write --%[1]s %s", bare.GetFlag().Name, metavar(bare.GetFlag()))
	}
	return &exitError{code: exitUsage, err: err, try: cmd.CommandPath() + " --help"}
}

func unknownFlag(cmd *cobra.Command, err *pflag.NotExistError) error {
	name := err.GetSpecifiedName()
	if err.GetSpecifiedShortnames() != "" {
		return fmt.Errorf("%s has no flag -%s", cmd.CommandPath(), name)
	}
	for _, k := range config.Keys() {
		if k.Secret && strings.EqualFold(strings.ReplaceAll(strings.TrimPrefix(k.Variable, "SLUICE_"), "_", "-"), name) {
			return fmt.Errorf("there is no flag --%s: whoever lists processes would see the secret; set %s, or %[2]s_FILE to a file that holds it",
				name, k.Variable)
		}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := config.Nearest(name, names); near != "" {
		return fmt.Errorf("%s has no flag --%s; did you mean --%s?", cmd.CommandPath(), name, near)
	}
	return fmt.Errorf("%s has no flag --%s", cmd.CommandPath(), name)
}

// wanted says what a flag takes. Of strconv's errors it leaves out which function of Go's has failed.
func wanted(err *pflag.InvalidValueError) string {
	var number *strconv.NumError
	switch {
	case err.GetFlag().Value.Type() == "duration":
		return "use a number with a unit, such as 500ms, 5s or 2m"
	case errors.As(err, &number) && errors.Is(number, strconv.ErrRange):
		return "the number is too large"
	case errors.As(err, &number) && strings.HasPrefix(number.Func, "ParseBool"):
		return "use true or false"
	case errors.As(err, &number) && strings.HasPrefix(number.Func, "ParseFloat"):
		return "use a number"
	case errors.As(err, &number):
		return "use a whole number"
	default:
		return err.Unwrap().Error()
	}
}

// metavar is what the help calls a flag's value.
func metavar(f *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(f)
	return strings.ToUpper(name)
}
