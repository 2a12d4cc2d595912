package main

import (
	"fmt"
	"strings"
)

// result is what came of one check.
type result string

// The results. Of these, only resultFail makes the command fail.
const (
	resultOK   result = "ok"
	resultWarn result = "warn" // works, but not as somebody would want it to
	resultFail result = "fail" // does not work
	resultSkip result = "skip" // not set, or not checked because of something else
)

// finding is one line of `sluice check`.
type finding struct {
	Check  string `json:"check"` // what was looked at
	Result result `json:"result"`
	Found  string `json:"found"`
	Do     string `json:"do,omitempty"` // what to do about it

	// configuration is set where what failed is the configuration itself, rather than what it leads to.
	configuration bool
}

func passed(check, format string, args ...any) finding {
	return finding{Check: check, Result: resultOK, Found: fmt.Sprintf(format, args...)}
}

func warned(check, found, do string) finding {
	return finding{Check: check, Result: resultWarn, Found: found, Do: do}
}

func failed(check, found, do string) finding {
	return finding{Check: check, Result: resultFail, Found: found, Do: do}
}

func misconfigured(check, found, do string) finding {
	return finding{Check: check, Result: resultFail, Found: found, Do: do, configuration: true}
}

// unset is a check of something optional that is not configured.
func unset(check, found string) finding {
	return finding{Check: check, Result: resultSkip, Found: found}
}

// notChecked is a check that cannot be made because of an earlier one.
func notChecked(check, what string) finding {
	return finding{Check: check, Result: resultSkip, Found: "not checked: needs " + what}
}

// The checks, by the names that are printed, in the order in which they are.
const (
	checkConfig      = "configuration"
	checkTimes       = "time-outs"
	checkSchema      = "schema"
	checkMapping     = "input mapping"
	checkAdmin       = "admin address"
	checkBrokers     = "brokers"
	checkLogin       = "TLS and login"
	checkAdvertised  = "advertised brokers"
	checkSource      = "source topic"
	checkDeadLetters = "dead-letter topic"
	checkResults     = "results topic"
	checkGroup       = "consumer group"
	checkStyle       = "API style"
	checkToken       = "token"
	checkAction      = "action"
	checkContract    = "contract"
	checkLimits      = "limits"
)

// tally counts findings by their result.
type tally map[result]int64

// String says how the checks ended.
func (t tally) String() string {
	parts := []string{fmt.Sprintf("%d ok", t[resultOK])}
	if n := t[resultWarn]; n > 0 {
		parts = append(parts, plural(n, "warning"))
	}
	if n := t[resultFail]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", n))
	}
	if n := t[resultSkip]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d not checked", n))
	}
	return strings.Join(parts, ", ")
}
