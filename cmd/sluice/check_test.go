package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluice-kafka/sluice/genesys/genesystest"
	"github.com/sluice-kafka/sluice/internal/telemetry"
	"github.com/sluice-kafka/sluice/internal/term"
)

func termStreams(out, errs io.Writer) term.Streams {
	return term.Streams{In: strings.NewReader(""), Out: out, Err: errs}
}

func TestCheck_PassesWhatIsInOrderAndChangesNothing(t *testing.T) {
	r := newCheckRig(t, genesystest.Options{})
	r.topic("payloads", 3)
	s := r.check()
	require.Zero(t, s.code, "%+v", s)
	require.Equal(t, "14 ok, 1 not checked\n", s.stderr)
	var names []string
	for _, f := range s.findings {
		names = append(names, f.Check)
		require.Empty(t, f.Do, "%+v", f)
	}
	require.Equal(t, []string{
		checkConfig, checkTimes, checkSchema, checkMapping, checkAdmin, checkBrokers, checkLogin, checkAdvertised,
		checkSource, checkDeadLetters, checkResults, checkGroup, checkStyle, checkToken, checkAction,
	}, names)
	require.Contains(t, s.of(checkDeadLetters)[0].Found, "payloads.dlq does not exist yet: the worker will create it, and may do so")

	view, err := r.connect().View(t.Context(), r.fake.ListenAddrs()[0], "payloads.dlq")
	require.NoError(t, err)
	require.Error(t, view.Topics["payloads.dlq"].Err, "it was created")
	there, err := r.connect().HasGroup(t.Context(), "sluice")
	require.NoError(t, err)
	require.False(t, there, "the group was joined")
	require.Empty(t, r.api.Executions(), "the action was run")
}

// checkRow is one thing that is not in order, and the one finding that tells of it.
type checkRow struct {
	name    string
	api     genesystest.Options
	kafka   []kfake.Opt
	arrange func(r *checkRig)
	env     map[string]string

	check  string
	result result
	found  string
	do     string
	code   int
}

func TestCheck_NamesWhatIsNotInOrder(t *testing.T) {
	for _, rows := range [][]checkRow{localRows(), brokerRows(), topicRows(), groupRows(), tokenRows(), actionRows()} {
		for _, row := range rows {
			t.Run(row.check+"/"+row.name, func(t *testing.T) {
				r := newCheckRig(t, row.api, row.kafka...)
				if row.kafka != nil {
					r.login("PLAIN", "worker", checkPassword)
				}
				if row.arrange == nil {
					row.arrange = (*checkRig).topics
				}
				row.arrange(r)
				for name, value := range row.env {
					t.Setenv(name, value)
				}
				s := r.check()
				var told *finding
				for _, f := range s.findings {
					if f.Check == row.check && f.Result == row.result && strings.Contains(f.Found, row.found) {
						told = &f
					} else if f.Result == resultFail || f.Result == resultWarn {
						require.Fail(t, "something else was found", "%+v", f)
					}
				}
				require.NotNil(t, told, "want %s of %s: %s; got %+v", row.result, row.check, row.found, s.findings)
				require.Contains(t, told.Do, row.do)
				if row.result != resultOK {
					require.NotEmpty(t, told.Do)
				}
				want := row.code
				if want == 0 && row.result == resultFail {
					want = exitFailed
				}
				require.Equal(t, want, s.code)
			})
		}
	}
}

