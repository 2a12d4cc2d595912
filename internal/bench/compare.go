package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
)

const (
	topic      = "bench"
	roleWorker = "worker"
	roleFloor  = "floor"
)

// figures are what one round of one contender measured.
type figures struct {
	perSecond float64
	cpu       time.Duration // a message
	elsewhere time.Duration // CPU a message of the broker and the API, which are in this process
	peakRSS   int64         // bytes
}

// compare runs the rounds, worker and floor in turn, and prints the figures.
func compare(ctx context.Context, o options) error {
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(int32(o.partitions), topic))
	if err != nil {
		return fmt.Errorf("start the embedded broker: %w", err)
	}
	defer broker.Close()
	if err := produce(ctx, broker.ListenAddrs()[0], o); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	api, err := serve(ctx, o.latency)
	if err != nil {
		return fmt.Errorf("start the API: %w", err)
	}
	fmt.Printf("%d messages of about %d bytes, %d partitions, %d at a time, the API answers after %s\n\n",
		o.messages, o.size, o.partitions, o.concurrency, o.latency)
	if o.course > 0 {
		f, err := measure(ctx, roleWorker, "course", broker.ListenAddrs()[0], api, o)
		if err == nil {
			fmt.Printf("%.0f messages/s, CPU a message %s, peak RSS %.1f MiB\n", f.perSecond, f.cpu.Round(100*time.Nanosecond), mib(f.peakRSS))
		}
		return err
	}
	fmt.Printf("%-8s %12s %14s %15s %12s\n", "", "messages/s", "CPU a message", "broker and API", "peak RSS")
	all := map[string][]figures{}
	for round := range o.rounds {
		for _, role := range []string{roleWorker, roleFloor} {
			f, err := measure(ctx, role, fmt.Sprintf("round-%d", round), broker.ListenAddrs()[0], api, o)
			if err != nil {
				return fmt.Errorf("%s: %w", role, err)
			}
			all[role] = append(all[role], f)
			fmt.Printf("%-8s %12.0f %14s %15s %9.1f MiB\n", role, f.perSecond,
				f.cpu.Round(100*time.Nanosecond), f.elsewhere.Round(100*time.Nanosecond), mib(f.peakRSS))
		}
	}
	w, fl := median(all[roleWorker]), median(all[roleFloor])
	fmt.Printf("\nmedians, worker to floor: throughput %.2f (%.2f by CPU alone), CPU a message %.2f, peak RSS %.2f\n",
		w.perSecond/fl.perSecond, float64(fl.cpu+fl.elsewhere)/float64(w.cpu+w.elsewhere),
		float64(w.cpu)/float64(fl.cpu), float64(w.peakRSS)/float64(fl.peakRSS))
	return nil
}

// median takes the median of each figure on its own.
func median(all []figures) figures {
	pick := func(value func(figures) float64) float64 {
		var values []float64
		for _, f := range all {
			values = append(values, value(f))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return figures{
		perSecond: pick(func(f figures) float64 { return f.perSecond }),
		cpu:       time.Duration(pick(func(f figures) float64 { return float64(f.cpu) })),
		elsewhere: time.Duration(pick(func(f figures) float64 { return float64(f.elsewhere) })),
		peakRSS:   int64(pick(func(f figures) float64 { return float64(f.peakRSS) })),
	}
}

// endpoint is the API: it accepts everything and counts invocations.
type endpoint struct {
	url      string
	accepted atomic.Int64
}

func serve(ctx context.Context, latency time.Duration) (*endpoint, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &endpoint{url: "http://" + l.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/oauth/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"token","token_type":"bearer","expires_in":86400}`)
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(latency)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, `{"invocationId":"f3b1c2d4"}`)
		e.accepted.Add(1)
	})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }() // ends with the process
	return e, nil
}

// measure runs one contender as a process until the API has accepted every message.
func measure(ctx context.Context, role, group, broker string, api *endpoint, o options) (figures, error) {
	self, err := os.Executable()
	if err != nil {
		return figures{}, err
	}
	api.accepted.Store(0)
	cmd := exec.CommandContext(ctx, self, "-role", role, "-group", group, "-brokers", broker, "-api", api.url, //nolint:gosec // itself
		"-messages", strconv.Itoa(o.messages), "-partitions", strconv.Itoa(o.partitions), "-concurrency", strconv.Itoa(o.concurrency))
	if o.profile != "" {
		cmd.Args = append(cmd.Args, "-profile", o.profile+"."+role)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return figures{}, err
	}
	for api.accepted.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	began, before := time.Now(), used()
	told := began
	for n := api.accepted.Load(); n < int64(o.messages); n = api.accepted.Load() {
		time.Sleep(10 * time.Millisecond)
		if o.course > 0 && time.Since(told) >= o.course {
			told = told.Add(o.course)
			fmt.Printf("%6s %9d messages  RSS %5.1f MiB\n", told.Sub(began), n, mib(memory(cmd.Process.Pid, "VmRSS")))
		}
	}
	took, here := time.Since(began), used()-before
	rss := memory(cmd.Process.Pid, "VmHWM")
	_ = cmd.Process.Signal(syscall.SIGTERM) // a floor that has ended by itself is no failure
	_ = cmd.Wait()
	return figures{
		perSecond: float64(o.messages) / took.Seconds(),
		cpu:       (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()) / time.Duration(o.messages),
		elsewhere: here / time.Duration(o.messages),
		peakRSS:   rss,
	}, nil
}

// used returns the CPU time that this process has used.
func used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// memory returns one of the sizes that the system tells of a process, in bytes; 0 where there is no /proc. VmHWM is
// the largest RSS so far: the process's rusage would not do, as that is inherited from the one that forked it.
func memory(pid int, what string) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if _, err := fmt.Sscanf(line, what+": %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}

func produce(ctx context.Context, broker string, o options) error {
	w := &kafkago.Writer{
		Addr: kafkago.TCP(broker), Topic: topic, RequiredAcks: kafkago.RequireAll, BatchSize: 1000, BatchTimeout: time.Millisecond,
		Balancer: &kafkago.Hash{},
	}
	pad := max(0, o.size-230)
	batch := make([]kafkago.Message, 0, 1000)
	for i := range o.messages {
		batch = append(batch, kafkago.Message{
			Key: fmt.Appendf(nil, "customer-%d", i%10_000),
			Value: fmt.Appendf(nil, `{"contact":{"external_id":"c-%d","channel":"chat","timestamp":"2026-01-01T00:00:00Z","metadata":{"note":"%0*d"}},`+
				`"priority":3,"tags":["new","vip"],"callback_url":"https://example.com/callback/%d"}`, i, pad, i, i),
		})
		if len(batch) == cap(batch) || i == o.messages-1 {
			if err := w.WriteMessages(ctx, batch...); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return w.Close()
}
