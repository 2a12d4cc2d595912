package genesys

import (
	"bytes"
	"errors"
)

// input builds the request's body from the message. It returns an *Error of KindInput where it cannot.
type input func(Request) ([]byte, *Error)

// asIs sends the payload byte for byte.
func asIs(r Request) ([]byte, *Error) {
	if len(bytes.TrimSpace(r.Payload)) == 0 {
		return nil, &Error{Kind: KindInput, Op: OpInvoke, Err: errors.New("the payload is empty")}
	}
	return r.Payload, nil
}