func localRows() []checkRow {
	file := func(name, text string) func(*checkRig) {
		return func(r *checkRig) {
			r.topics()
			require.NoError(r.t, os.WriteFile(name, []byte(text), 0o600))
		}
	}
	return []checkRow{
		{name: "unknown variable", check: checkConfig, result: resultWarn, env: map[string]string{"SLUICE_TOPIX": "x"},
			found: "SLUICE_TOPIX: unknown variable", do: "did you mean SLUICE_TOPIC?"},
		{name: "out of range", check: checkConfig, result: resultFail, code: exitUsage, env: map[string]string{"SLUICE_LOG_LEVEL": "loud"},
			found: "SLUICE_LOG_LEVEL: unknown value (got loud)", do: "use debug"},
		{name: "no secret", check: checkConfig, result: resultFail, code: exitUsage, env: map[string]string{"GENESYS_CLIENT_SECRET": ""},
			found: "GENESYS_CLIENT_SECRET: not set", do: "GENESYS_CLIENT_SECRET_FILE"},
		{name: "given up early", check: checkTimes, result: resultWarn, env: map[string]string{"SLUICE_GIVE_UP_AFTER": "1m"},
			found: "ends before 4 attempts of up to 30s each", do: "use at least 2m14s"},
		{name: "a reserved name", check: checkMapping, result: resultFail, code: exitUsage, arrange: file("sluice.yaml", "genesys: {input: {orgId: /priority}}"),
			found: "genesys.input.orgId: reserved: Genesys Cloud keeps the names", do: "sluice.yaml"},
		{name: "astray", check: checkMapping, result: resultFail, code: exitUsage, arrange: file("sluice.yaml", "genesys: {input: {p: /priority/value}}"),
			found: `genesys.input.p: the schema has no /priority/value: "value" would be inside a value that is integer`, do: "schema show"},
		{name: "not flat", check: checkMapping, result: resultFail, code: exitUsage, env: map[string]string{"SLUICE_SCHEMA": "s.json", "GENESYS_INPUT": "flat"},
			arrange: file("s.json", `{"type":"object","properties":{"a_b":{"type":"string"},"a":{"type":"object","required":["b"],"properties":{"b":{"type":"string"}}}}}`),
			found:   `fields /a/b and /a_b would both be sent flat as property "a_b"`, do: "sluice.yaml"},
		{name: "of nothing known", check: checkMapping, result: resultWarn, arrange: file("sluice.yaml", "genesys: {input: {p: /priorty, id: $id}}"),
			found: "2 properties by name; id lets the called service recognise a repeat; the schema says nothing of /priorty", do: "left out in silence"},
		{name: "no such file", check: checkSchema, result: resultFail, code: exitUsage, env: map[string]string{"SLUICE_SCHEMA": "none.json"},
			found: "cannot read the schema none.json", do: "set SLUICE_SCHEMA"},
		{name: "not a schema", check: checkSchema, result: resultFail, code: exitUsage, env: map[string]string{"SLUICE_SCHEMA": "s.json"},
			arrange: file("s.json", `{"type":"objekt","typ":"x"}`), found: "s.json:1", do: "sluice schema lint s.json"},
		{name: "of nothing", check: checkSchema, result: resultWarn, env: map[string]string{"SLUICE_SCHEMA": "s.json"},
			arrange: file("s.json", `{}`), found: "accepts payloads that are no objects", do: `"type": "object"`},
		{name: "taken", check: checkAdmin, result: resultFail, arrange: func(r *checkRig) {
			r.topics()
			r.t.Setenv("SLUICE_ADMIN_ADDR", listen(r.t))
		}, found: "is taken by something else", do: "SLUICE_ADMIN_ADDR"},
		{name: "not of this machine", check: checkAdmin, result: resultFail, env: map[string]string{"SLUICE_ADMIN_ADDR": "192.0.2.1:80"},
			found: "cannot listen at 192.0.2.1:80", do: "SLUICE_ADMIN_ADDR"},
		{name: "of a running worker", check: checkAdmin, result: resultOK, arrange: func(r *checkRig) {
			r.topics()
			r.t.Setenv("SLUICE_ADMIN_ADDR", runningWorker(r.t))
		}, found: "is that of a worker that runs already (1 partition, breaker open, 3 messages held)"},
	}
}

