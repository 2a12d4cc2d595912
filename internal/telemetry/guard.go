package telemetry

import (
	"net"
	"net/http"
	"strings"
)

// guard keeps web pages from using a browser on the operator's machine against the server, which listens on
// loopback and asks for no password.
func guard(next http.Handler) http.Handler {
	// Requests that change things must not come from another origin: browsers say where they come from
	// (Sec-Fetch-Site, Origin), and what says nothing is no browser.
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusForbidden, "CROSS_ORIGIN", "a page of another origin asked for this: use `sluice` or curl")
	}))
	return sameHost(protection.Handler(next))
}

// sameHost refuses names other than localhost on loopback. A page can let its own name resolve to 127.0.0.1
// (DNS rebinding); to the browser it is then of our origin, and only the Host header tells.
func sameHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if onLoopback(r) && !isLocalName(r.Host) {
			writeError(w, http.StatusMisdirectedRequest, "WRONG_HOST", "ask for localhost or an IP address here")
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

func onLoopback(r *http.Request) bool {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

func isLocalName(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	return host == "localhost" || net.ParseIP(host) != nil
}
