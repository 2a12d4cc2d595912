package config

import (
	"fmt"
	"io"
)

// mask is what stands for a secret wherever one is shown.
const mask = "***"

// Secret is a string that prints, logs and marshals as "***", or as nothing where it is empty. The zero
// value is the empty secret. It may be copied and used concurrently.
//
// The string is behind a pointer because fmt cannot call methods on unexported fields: a Secret inside
// another package's unexported field would otherwise be printed as it is.
type Secret struct{ value *string }

// NewSecret returns a Secret that hides value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{value: &value}
}

// Reveal returns the hidden string. Hand it to what authenticates, and to nothing else.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String returns "***", or "" where the secret is empty.
func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return mask
}

// Format writes what String returns, whatever the verb: %#v and %x would otherwise go round String.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		_, _ = fmt.Fprintf(f, "%q", s.String())
		return
	}
	_, _ = io.WriteString(f, s.String())
}

// MarshalText returns what String returns; encoding/json, YAML and zap all use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