func brokerRows() []checkRow {
	return []checkRow{
		{name: "one of two", check: checkBrokers, result: resultWarn, arrange: func(r *checkRig) {
			r.topics()
			r.t.Setenv("SLUICE_KAFKA_BROKERS", closedPort(r.t)+","+r.fake.ListenAddrs()[0])
		}, found: "1 of 2 answers; 127.0.0.1:", do: "SLUICE_KAFKA_BROKERS"},
		{name: "none", check: checkBrokers, result: resultFail, arrange: func(r *checkRig) {
			r.t.Setenv("SLUICE_KAFKA_BROKERS", closedPort(r.t)+","+closedPort(r.t))
		}, found: "none answers; 127.0.0.1:", do: "SLUICE_KAFKA_BROKERS"},
		{name: "not Kafka", check: checkBrokers, result: resultFail, arrange: func(r *checkRig) {
			r.t.Setenv("SLUICE_KAFKA_BROKERS", hangingUp(r.t))
		}, found: "what listens there closes the connection"},
		{name: "wrong password", check: checkLogin, result: resultFail, kafka: secured(allowAll()...),
			env: map[string]string{"SLUICE_KAFKA_SASL_PASSWORD": "wrong"}, found: `refuses user "worker"`, do: "SLUICE_KAFKA_SASL_PASSWORD"},
		{name: "no login", check: checkLogin, result: resultFail, kafka: secured(allowAll()...),
			env: map[string]string{
				"SLUICE_KAFKA_SASL_MECHANISM": "", "SLUICE_KAFKA_SASL_USERNAME": "", "SLUICE_KAFKA_SASL_PASSWORD": "",
			}, found: "wants a login", do: "set SLUICE_KAFKA_SASL_MECHANISM"},
		{name: "TLS to a plain port", check: checkLogin, result: resultFail, env: map[string]string{"SLUICE_KAFKA_TLS": "true"},
			found: "does not speak TLS", do: "SLUICE_KAFKA_TLS"},
		{name: "no CA", check: checkBrokers, result: resultFail, code: exitUsage,
			env: map[string]string{"SLUICE_KAFKA_TLS": "true", "SLUICE_KAFKA_TLS_CA": "none.pem"}, found: "none.pem"},
		{name: "another address", check: checkAdvertised, result: resultFail, arrange: func(r *checkRig) { r.advertise("127.0.0.1", 1) },
			found: "127.0.0.1:1: nobody listens", do: "advertised.listeners"},
		{name: "accepted", check: checkLogin, result: resultOK, kafka: secured(allowAll()...), found: "no TLS, PLAIN as worker: accepted"},
	}
}

func tokenRows() []checkRow {
	always := func(a genesystest.Answer) genesystest.Options {
		return genesystest.Options{Behaviour: genesystest.Always(genesystest.PathToken, a)}
	}
	html := func(status int) genesystest.Answer {
		return genesystest.Answer{Status: status, Body: []byte("<html>login</html>"), ContentType: "text/html"}
	}
	return []checkRow{
		{name: "host of Genesys", check: checkStyle, result: resultFail, env: map[string]string{"GENESYS_BASE_URL": "https://api.mypurecloud.de"},
			found: "https://api.mypurecloud.de is Genesys Cloud itself", do: "set GENESYS_API=integrations"},
		{name: "unknown region", check: checkStyle, result: resultFail, code: exitUsage, env: map[string]string{"GENESYS_REGION": "mars"},
			found: "genesys.region: unknown"},
		{name: "refused", check: checkToken, result: resultFail, env: map[string]string{"GENESYS_CLIENT_SECRET": "wrong"},
			found: "answers HTTP 401 invalid_client: these credentials are refused", do: "check GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET"},
		{name: "white space", check: checkToken, result: resultFail, env: map[string]string{"GENESYS_CLIENT_SECRET": checkSecret + " "},
			found: "credentials are refused", do: "GENESYS_CLIENT_SECRET begins or ends with white space"},
		{name: "web page", check: checkToken, result: resultFail, api: always(html(200)), found: "not a token (a web page, perhaps)", do: "GENESYS_LOGIN_URL"},
		{name: "elsewhere", check: checkToken, result: resultFail, api: always(html(404)), found: "HTTP 404: that is not where tokens are issued", do: "GENESYS_LOGIN_URL"},
		{name: "redirect", check: checkToken, result: resultFail, api: always(html(302)), found: "HTTP 302: that is not where", do: "GENESYS_REGION"},
		{name: "forbidden", check: checkToken, result: resultFail, api: always(html(403)), found: "HTTP 403: something before", do: "gateway"},
		{name: "too many", check: checkToken, result: resultFail, api: always(html(429)), found: "HTTP 429: too many requests", do: "wait a minute"},
		{name: "failing", check: checkToken, result: resultFail, api: always(html(503)), found: "HTTP 503: it fails for now", do: "try again later"},
		{name: "silent", check: checkToken, result: resultFail, api: always(genesystest.Answer{Hang: true}), env: map[string]string{"GENESYS_TIMEOUT": "50ms"},
			found: "takes the request and gives no answer", do: "GENESYS_LOGIN_URL"},
		{name: "down", check: checkToken, result: resultFail, arrange: func(r *checkRig) {
			r.topics()
			r.t.Setenv("GENESYS_LOGIN_URL", "http://"+closedPort(r.t))
		}, found: "/api/v2/oauth/token cannot be reached: connection refused", do: "HTTPS_PROXY"},
	}
}

