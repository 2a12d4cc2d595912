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
//   - a [Fault], switched at any time by [Server.SetFault] or over HTTP, hits all paths or some of them,
//     before anything is checked: an outage that answers the same to everything;
//   - an [Outage], which starts by itself at a given execution;
//   - a [Behaviour], which decides call by call: a [Script], seeded faults ([Mix]), or your own.
//
// A GET of an invocation's path in the style that is not published lists the invocations so far, newest first;
// Options.Run says how long they run and how they end.
//
// What was executed, that is, what a Data Action really did, whatever was answered, is told to
// Options.OnExecute and listed by [Server.Executions].
//
// # Over HTTP
//
// GET /_faults shows the fault in force, PUT /_faults sets one, DELETE /_faults ends it:
//
//	{"status": 503, "paths": "all", "rate": 0.1, "retry_after": 5, "for": "1m"}
//	{"hang": true}    {"reset": true}    {"refuse": true}    {"delay": "100ms", "paths": "token"}
//
// GET /_action shows what is told of the action to those who ask for it (name, version, time-out, contract) and
// of the organisation's limits, PUT /_action sets it, DELETE /_action goes back to what it was by itself:
//
//	{"timeout_seconds": 20, "input_schema": {"type": "object"}, "limits": {"actions.concurrent.executions.max": 10}}
//	{"forbidden": true}
//
// GET /_executions?after=SEQ&limit=N counts and lists what was executed.
package genesystest
