// Package demo is everything around the worker that `sluice demo` needs: an embedded broker, a fake Genesys
// Cloud, a producer of sample messages, and an audit of what became of each of them.
//
// A [Stage] holds them. Its [Traffic] decides, as a function of the seed alone, what every message is, and
// what it meets at the API ([Fate]): equal seeds make equal runs. The [Ledger] hears from the producer what
// was sent, from the fake what was executed, and reads the dead-letter and the results topic itself: it takes
// the worker's word for nothing, and so can tell what is lost, repeated or out of order ([Result]).
//
// A [Board] is told of the worker's events and its log, and is what the command line shows of a run.
//
// Memory is bounded however long a demo runs: what is committed is deleted from the broker, the ledger keeps
// only messages that have not ended, and the producer waits where the worker is too far behind.
package demo
