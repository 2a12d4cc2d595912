// Package telemetry is how sluice is seen from outside: logs ([NewLogger]), metrics ([Metrics]) and the
// admin server ([Admin]) with health, status and the few controls of a running worker.
//
// It knows nothing of the worker. What happens is told to it in strings, numbers and durations, and what is
// the case it asks for through functions; the command line connects the two. So this package decides how
// something is shown, and never what is true.
//
// Whatever is passed in is shown: payloads, keys, tokens and secrets must not be.
package telemetry
