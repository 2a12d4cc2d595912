package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/signal"
	"sync"
	"syscall"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/sluice-kafka/sluice/deadletter"
	"github.com/sluice-kafka/sluice/genesys"
	"github.com/sluice-kafka/sluice/internal/kafka"
	"github.com/sluice-kafka/sluice/schema"
	"github.com/sluice-kafka/sluice/worker"
)

// runWorker is the worker as `sluice run` wires it, without its admin server.
func runWorker(broker, api, group string, o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cluster, err := kafka.New(kafka.Config{Brokers: []string{broker}})
	if err != nil {
		return err
	}
	validator, err := schema.Compile(schema.Default(), schema.Options{})
	if err != nil {
		return err
	}
	client, err := genesys.New(genesys.Config{
		BaseURL: api, ClientID: "id", ClientSecret: genesys.NewSecret("secret"), ActionID: "action", Concurrency: o.concurrency,
	})
	if err != nil {
		return err
	}
	defer client.Close()
	deadLetters, err := deadletter.NewWriter(deadletter.WriterConfig{Topic: topic + ".dlq", Cluster: cluster})
	if err != nil {
		return err
	}
	w, err := worker.New(worker.Config{Topic: topic, Group: group, CreateTopics: true, Concurrency: o.concurrency},
		cluster, validator, client, deadLetters)
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// runFloor is the least that moves messages from Kafka to an API: fetch, POST, forget.
func runFloor(broker, api string, o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	client := &kafkago.Client{Addr: kafkago.TCP(broker), Transport: &kafkago.Transport{}}
	post := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: o.concurrency, MaxConnsPerHost: o.concurrency},
	}
	payloads := make(chan []byte, o.concurrency)
	var posting, fetching sync.WaitGroup
	for range o.concurrency {
		posting.Go(func() {
			for p := range payloads {
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, api+"/api/v2/processes/data-actions/action/invocations", bytes.NewReader(p))
				if err != nil {
					return
				}
				req.Header.Set("Authorization", "Bearer token")
				req.Header.Set("Content-Type", "application/json")
				res, err := post.Do(req)
				if err != nil {
					continue
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	}
	for partition := range o.partitions {
		fetching.Go(func() { fetchAll(ctx, client, partition, payloads) })
	}
	fetching.Wait()
	close(payloads)
	posting.Wait()
	return nil
}

func fetchAll(ctx context.Context, client *kafkago.Client, partition int, payloads chan<- []byte) {
	for offset := int64(0); ctx.Err() == nil; {
		res, err := client.Fetch(ctx, &kafkago.FetchRequest{
			Topic: topic, Partition: partition, Offset: offset, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 500 * time.Millisecond,
		})
		if err != nil || res.Error != nil {
			fmt.Println("fetch:", err)
			continue
		}
		for {
			rec, err := res.Records.ReadRecord()
			if err != nil {
				break
			}
			if rec.Offset < offset {
				continue
			}
			value, err := kafkago.ReadAll(rec.Value)
			if err != nil {
				return
			}
			offset = rec.Offset + 1
			select {
			case payloads <- value:
			case <-ctx.Done():
				return
			}
		}
	}
}
