package config

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/joho/godotenv"
)

// prefixes mark the variables that are ours.
var prefixes = []string{"SLUICE_", "GENESYS_"}

// foreign matches variables that carry a prefix of ours without being settings: those of tests, demo and
// image builds, and those that Kubernetes injects for every Service (one named sluice gives
// SLUICE_SERVICE_HOST, SLUICE_PORT_8080_TCP and so on).
var foreign = regexp.MustCompile(`^SLUICE_(TEST|DEMO|CI|CHAOS|BENCH|IMAGE|VERSION)(_|$)` +
	`|_SERVICE_(HOST|PORT)(_|$)|_PORT_[0-9]+_(TCP|UDP|SCTP)(_|$)`)

// linkPort matches the value of the one variable of a Kubernetes Service that looks like a setting, *_PORT.
var linkPort = regexp.MustCompile(`^(tcp|udp|sctp)://`)

// readVariables makes a layer of variables, and warns of those that look like ours and are not. An empty
// variable is one that is not set: compose files pass unset ones on as empty.
func readVariables(source Source, vars map[string]string) (l layer, problems, warnings []Problem) {
	l = layer{}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		value := vars[name]
		if value == "" {
			continue
		}
		if r, ok := variables[name]; ok {
			if !r.secret() {
				value = strings.TrimSpace(value)
			}
			e := entry{Raw: value, FromFile: name != r.env, Origin: Origin{Source: source, Name: name}}
			problems = append(problems, l.put(r, e)...)
			continue
		}
		if ours(name) && !isForeign(name, value) {
			warnings = append(warnings, unknownVariable(source, name))
		}
	}
	return l, problems, warnings
}

func ours(name string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// isForeign reports whether a variable of our prefix was set by something that knows nothing of us.
func isForeign(name, value string) bool {
	return foreign.MatchString(name) || strings.HasSuffix(name, "_PORT") && linkPort.MatchString(value)
}

func unknownVariable(source Source, name string) Problem {
	p := Problem{Where: name, Problem: "unknown variable, ignored", Fix: "remove it"}
	if near := nearestOf(name, variables); near != "" {
		p.Fix = "did you mean " + near + "?"
	}
	if source == SourceDotEnv {
		p.Where += " in .env"
	}
	return p
}

// environ makes a map of "NAME=value" lines; the last of equal names wins, as in a process.
func environ(lines []string) map[string]string {
	vars := make(map[string]string, len(lines))
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, "="); ok {
			vars[name] = value
		}
	}
	return vars
}

// variableName is what a name in .env may be; what the parser lets through beside may hold a value.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// readDotEnv reads a .env file. Variables that the environment has, even empty ones, are left out.
func readDotEnv(data []byte, env map[string]string) (map[string]string, []Problem) {
	vars, err := godotenv.UnmarshalBytes(data)
	if err != nil {
		// The parser's own words quote the rest of the file, secrets included.
		return nil, []Problem{dotEnvProblem(dotEnvLine(string(data)))}
	}
	var problems []Problem
	for name := range vars {
		if !variableName.MatchString(name) {
			problems = []Problem{dotEnvProblem(0)}
			delete(vars, name)
		} else if _, ok := env[name]; ok {
			delete(vars, name)
		}
	}
	return vars, problems
}

func dotEnvProblem(line int) Problem {
	where := ".env"
	if line > 0 {
		where += ":" + strconv.Itoa(line)
	}
	return Problem{Where: where, Problem: "a line that is not NAME=value", Fix: "mend it, and close what is quoted"}
}

// maxStatement is the number of lines in which a statement of .env must end for dotEnvLine to see it.
const maxStatement = 100

// dotEnvLine returns the line on which the first statement stands that does not parse, or 0.
func dotEnvLine(text string) int {
	lines := strings.SplitAfter(text, "\n")
	for start := 0; start < len(lines); {
		end := start + 1
		for ; ; end++ {
			if end > len(lines) || end-start > maxStatement {
				return start + 1
			}
			if _, err := godotenv.Unmarshal(strings.Join(lines[start:end], "")); err == nil {
				break
			}
		}
		start = end
	}
	return 0
}
