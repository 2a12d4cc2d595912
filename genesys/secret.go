package genesys

import (
	"fmt"
	"io"
)

const mask = "***"

// Secret is a credential: it prints, logs and marshals as "***", or as nothing where it is empty, which the
// zero value is.
//
// The string is behind a pointer because fmt calls no methods on unexported fields: a Config kept in one
// would otherwise be printed with its secret.
type Secret struct{ value *string }

// NewSecret returns a Secret that hides value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal returns what is hidden. Give it to what authenticates, and to nothing else.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String returns the mask.
func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return mask
}

// Format prints the mask, whatever the verb: %#v and %x would go round String.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText returns the mask.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