func TestCheck_ListsEveryProblemAndChecksWhatIsLeft(t *testing.T) {
	r := newCheckRig(t, genesystest.Options{})
	r.topics()
	t.Setenv("GENESYS_CLIENT_ID", "")
	t.Setenv("SLUICE_CONCURRENCY", "none")
	t.Setenv("SLUICE_TOPIC", "pay loads")
	s := r.check()
	require.Equal(t, exitUsage, s.code)
	require.Len(t, s.of(checkConfig), 3)
	for check, want := range map[string]string{
		checkTimes: "needs settings of worker and genesys", checkBrokers: "needs settings of kafka", checkGroup: "needs settings of kafka",
		checkToken: "needs GENESYS_CLIENT_ID", checkAction: "needs GENESYS_CLIENT_ID",
	} {
		require.Equal(t, resultSkip, s.of(check)[0].Result)
		require.Contains(t, s.of(check)[0].Found, "not checked: "+want)
	}
	require.Equal(t, resultOK, s.of(checkSchema)[0].Result)
	require.Equal(t, resultOK, s.of(checkStyle)[0].Result)
}

func TestCheck_StopsWhenToldTo(t *testing.T) {
	newCheckRig(t, genesystest.Options{Behaviour: genesystest.Always(genesystest.PathToken, genesystest.Answer{Hang: true})})
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	printed := writerFunc(func(p []byte) (int, error) {
		if strings.Contains(string(p), checkStyle) { // the token is next, which never comes
			cancel()
		}
		return out.Write(p)
	})
	require.Equal(t, exitInterrupted, run(ctx, ctx, []string{"check"}, termStreams(printed, io.Discard)))
	require.NotContains(t, out.String(), "\nFAIL  token")
}

// writerFunc is a function as an io.Writer.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestCheck_WrapsForPeopleAndEscapesWhatOthersChose(t *testing.T) {
	var out bytes.Buffer
	p := &findingLines{streams: term.Streams{Out: &out, OutIsTerminal: true, Plain: true}}
	require.NoError(t, p.print(failed("token", strings.Repeat("long words ", 12)+"\x1b[31m", "do it")))
	for line := range strings.Lines(out.String()) {
		require.LessOrEqual(t, term.Width(strings.TrimSuffix(line, "\n")), 80)
	}
	require.Regexp(t, `^FAIL  token {15}long words`, out.String())
	require.Contains(t, out.String(), "\n"+strings.Repeat(" ", textColumn)+"→ do it\n")
	require.Contains(t, out.String(), `\x1b[31m`)
}

func TestLengthOf_ReadsWell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		7 * 24 * time.Hour: "7 days", 24 * time.Hour: "24 h", 24*time.Hour - time.Minute: "23 h 59 min",
		10 * time.Minute: "10 min", 90 * time.Second: "1m30s", 3 * time.Second: "3s",
	} {
		require.Equal(t, want, lengthOf(d))
	}
}

// listen takes a port and returns its address.
func listen(t *testing.T) string {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }()
	return l.Addr().String()
}

// hangingUp returns an address where every connection is closed at once.
func hangingUp(t *testing.T) string {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

// closedPort returns an address where nobody listens.
func closedPort(t *testing.T) string {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// runningWorker is the admin server of a worker.
func runningWorker(t *testing.T) string {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	admin := telemetry.NewAdmin(telemetry.AdminConfig{Status: func() any {
		return map[string]any{"joined": true, "partitions": []any{map[string]any{"partition": 0}}, "held": 3, "breaker": map[string]any{"state": "open"}}
	}})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- admin.Serve(ctx, l) }()
	t.Cleanup(func() { stop(); <-ended })
	return l.Addr().String()
}

// denyGroup denies an operation on every group.
func denyGroup(op kmsg.ACLOperation) kfake.ACL {
	return rule(kmsg.ACLResourceTypeGroup, "*", op, false)
}
