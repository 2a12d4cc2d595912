package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/spf13/cobra"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/kafka"
)

// produceOptions are the flags of `produce`.
type produceOptions struct {
	key     string // JSON pointer
	rate    float64
	headers []string // NAME=VALUE
}

func (a *app) produceCmd() *cobra.Command {
	var o produceOptions
	cmd := &cobra.Command{
		Use:   "produce FILE|-",
		Short: "Produce payloads to the source topic, one a line (NDJSON)",
		Long: `Produce payloads to the source topic, one a line (NDJSON). Lines are sent as they are, valid or
not, text or not: what becomes of invalid ones is the worker's to show, and sluice validate tells
beforehand. Blank lines are skipped. - is standard input, of which lines are sent as they come.

Every message is acknowledged by all in-sync replicas before the command ends. Where it fails or is
interrupted, it says up to which line the messages are in the topic, and of which nobody can tell.`,
		Example: `  sluice produce events.ndjson --key /contact/external_id
  generate-events | sluice produce - --rate 100
  sluice produce events.ndjson --header source=crm --header tenant=7`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.produce(cmd, args[0], o) },
	}
	cmd.Flags().StringVar(&o.key, "key", "", "JSON `pointer` to the value that becomes the message's key; without it messages have none")
	cmd.Flags().Float64Var(&o.rate, "rate", 0, "messages a second; 0: as fast as the brokers take them")
	cmd.Flags().StringArrayVar(&o.headers, "header", nil, "header of every message, `NAME=VALUE`; may be given several times")
	settings(cmd, "kafka.")
	return cmd
}

func (a *app) produce(cmd *cobra.Command, file string, o produceOptions) error {
	ctx := cmd.Context()
	cfg, err := a.load(cmd, config.ForProduce)
	if err != nil {
		return err
	}
	headers, err := o.check()
	if err != nil {
		return err
	}
	in, closeIn, err := a.openSoon(ctx, file)
	if err != nil {
		return err
	}
	defer closeIn()
	cluster, err := newCluster(cfg)
	if err != nil {
		return err
	}
	defer cluster.Close()
	topic := cfg.Kafka.Topic
	if err := firstContact(ctx, cluster, topic); err != nil {
		return err
	}
	if _, err := cluster.Partitions(ctx, topic); errors.Is(err, kafka.ErrNoTopic) {
		return &exitError{code: exitNotFound, err: err, try: "sluice topics ensure"}
	}
	limit, err := cluster.MaxMessageBytes(ctx, topic)
	if err != nil {
		limit = 0 // we may not ask: the brokers' answer to a message will tell
	}
	lines := newLines(interruptible(ctx, in), file, limit)
	if err := a.lookAt(lines); err != nil {
		return err
	}
	p := newProducer(cluster, topic, limit, headers, o)
	p.abort, p.progress, p.total = a.abort, a.streams.NewProgress("producing to "+topic), sizeOf(in)
	err = p.sendAll(ctx, lines)
	p.progress.End()
	a.tellProduced(p, lines, err)
	return err
}

// check reads the flags.
func (o produceOptions) check() ([]kafkago.Header, error) {
	if o.key != "" && !strings.HasPrefix(o.key, "/") {
		return nil, usageError("--key: want a JSON pointer such as /contact/external_id (got %q)", o.key)
	}
	if o.rate < 0 {
		return nil, usageError("--rate: must not be negative (got %v)", o.rate)
	}
	headers := make([]kafkago.Header, 0, len(o.headers))
	for _, text := range o.headers {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, usageError("--header: want NAME=VALUE, such as source=crm (got %q)", text)
		}
		headers = append(headers, kafkago.Header{Key: name, Value: []byte(value)})
	}
	return headers, nil
}

// lookAt looks at the beginning of the input, before anything is sent, for what is surely not meant.
func (a *app) lookAt(l *lines) error {
	switch start := l.start(); {
	case isUTF16(start):
		return &exitError{
			code: exitUsage, err: fmt.Errorf("%s is UTF-16, and payloads have to be UTF-8: nothing was sent", l.name),
			try: fmt.Sprintf("iconv -f UTF-16 -t UTF-8 %s | sluice produce -", l.file()),
		}
	case opensDocument(start, '{'):
		return l.notLines("a JSON document", ".")
	case opensDocument(start, '['):
		return l.notLines("a JSON array", "'.[]'")
	case strings.HasPrefix(string(start), byteOrderMark):
		fmt.Fprintf(a.streams.Err, "%s %s begins with a byte-order mark, which becomes part of the first message and makes it invalid: save the file as UTF-8 without it\n",
			a.streams.ErrStyle().Yellow("Warning:"), l.name)
	}
	return nil
}

// notLines is the error for input of which every line would become a message, and none is meant to.
func (l *lines) notLines(what, filter string) error {
	return &exitError{
		code: exitUsage,
		err:  fmt.Errorf("%s is %s over several lines, and every line would become a message: nothing was sent", l.name, what),
		try:  fmt.Sprintf("jq -c %s %s | sluice produce -", filter, l.file()),
	}
}

// tellProduced says what is in the topic, and how far the input was read.
func (a *app) tellProduced(p *producer, l *lines, err error) {
	if err == nil && p.sent == 0 {
		fmt.Fprintf(a.streams.Err, "%s %s holds nothing to send\n", a.streams.ErrStyle().Yellow("Warning:"), l.name)
	}
	text := fmt.Sprintf("produced %s to %s%s", plural(int64(p.sent), "message"), p.topic, p.keyless())
	if errors.Is(err, context.Canceled) {
		text = "interrupted: " + text
		if p.sent > 0 {
			text += fmt.Sprintf(", all acknowledged; the last one is line %s of %s", grouped(int64(p.lastLine)), l.name)
		}
		if p.unsure != nil {
			text += fmt.Sprintf("; %s %s %s", ranges(p.unsure), isAre(p.unsure), maybeThere)
		}
	}
	fmt.Fprintln(a.streams.Err, text)
}

// openSoon opens a file as open does, and gives up when ctx ends: a named pipe opens only when somebody writes
// to it. The goroutine in it then stays behind until the process ends.
func (a *app) openSoon(ctx context.Context, file string) (io.Reader, func(), error) {
	type opened struct {
		in    io.Reader
		close func()
		err   error
	}
	done := make(chan opened, 1)
	go func() {
		in, closeIn, err := a.open(file)
		done <- opened{in, closeIn, err}
	}()
	select {
	case o := <-done:
		return o.in, o.close, o.err
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
}

// open returns a file or, for "-", standard input.
func (a *app) open(file string) (io.Reader, func(), error) {
	if file == stdinName {
		return a.streams.In, func() {}, nil
	}
	f, err := os.Open(file) //nolint:gosec // the file that was asked for
	if err != nil {
		return nil, nil, &exitError{code: exitUsage, err: err}
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		_ = f.Close()
		return nil, nil, usageError("%s is a directory: name a file, or - for standard input", file)
	}
	return f, func() { _ = f.Close() }, nil
}

// sizeOf returns how many bytes a file has; 0 where nobody knows, as of a pipe.
func sizeOf(in io.Reader) int64 {
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return info.Size()
		}
	}
	return 0
}
