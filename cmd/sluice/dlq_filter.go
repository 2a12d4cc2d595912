package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
)

// filterFlags are the flags that select dead letters.
type filterFlags struct {
	codes, classes, fingerprints []string
	since, until                 string
	limit                        int
}

func (f *filterFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.codes, "code", nil, "only these `codes`, such as VALIDATION_FAILED or GENESYS_API_422")
	flags.StringSliceVar(&f.classes, "class", nil, "only these `classes`: contract, permanent, transient, unknown, internal")
	flags.StringSliceVar(&f.fingerprints, "fingerprint", nil, "only the causes with these `fingerprints`, as sluice dlq show tells them")
	flags.StringVar(&f.since, "since", "", "failed at this `time` or later: 2h or 3d ago, 2026-11-23, or 2026-11-23T09:30:00Z")
	flags.StringVar(&f.until, "until", "", "failed before this `time`")
	flags.IntVar(&f.limit, "limit", 50, "at most `N`, the newest ones")
}

// filter reads the flags.
func (f *filterFlags) filter(now time.Time) (deadletter.Filter, error) {
	selected := deadletter.Filter{Fingerprints: f.fingerprints, Limit: f.limit}
	if f.limit < 1 {
		return selected, usageError("--limit: must be at least 1 (got %d)", f.limit)
	}
	for _, text := range f.codes {
		code, err := parseCode(text)
		if err != nil {
			return selected, err
		}
		selected.Codes = append(selected.Codes, code)
	}
	for _, text := range f.classes {
		class := deadletter.Class(strings.ToLower(text))
		if !slices.Contains(classes, class) {
			return selected, usageError("--class: unknown class %q: use %s", text, orList(classes))
		}
		selected.Classes = append(selected.Classes, class)
	}
	var err error
	if selected.Since, err = parseMoment("--since", f.since, now); err != nil {
		return selected, err
	}
	if selected.Until, err = parseMoment("--until", f.until, now); err != nil {
		return selected, err
	}
	if !selected.Since.IsZero() && !selected.Until.IsZero() && !selected.Since.Before(selected.Until) {
		return selected, usageError("--since (%s) must be before --until (%s)", instant(selected.Since), instant(selected.Until))
	}
	return selected, nil
}

// classes and codes are the closed sets; beside codes there are those of the API's statuses.
var (
	classes = []deadletter.Class{
		deadletter.ClassContract, deadletter.ClassPermanent, deadletter.ClassTransient, deadletter.ClassUnknown, deadletter.ClassInternal,
	}
	codes = []deadletter.Code{
		deadletter.CodeValidationFailed, deadletter.CodePayloadTooLarge, deadletter.CodeActionFailed,
		deadletter.CodePermissionDenied, deadletter.CodeTokenFailed, deadletter.CodeMaxRetriesExceeded,
		deadletter.CodeNetworkError, deadletter.CodeCircuitOpen, deadletter.CodeInternalError,
	}
	statusCode = regexp.MustCompile(`^GENESYS_API_[1-9][0-9]{2}$`)
)

// parseCode reads a code in either case. One that does not exist would select nothing, in silence.
func parseCode(text string) (deadletter.Code, error) {
	code := deadletter.Code(strings.ToUpper(text))
	if slices.Contains(codes, code) || statusCode.MatchString(string(code)) {
		return code, nil
	}
	return "", usageError("--code: unknown code %q: use %s, or GENESYS_API_ and a status, as in GENESYS_API_422", text, orList(codes))
}

func orList[T ~string](values []T) string {
	var b strings.Builder
	for i, v := range values {
		switch {
		case i > 0 && i == len(values)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(v))
	}
	return b.String()
}

// parseMoment reads a point in time: so long ago, a day in local time, or an instant. Empty is the zero time.
func parseMoment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Time{}, usageError("%s: %q is not a time: use 30m, 2h or 3d (that long ago), 2026-11-23, or 2026-11-23T09:30:00Z", flag, text)
}

// instant writes a time for people and machines alike.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// window says in words which time a filter looks at.
func window(f deadletter.Filter) string {
	switch {
	case f.Since.IsZero() && f.Until.IsZero():
		return ", all that it holds"
	case f.Until.IsZero():
		return " for those that failed since " + instant(f.Since)
	case f.Since.IsZero():
		return " for those that failed before " + instant(f.Until)
	default:
		return fmt.Sprintf(" for those that failed from %s until %s", instant(f.Since), instant(f.Until))
	}
}
