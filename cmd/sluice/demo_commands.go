package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-kafka/sluice/internal/demo"
)

// demoCommand is something to type while the demo runs, and what it does.
type demoCommand struct{ text, does string }

func demoCommands(self string, s *demo.Stage, admin string) []demoCommand {
	api := strings.TrimPrefix(s.API(), "http://")
	return []demoCommand{
		{"SLUICE_KAFKA_BROKERS=" + strings.Join(s.Brokers(), ",") + " " + self + " dlq ls", "the dead letters"},
		{"curl " + admin + "/status", "what the worker does"},
		{"curl -X PUT " + api + `/_faults -d '{"status":503,"for":"15s"}'`, "break the API"},
		{"curl -X DELETE " + api + "/_faults", "mend it"},
	}
}

// selfCommand returns how to call this program again: as it was called, or, since go run calls it by a name
// that is gone when it ends, by go run.
func selfCommand(arg0 string) string {
	if !strings.Contains(filepath.ToSlash(arg0), "/go-build") {
		return quoted(arg0)
	}
	if info, err := os.Stat(filepath.Join("cmd", "sluice")); err == nil && info.IsDir() {
		return "go run ./cmd/sluice"
	}
	return "go run github.com/sluice-kafka/sluice/cmd/sluice"
}

// quoted quotes a word for the shell where it needs that.
func quoted(word string) string {
	if strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("/._-+:@%", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
