package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
)

// api starts a Genesys Cloud, known as $API (host:port). Its options are:
//
//	closed             nobody listens there
//	html               it is somebody's web page, whatever is asked
//	client=ID          it knows this client only, by the secret of the stage
//	action=ID          it knows this action only
//	forbidden          its clients may not look at actions
//	status=N           it answers every invocation with this status
func (s *stage) api(rest string) {
	var opts genesystest.Options
	var fault *genesystest.Fault
	page := false
	l := s.listener()
	for option := range strings.FieldsSeq(rest) {
		name, value, _ := strings.Cut(option, "=")
		switch name {
		case "closed":
			_ = l.Close()
		case "html":
			page = true
		case "client":
			opts.ClientID, opts.ClientSecret = value, clientSecret
		case "action":
			opts.ActionID = value
		case "forbidden":
			opts.Action.Forbidden = true
		case "status":
			f := genesystest.Fault{Paths: genesystest.PathInvoke}
			_, err := fmt.Sscan(value, &f.Status)
			require.NoError(s.t, err)
			fault = &f
		default:
			require.Fail(s.t, "no option of the API", option)
		}
	}
	s.vars["API"] = l.Addr().String()
	s.env["GENESYS_BASE_URL"] = (&url.URL{Scheme: "http", Host: l.Addr().String()}).String()
	if page {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html><body>Welcome to the proxy</body></html>"))
		}))
		_ = server.Listener.Close()
		server.Listener = l
		server.Start()
		s.t.Cleanup(server.Close)
		return
	}
	fake := genesystest.New(opts)
	if fault != nil {
		fake.SetFault(*fault)
	}
	fake.Start(l)
	s.t.Cleanup(fake.Close)
}
