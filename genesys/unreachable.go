package genesys

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// unreachableError is a connection that did not come about, in words that say what to look at.
type unreachableError struct {
	text string
	err  error
}

func (e *unreachableError) Error() string { return e.text }

func (e *unreachableError) Unwrap() error { return e.err }

const checkHosts = "check GENESYS_BASE_URL and GENESYS_LOGIN_URL"

// unreachable says why there is no connection. What it does not know it returns as it is.
func unreachable(err error) error {
	var name *net.DNSError
	var dial *net.OpError
	var plain tls.RecordHeaderError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &name):
		return &unreachableError{fmt.Sprintf("the host %q has no address: %s", name.Name, checkHosts), err}
	case errors.Is(err, syscall.ECONNREFUSED) && errors.As(err, &dial) && dial.Addr != nil:
		return &unreachableError{fmt.Sprintf("nobody listens at %s (connection refused): %s", dial.Addr, checkHosts), err}
	case errors.As(err, &plain):
		return &unreachableError{"the host does not speak TLS: is its URL one that begins with http://? " + checkHosts, err}
	case errors.As(err, &unknown):
		return &unreachableError{"the host's certificate is signed by an authority that is not known here: " +
			"set SSL_CERT_FILE to the PEM file of one's own, or " + checkHosts, err}
	}
	return err
}
