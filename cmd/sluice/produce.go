package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"github.com/sluice-kafka/sluice/internal/config"
	"github.com/sluice-kafka/sluice/internal/kafka"
)

func (a *app) produceCmd() *cobra.Command {
	var key string
	var perSecond float64
	cmd := &cobra.Command{
		Use:   "produce FILE|-",
		Short: "Produce payloads to the source topic, one a line (NDJSON)",
		Long: `Produce payloads to the source topic, one a line (NDJSON). Lines are sent as they are, valid or
not: what becomes of invalid ones is the worker's to show. Blank lines are skipped.`,
		Example: `  sluice produce events.ndjson --key /contact/external_id
  generate-events | sluice produce - --rate 100`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.produce(cmd, args[0], key, perSecond) },
	}
	cmd.Flags().StringVar(&key, "key", "", "JSON `pointer` to the value that becomes the message's key; without it messages have none")
	cmd.Flags().Float64Var(&perSecond, "rate", 0, "messages a second; 0: as fast as the brokers take them")
	settings(cmd, "kafka.")
	return cmd
}

func (a *app) produce(cmd *cobra.Command, file, key string, perSecond float64) error {
	cfg, err := a.load(cmd, config.ForProduce)
	if err != nil {
		return err
	}
	if key != "" && !strings.HasPrefix(key, "/") {
		return usageError("--key: want a JSON pointer such as /contact/external_id (got %q)", key)
	}
	if perSecond < 0 {
		return usageError("--rate: must not be negative (got %v)", perSecond)
	}
	in, closeIn, err := a.open(file)
	if err != nil {
		return err
	}
	defer closeIn()
	cluster, err := newCluster(cfg)
	if err != nil {
		return err
	}
	defer cluster.Close()
	if err := firstContact(cmd.Context(), cluster, cfg.Kafka.Topic); err != nil {
		return err
	}
	if _, err := cluster.Partitions(cmd.Context(), cfg.Kafka.Topic); errors.Is(err, kafka.ErrNoTopic) {
		return &exitError{code: exitNotFound, err: err, try: "sluice topics ensure"}
	}
	p := newProducer(cluster, cfg.Kafka.Topic, key, perSecond)
	err = p.sendAll(cmd.Context(), in)
	fmt.Fprintf(a.streams.Err, "produced %d messages to %s%s\n", p.sent, cfg.Kafka.Topic, p.keyless())
	return err
}

// open returns a file or, for "-", standard input.
func (a *app) open(file string) (io.Reader, func(), error) {
	if file == "-" {
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

const (
	produceBatch   = 500
	produceMaxLine = 64 << 20
)

// producer sends lines as messages.
type producer struct {
	writer  *kafkago.Writer
	key     []string // reference tokens of the pointer; nil: no key
	limiter *rate.Limiter
	batch   []kafkago.Message
	size    int
	sent    int
	without int // sent without a key though one was asked for
}

func newProducer(cluster *kafka.Cluster, topic, pointer string, perSecond float64) *producer {
	p := &producer{writer: &kafkago.Writer{
		Addr: cluster.Addr(), Topic: topic, Transport: cluster.Transport(), RequiredAcks: kafkago.RequireAll,
		Balancer: kafkago.Murmur2Balancer{}, // Kafka's own: a key goes where every other producer puts it
		// WriteMessages is given whole batches and must not wait for more.
		BatchSize: produceBatch, BatchTimeout: time.Millisecond, BatchBytes: produceMaxLine,
	}}
	if pointer != "" {
		for token := range strings.SplitSeq(pointer[1:], "/") {
			p.key = append(p.key, unescapePointer.Replace(token))
		}
	}
	if perSecond > 0 {
		p.limiter = rate.NewLimiter(rate.Limit(perSecond), 1)
	}
	return p
}

func (p *producer) sendAll(ctx context.Context, in io.Reader) error {
	defer func() { _ = p.writer.Close() }()
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), produceMaxLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := p.add(ctx, bytes.Clone(line)); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read line %d: %w", n+1, err)
	}
	return p.flush(ctx)
}

func (p *producer) add(ctx context.Context, line []byte) error {
	m := kafkago.Message{Value: line}
	if p.key != nil {
		if m.Key = lookup(line, p.key); m.Key == nil {
			p.without++
		}
	}
	p.batch = append(p.batch, m)
	p.size += len(line)
	if p.limiter != nil {
		if err := p.limiter.Wait(ctx); err != nil {
			return err
		}
	}
	if p.limiter != nil || len(p.batch) == produceBatch || p.size > 1<<20 {
		return p.flush(ctx)
	}
	return nil
}

func (p *producer) flush(ctx context.Context) error {
	if len(p.batch) == 0 {
		return nil
	}
	err := p.writer.WriteMessages(ctx, p.batch...)
	var some kafkago.WriteErrors
	switch {
	case err == nil:
		p.sent += len(p.batch)
	case errors.As(err, &some):
		p.sent += len(p.batch) - some.Count()
	}
	p.batch, p.size = p.batch[:0], 0
	return err
}

// keyless tells of messages in which the key was not found.
func (p *producer) keyless() string {
	if p.without == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d without a key: nothing at the pointer)", p.without)
}

// lookup returns the value at a pointer as a key: a string's characters, any other scalar as written; nil
// where there is none.
func lookup(doc []byte, path []string) []byte {
	raw := json.RawMessage(doc)
	for _, token := range path {
		var object map[string]json.RawMessage
		var array []json.RawMessage
		switch {
		case json.Unmarshal(raw, &object) == nil:
			raw = object[token]
		case json.Unmarshal(raw, &array) == nil:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(array) {
				return nil
			}
			raw = array[i]
		default:
			return nil
		}
	}
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null" || raw[0] == '{' || raw[0] == '[':
		return nil
	case json.Unmarshal(raw, &text) == nil:
		return []byte(text)
	default:
		return raw
	}
}
