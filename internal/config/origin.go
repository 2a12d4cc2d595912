package config

import "strconv"

// Source is a place that settings come from.
type Source int

// The sources, the weakest first.
const (
	SourceDefault Source = iota
	SourceFile
	SourceDotEnv
	SourceEnvironment
	SourceFlag
)

// String names the source as [Config.Print] shows it.
func (s Source) String() string {
	switch s {
	case SourceDefault:
		return "default"
	case SourceFile:
		return "file"
	case SourceDotEnv:
		return ".env"
	case SourceEnvironment:
		return "environment"
	case SourceFlag:
		return "flag"
	default:
		return "unknown"
	}
}

// Origin tells where a value came from.
type Origin struct {
	Source Source
	// Name is the variable, the flag with its dashes, or the path of the YAML file. For a default it is the
	// setting that the default was taken from, if any.
	Name string
	Line int // in the YAML file; 0 elsewhere
}

// ByHand reports whether somebody chose the value, rather than leaving the default.
func (o Origin) ByHand() bool { return o.Source != SourceDefault }

// String describes the origin in a few words: "default", "sluice.yaml:7", "environment SLUICE_TOPIC".
func (o Origin) String() string {
	switch o.Source {
	case SourceDefault:
		if o.Name != "" {
			return "default, from " + o.Name
		}
		return "default"
	case SourceFile:
		return o.Name + ":" + strconv.Itoa(o.Line)
	case SourceDotEnv, SourceEnvironment, SourceFlag:
		return o.Source.String() + " " + o.Name
	default:
		return o.Source.String()
	}
}

// where names the place of a problem with the setting k: what a person has to open or set.
func (o Origin) where(k *row) string {
	switch o.Source {
	case SourceFile:
		return o.String() + " " + k.path
	case SourceDotEnv:
		return o.Name + " in .env"
	case SourceEnvironment, SourceFlag:
		return o.Name
	case SourceDefault:
		return k.env
	default:
		return k.env
	}
}
