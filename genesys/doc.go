// Package genesys invokes one Genesys Cloud Data Action over HTTP.
//
// A [Client] makes one attempt a call: it gets an access token where it has none, sends the payload, and
// turns whatever comes back into a [Result] or an [Error] of a closed set of kinds. When to try again, how
// often, and whose fault a failure is are the caller's business; so is asking [Client.Reserve] before an
// attempt, which paces requests and holds all of them back after a 429.
//
// What it promises:
//
//   - One call of [Client.Attempt] puts the payload on the wire at most once, with one exception: an
//     answer of 401 says that the action did not run, and is followed by one repeat with a new token.
//   - [KindNotSent] is returned only where no byte of the request left this process, and [KindBroken] where
//     one did and no answer came: the two never mix, because only the first is safe to repeat.
//   - Redirects are never followed, so the token goes to no other host.
//   - No error's text holds a secret, a token, a payload or the API's free text.
//
// Two API styles are known ([APIProcesses] and [APIIntegrations]); a style is a row of data, not code.
//
// A Client is safe for concurrent use. It starts goroutines only to fetch tokens and to keep connections
// alive; [Client.Close] ends them.
package genesys
