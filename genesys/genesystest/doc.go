// Package genesystest is a fake Genesys Cloud: an http.Handler that issues tokens and accepts Data Action
// invocations in both API styles on one port, with the statuses, headers and bodies of the real thing, and
// that fails as told.
//
// It is for tests of programs that invoke Data Actions, and it is what `sluice demo` and `sluice mock
// genesys` run. Use a [Server] with httptest, or give it any net.Listener by [Server.Start]; it waits only
// on timers and contexts, so it works inside a testing/synctest bubble over an in-memory network.
//
// Three things make it fail, asked in this order:
//
//   - [Fault]s, switched at any time by [Server.SetFault] or over HTTP, hit all paths or some of them, before
//     anything is checked: an outage that answers the same to everything, storms, latency, broken connections
//     and bodies, tokens that die;
//   - an [Outage], which starts by itself at a given execution;
//   - a [Behaviour], which decides call by call: a [Script], seeded faults ([Mix]), or your own.
//
// # The two styles
//
// In the published style ("integrations") the action runs while the caller waits, and the answer is its output
// (Options.Output); in the other one ("processes") an invocation is accepted (202) and runs later, and a GET of
// its path lists the invocations so far, newest first. Options.Run says how long they run and how they end.
// Genesys' own JavaScript client works against the published style: a test of this package runs it.
//
// What was executed, that is, what a Data Action really did, whatever was answered, is told to
// Options.OnExecute and listed by [Server.Executions].
//
// # Over HTTP
//
// GET /_faults shows the faults in force, PUT /_faults sets one or a list of them, DELETE /_faults ends them.
// The names are those of [Fault]'s fields:
//
//	{"status": 503, "paths": "all", "rate": 0.1, "retry_after": 5, "for": "1m"}
//	{"status": 503, "for": "10s", "every": "1m"}                    a storm that comes back
//	{"status": 400, "action_code": "ACTION.REMOTE_ENDPOINT"}        somebody else's failure
//	{"status": 401, "code": "invalid_client", "paths": "token"}     a client that was disabled
//	{"latency": {"p50": "80ms", "p99": "2s"}}                       {"delay": "100ms", "paths": "token"}
//	{"hang": true}    {"reset": true}    {"half_close": true}    {"refuse": true, "for": "30s"}
//	{"reset": true, "execute": true, "paths": "invoke"}             executed, and the answer lost
//	{"cut": true}     {"close": true}    {"pad": 2000000}        {"gzip": true}
//	{"status": 200, "body": "<html>", "content_type": "text/html"}  something in between answers
//	{"status": 302, "location": "https://elsewhere"}
//	{"revoke": true}  {"revoke": true, "for": "1s", "every": "1m"}
//	{"token_life": "20s"}    {"token_life": "20s", "expires_in": "86400"}    {"expires_in": "none"}
//	[{"status": 429, "retry_after": 2, "rate": 0.1}, {"latency": {"p50": "50ms", "p99": "1s"}}]
//
// GET /_executions?after=SEQ&limit=N counts and lists what was executed.
package genesystest
