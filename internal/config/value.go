package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Bytes is a size in bytes. It is written "1MiB", "64KiB" or as a bare number.
type Bytes int64

// byteUnits lists the units that are read; the first of those that divide a size evenly writes it.
var byteUnits = []struct {
	name string
	size Bytes
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3}, {"B", 1}}

// String returns the size in the largest binary unit that divides it.
func (b Bytes) String() string {
	for _, u := range byteUnits[:3] {
		if b != 0 && b%u.size == 0 {
			return strconv.FormatInt(int64(b/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

func parseBytes(text string) (Bytes, *flaw) {
	number, size := text, Bytes(1)
	for _, u := range byteUnits {
		if n, ok := strings.CutSuffix(text, u.name); ok {
			number, size = strings.TrimSpace(n), u.size
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/int64(size) {
		return 0, &flaw{"not a size", "use a whole number with B, KiB, MiB or GiB, such as 1MiB"}
	}
	return Bytes(n) * size, nil
}

// Rate is a number of requests a minute. 0, written "none", is no limit.
type Rate int

// String returns the number, or "none".
func (r Rate) String() string {
	if r == 0 {
		return "none"
	}
	return strconv.Itoa(int(r))
}

// decode puts what a source held into the field: a string, or from YAML also a []string or a
// map[string]string. It returns what is wrong with it, or nil.
func decode(field, raw any) *flaw {
	switch raw := raw.(type) {
	case string:
		return decodeText(field, raw)
	case []string:
		if f, ok := field.(*[]string); ok {
			*f = slices.Clip(append([]string(nil), raw...)) // nil where it is empty
			return nil
		}
		return &flaw{"a list where one value is expected", "write it without dashes or brackets"}
	case map[string]string:
		if f, ok := field.(*Input); ok {
			*f = Input{Map: raw}
			return nil
		}
		return &flaw{"a group where one value is expected", "write the value after the colon"}
	default:
		return &flaw{problem: fmt.Sprintf("cannot hold a %T", raw)} // a source that makes others is our bug
	}
}

// decodeText reads one value from text. The parsers' own errors are dropped: they repeat the value.
func decodeText(field any, text string) (fl *flaw) {
	var err error
	switch f := field.(type) {
	case *string:
		*f = text
	case *Secret:
		if text == mask {
			return &flaw{"this is the mask that stands for a secret", "set the secret itself"}
		}
		if strings.ContainsFunc(text, unicode.IsControl) {
			return &flaw{"a line break or another control character in a secret", "take it out: it is mostly the end of the line that the secret was copied from"}
		}
		*f = NewSecret(text)
	case *[]string:
		*f = splitList(text)
	case *bool:
		if *f, err = strconv.ParseBool(text); err != nil {
			return &flaw{"not a boolean", "use true or false"}
		}
	case *int:
		if *f, err = strconv.Atoi(text); err != nil {
			return &flaw{"not a whole number", "use digits only"}
		}
	case *Rate:
		*f, fl = parseRate(text)
	case *Bytes:
		*f, fl = parseBytes(text)
	case *time.Duration:
		if *f, err = time.ParseDuration(text); err != nil {
			return &flaw{"not a duration", "use a number with a unit, such as 500ms, 5s or 24h"}
		}
	case *Input:
		*f = Input{Mode: text}
	case *Success:
		*f, fl = parseSuccess(text)
	default:
		return &flaw{problem: fmt.Sprintf("no decoder for a %T", field)}
	}
	return fl
}

func parseRate(text string) (Rate, *flaw) {
	if text == "none" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, &flaw{"not a rate", "use a whole number of requests a minute, or none"}
	}
	return Rate(n), nil
}

func splitList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// parseSuccess reads POINTER=VALUE. VALUE is taken as JSON where it is JSON, so that 200 is the number and
// "200" the string, and else as text.
func parseSuccess(text string) (Success, *flaw) {
	if text == "" {
		return Success{}, nil
	}
	pointer, value, ok := strings.Cut(text, "=")
	if !ok || !strings.HasPrefix(pointer, "/") {
		return Success{}, &flaw{"not a rule", "use POINTER=VALUE, such as /status=ok"}
	}
	if json.Valid([]byte(value)) {
		return Success{Pointer: pointer, Value: json.RawMessage(value)}, nil
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		return Success{}, &flaw{"not a rule", "the value is neither JSON nor text"}
	}
	return Success{Pointer: pointer, Value: quoted}, nil
}

// readSecret reads the file that a secret's _file setting names. What is wrong never names the path:
// people put the secret itself there by mistake.
func readSecret(path string) (string, *flaw) {
	data, err := os.ReadFile(path)
	if err != nil {
		var at *os.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return "", &flaw{"the file it names cannot be read, " + err.Error(), "check the path and its permissions"}
	}
	text := strings.TrimRight(string(data), "\r\n") // that ends every line an editor writes
	switch {
	case text == "":
		return "", &flaw{"the file it names is empty", "write the secret into it"}
	case strings.ContainsAny(text, "\r\n"):
		return "", &flaw{"the file it names has more than one line", "leave in it the secret alone, without NAME="}
	}
	return text, nil
}
