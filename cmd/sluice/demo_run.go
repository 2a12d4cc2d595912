package main

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/demo"
	"github.com/sluice-kafka/sluice/internal/kafka"
)

// How often the demo looks whether all has ended, and how often it shows what happens.
const (
	demoPoll   = 50 * time.Millisecond
	demoRedraw = 250 * time.Millisecond
)

// demoRun is one run of the demo.
type demoRun struct {
	app     *app
	flags   demoFlags
	stage   *demo.Stage
	board   *demo.Board
	process *process
	live    bool // somebody watches a terminal
	started time.Time
}

func (a *app) newDemoRun(cfg *config.Config, f demoFlags, stage *demo.Stage) (*demoRun, error) {
	d := &demoRun{app: a, flags: f, stage: stage, board: demo.NewBoard(), started: time.Now()}
	d.live = a.streams.OutIsTerminal && f.output != formatJSON && os.Getenv("TERM") != "dumb"
	log, err := a.demoLogger(cfg, d.board, d.live)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	cluster, err := kafka.New(kafka.Config{Brokers: cfg.Kafka.Brokers})
	if err != nil {
		return nil, err
	}
	d.process, err = newProcess(cfg, cluster, nil, log, d.board)
	return d, err
}

// play runs producer and worker until stop ends or, where the run has an end, until that, and returns what
// became of every message. When abort ends it gives up at once.
func (d *demoRun) play(stop, abort context.Context) (demo.Result, error) {
	listener, err := d.process.listen(stop)
	if err != nil {
		return demo.Result{}, err
	}
	defer d.process.cluster.Close()
	hideShow := d.show(listener.Addr().String())
	defer hideShow()

	ctx, finish := context.WithCancel(stop)
	defer finish()
	var beside sync.WaitGroup
	var staged error
	beside.Go(func() {
		defer finish()
		staged = d.stage.Run(ctx, d.board.Ended)
	})
	beside.Go(func() {
		if d.ends(ctx); ended(stop) {
			d.board.Note(demo.MoodPlain, "leaving: what is at the API may finish; Ctrl-C again stops at once")
		}
		finish()
	})
	worked := d.process.serve(ctx, abort, listener)
	finish()
	beside.Wait()
	if err := errors.Join(staged, worked); err != nil {
		return demo.Result{}, err
	}
	result, err := d.stage.Audit(abort)
	if ended(abort) {
		return demo.Result{}, &exitError{code: exitInterrupted, err: errors.New("stopped at once by a second signal; nothing was audited")}
	}
	result.Elapsed = demo.Seconds(time.Since(d.started))
	return result, err
}

// ends returns when a run that has an end has reached it, or ctx ends.
func (d *demoRun) ends(ctx context.Context) {
	ticker := time.NewTicker(demoPoll)
	defer ticker.Stop()
	for !d.flags.exit || !d.stage.Finished(d.positions()) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// positions returns the worker's position in each partition.
func (d *demoRun) positions() map[int]int64 {
	at := map[int]int64{}
	for _, p := range d.process.worker.Snapshot().Partitions {
		at[p.Partition] = p.Position
	}
	return at
}

// show begins to show the run in the way that fits where it is shown, and returns what ends that.
func (d *demoRun) show(admin string) (end func()) {
	s := d.app.streams
	out, style := s.Out, s.OutStyle()
	if d.flags.output == formatJSON {
		if !s.ErrIsTerminal {
			return func() {} // nobody watches, and standard output is for the result
		}
		out, style = s.Err, s.ErrStyle()
	}
	v := &demoView{
		style: style, started: d.started, seed: d.flags.seed, total: d.flags.messages,
		commands: demoCommands(selfCommand(os.Args[0]), d.stage, admin),
	}
	done := make(chan struct{})
	var showing sync.WaitGroup
	showing.Go(func() {
		if d.live {
			d.showLive(v, out, done)
		} else {
			d.showLines(v, out, done)
		}
	})
	return sync.OnceFunc(func() { close(done); showing.Wait() })
}

// frame is what there is to see now.
func (d *demoRun) frame(now time.Time) demoFrame {
	return demoFrame{
		now: now, Tally: d.board.Tally(), worker: d.process.worker.Snapshot(), produced: d.stage.Produced(),
	}
}
