// Command bench measures the worker against a bare floor: a loop that fetches and posts, as many at a time,
// with no validation and no safety. Both run as processes of their own, in turn, against one embedded broker
// and one API that answers at once; what they use is the operating system's own accounting.
//
//	go run ./internal/bench -messages 100000 -partitions 6 -concurrency 64 -rounds 3
//
// With -course it runs the worker alone, once, and prints the course of its memory: a backlog is worked off in
//
//	go run ./internal/bench -messages 1000000 -size 1024 -latency 50ms -course 1m
//
// It prints throughput, CPU a message and peak memory of each round, and the ratios of the medians. All of it shares
// one machine: where other work does too, throughput tells little, and what it would be by CPU alone,
// that of broker and API included, tells more. It is a measurement, not a test: it never fails for being slow.
// -profile writes CPU profiles of both.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"time"
)

type options struct {
	messages    int
	partitions  int
	concurrency int
	rounds      int
	size        int
	latency     time.Duration
	course      time.Duration
	profile     string
}

func main() {
	var o options
	role := flag.String("role", "", "what a child process does; for the program itself")
	brokers := flag.String("brokers", "", "for the program itself")
	api := flag.String("api", "", "for the program itself")
	group := flag.String("group", "", "for the program itself")
	flag.IntVar(&o.messages, "messages", 100_000, "messages a round")
	flag.IntVar(&o.partitions, "partitions", 6, "partitions of the topic")
	flag.IntVar(&o.concurrency, "concurrency", 64, "requests at the API at once")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each")
	flag.IntVar(&o.size, "size", 300, "bytes a message, about")
	flag.DurationVar(&o.course, "course", 0, "run the worker once, alone, and print its memory so often")
	flag.DurationVar(&o.latency, "latency", 0, "how long the API takes to answer")
	flag.StringVar(&o.profile, "profile", "", "write CPU profiles of the last round to files of this name and .worker, .floor")
	flag.Parse()

	err := run(*role, *brokers, *api, *group, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(role, brokers, api, group string, o options) error {
	if role != "" && o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // a broken profile shows when it is read
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	switch role {
	case "":
		return compare(context.Background(), o)
	case roleWorker:
		return runWorker(brokers, api, group, o)
	case roleFloor:
		return runFloor(brokers, api, o)
	}
	return fmt.Errorf("no role %q", role)
}
