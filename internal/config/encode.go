package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// encode writes the value that field points to as YAML in one line, so that what [Config.Print] shows can be
// put into sluice.yaml. Of a secret it shows only whether there is one.
func encode(field any) string {
	switch f := field.(type) {
	case *string:
		return scalar(*f)
	case *Secret:
		return scalar(f.String())
	case *[]string:
		items := make([]string, len(*f))
		for i, item := range *f {
			items[i] = scalar(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case *bool:
		return strconv.FormatBool(*f)
	case *int:
		return strconv.Itoa(*f)
	case *Rate:
		return f.String()
	case *Bytes:
		return f.String()
	case *time.Duration:
		return duration(*f)
	case *Input:
		return inputText(*f)
	case *Success:
		return scalar(successText(*f))
	default:
		return fmt.Sprintf("no encoder for a %T", field) // a test runs every row through here
	}
}

// plain is what YAML surely reads as one plain scalar, in a flow list too.
var plain = regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9/._=+-]*(:[A-Za-z0-9/._=+-]+)*$`)

func scalar(s string) string {
	if plain.MatchString(s) && !strings.EqualFold(s, "null") {
		return s
	}
	return strconv.Quote(s)
}

// duration writes 24h rather than 24h0m0s.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func inputText(in Input) string {
	if in.Mode != "" || in.Map == nil {
		return scalar(in.Mode)
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(in.Map)) {
		pairs = append(pairs, scalar(name)+": "+scalar(in.Map[name]))
	}
	return "{" + strings.Join(pairs, ", ") + "}"
}

// successText writes a rule so that parseSuccess reads the same.
func successText(s Success) string {
	if s.Pointer == "" {
		return ""
	}
	var text string
	if err := json.Unmarshal(s.Value, &text); err != nil || json.Valid([]byte(text)) {
		text = string(s.Value)
	}
	return s.Pointer + "=" + text
}
