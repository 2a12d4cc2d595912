package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/deadletter"
)

// filterHelp is how filters combine, for the help of every command that has them.
const filterHelp = `Of several filters every one must hold; of several values of one, any: --code A,B --class C means
(A or B) and C. But of --header and of --where, each that is given must hold. Those by code, class,
fingerprint, key and time look only at what Kafka shows of a record, and are the fastest.`

// filterExamples are examples of filters, for the help of a command.
func filterExamples(command string) string {
	var b strings.Builder
	for _, line := range []string{
		`--path /contact/channel                    # messages that broke a rule there`,
		`--path '/tags/*'                           # or at any position of an array`,
		`--where /contact/channel=fax --since 2h    # by a field of the payload`,
		`--key c-17                                 # all that became of one key`,
		`--header tenant=acme --code GENESYS_API_422`,
	} {
		fmt.Fprintf(&b, "\n  sluice dlq %s %s", command, line)
	}
	return b.String()
}

// filterFlags are the flags that select dead letters.
type filterFlags struct {
	codes, classes, fingerprints, paths, groups, keys, headers, where []string
	since, until                                                      string
}

func (f *filterFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.codes, "code", nil, "only these `codes`, such as VALIDATION_FAILED or GENESYS_API_422")
	flags.StringSliceVar(&f.classes, "class", nil, "only these `classes`: contract, permanent, transient, unknown, internal")
	flags.StringSliceVar(&f.fingerprints, "fingerprint", nil, "only the causes with these `fingerprints`, as sluice dlq stats tells them")
	flags.StringArrayVar(&f.paths, "path", nil, "a violation is at this JSON `pointer`; * is any array position, and \"\" the payload as a whole")
	flags.StringArrayVar(&f.groups, "group", nil, "written by workers of this consumer `group`")
	flags.StringArrayVar(&f.keys, "key", nil, "the message's whole `key`; base64:… for one that is not text")
	flags.StringArrayVar(&f.headers, "header", nil, "the message has this header: `NAME=VALUE`")
	flags.StringArrayVar(&f.where, "where", nil, "the payload has this field: `POINTER=VALUE`, such as /contact/channel=fax or /priority=3")
	flags.StringVar(&f.since, "since", "", "failed at this `time` or later: 2h or 3d ago, 2026-11-23, or 2026-11-23T09:30:00Z")
	flags.StringVar(&f.until, "until", "", "failed before this `time`")
}

// filter reads the flags.
func (f *filterFlags) filter(now time.Time) (deadletter.Filter, error) {
	selected := deadletter.Filter{Groups: f.groups}
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
	for _, text := range f.fingerprints {
		if !fingerprint.MatchString(text) {
			return selected, usageError("--fingerprint: %q is none: it has 16 digits and letters a to f; sluice dlq stats lists them", text)
		}
		selected.Fingerprints = append(selected.Fingerprints, strings.ToLower(text))
	}
	if err := f.times(&selected, now); err != nil {
		return selected, err
	}
	return selected, f.contents(&selected)
}

// times reads the bounds in time.
func (f *filterFlags) times(selected *deadletter.Filter, now time.Time) (err error) {
	if selected.Since, err = parseMoment("--since", f.since, now); err != nil {
		return err
	}
	if selected.Until, err = parseMoment("--until", f.until, now); err != nil {
		return err
	}
	if !selected.Since.IsZero() && !selected.Until.IsZero() && !selected.Since.Before(selected.Until) {
		return usageError("--since (%s) must be before --until (%s)", instant(selected.Since), instant(selected.Until))
	}
	return nil
}

// contents reads what the message has to hold.
func (f *filterFlags) contents(selected *deadletter.Filter) error {
	for _, text := range f.paths {
		if text != "" && text[0] != '/' {
			return usageError("--path: %q is not a JSON pointer: use /contact/channel, or \"\" for the payload as a whole", text)
		}
		selected.Paths = append(selected.Paths, text)
	}
	for _, text := range f.keys {
		key, err := parseKey(text)
		if err != nil {
			return err
		}
		selected.Keys = append(selected.Keys, key)
	}
	for _, text := range f.headers {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return usageError("--header: %q is not NAME=VALUE", text)
		}
		selected.Headers = append(selected.Headers, deadletter.NameValue{Name: name, Value: value})
	}
	for _, text := range f.where {
		pointer, value, ok := strings.Cut(text, "=")
		if !ok || pointer != "" && pointer[0] != '/' {
			return usageError("--where: %q is not POINTER=VALUE: use /contact/channel=fax or /priority=3", text)
		}
		selected.Where = append(selected.Where, deadletter.NameValue{Name: pointer, Value: value})
	}
	return nil
}

// limitFlag gives a command --limit.
func limitFlag(cmd *cobra.Command, most int, what string) *int {
	return cmd.Flags().Int("limit", most, "at most `N` "+what)
}

func checkLimit(limit int) error {
	if limit < 1 {
		return usageError("--limit: must be at least 1 (got %d)", limit)
	}
	return nil
}

// parseKey reads a message's key as sluice prints it.
func parseKey(text string) ([]byte, error) {
	if hash, ok := strings.CutPrefix(text, "sha256:"); ok && len(hash) == 2*sha256.Size {
		return []byte(text[:len("sha256:")+32]), nil // what a cut key's record has for its own
	}
	encoded, ok := strings.CutPrefix(text, "base64:")
	if !ok {
		return []byte(text), nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, usageError("--key: what follows base64: is not base64")
	}
	return key, nil
}

// fingerprint is how every fingerprint looks.
var fingerprint = regexp.MustCompile(`^[0-9a-fA-F]{16}$`)

// narrowed reports whether a filter looks at more than the time.
func narrowed(f deadletter.Filter) bool {
	return len(f.Codes)+len(f.Classes)+len(f.Fingerprints)+len(f.Paths)+len(f.Groups)+len(f.Keys)+len(f.Headers)+len(f.Where) > 0
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
