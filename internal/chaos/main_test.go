package chaos_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var (
	flagSeed     = flag.Uint64("chaos.seed", 1, "the plan of faults and the messages; 0: another one each time")
	flagFaults   = flag.Int("chaos.faults", 8, "how many faults")
	flagMessages = flag.Int("chaos.messages", 4_000, "the least number of messages")
	flagWorkers  = flag.Int("chaos.workers", 3, "worker processes")
	flagOnly     = flag.String("chaos.only", "", "names of faults, separated by commas; empty: all that the broker allows")
	flagLatency  = flag.Duration("chaos.latency", 20*time.Millisecond, "how long the API takes")
	flagPoison   = flag.Int("chaos.poison", 997, "one of so many messages is answered 500 for ever")
	flagPause    = flag.Duration("chaos.pause", 800*time.Millisecond, "the mean pause between faults")
	flagFigures  = flag.Bool("chaos.figures", false, "measure: restarts, kills and outages at length")
)

// binary is the program under test.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(build(m))
}

// build makes the binary before any test: each run then starts what this tree is.
func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sluice-chaos")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "sluice")
	if out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, "../../cmd/sluice").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
